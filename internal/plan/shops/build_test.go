package shops

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/placement"
	"shopset.dev/shopset/internal/plan/routes"
)

// meta names an object that was created so many seconds after the first.
func meta(name string, age int) metav1.ObjectMeta {
	at := time.Date(2026, 1, 1, 0, 0, age, 0, time.UTC)
	return metav1.ObjectMeta{Namespace: "shop", Name: name, CreationTimestamp: metav1.NewTime(at)}
}

func shop(name string, age int, hosts ...string) v1alpha1.Shop {
	if len(hosts) == 0 {
		hosts = []string{name + ".shop.example"}
	}
	return v1alpha1.Shop{ObjectMeta: meta(name, age), Spec: v1alpha1.ShopSpec{Hosts: hosts, Class: "standard"}}
}

func class(name string, change ...func(*v1alpha1.ShopClassSpec)) v1alpha1.ShopClass {
	c := v1alpha1.ShopClass{ObjectMeta: meta(name, 0), Spec: v1alpha1.ShopClassSpec{
		Tier: "prod", Domains: 2, Weight: quantity("100m"), Buckets: 4,
	}}
	for _, f := range change {
		f(&c.Spec)
	}
	return c
}

func quantity(text string) *resource.Quantity {
	q := resource.MustParse(text)
	return &q
}

// fleet is three clusters on three sites, with two ShopSets each, and the shops given.
func fleet(shops ...v1alpha1.Shop) convention.Objects {
	o := convention.Objects{
		Fleets:         []v1alpha1.Fleet{{ObjectMeta: meta("shop", 0)}},
		Tiers:          []v1alpha1.Tier{{ObjectMeta: meta("prod", 0)}},
		FailureDomains: []v1alpha1.FailureDomain{{ObjectMeta: meta("earth", 0), Spec: v1alpha1.FailureDomainSpec{Level: "planet"}}},
		ShopClasses:    []v1alpha1.ShopClass{class("standard"), class("single", func(c *v1alpha1.ShopClassSpec) { c.Domains = 1 })},
		Shops:          slices.Clone(shops),
	}
	for _, c := range []string{"a", "b", "c"} {
		o.FailureDomains = append(o.FailureDomains, v1alpha1.FailureDomain{
			ObjectMeta: meta("site-"+c, 0), Spec: v1alpha1.FailureDomainSpec{Level: "site", Parent: "earth"}})
		o.WorkloadClusters = append(o.WorkloadClusters, v1alpha1.WorkloadCluster{
			ObjectMeta: meta(c, 0), Spec: v1alpha1.WorkloadClusterSpec{FailureDomain: "site-" + c}})
		for i := range 2 {
			o.ShopSets = append(o.ShopSets, v1alpha1.ShopSet{ObjectMeta: meta(fmt.Sprintf("%s-%d", c, i+1), 0),
				Spec: v1alpha1.ShopSetSpec{Tier: "prod", Configuration: "prod", Cluster: c}})
		}
	}
	return o
}

// serve resolves, plans and makes the table, as the controller does.
func serve(o convention.Objects, today routes.Table) (routes.Table, Resolved) {
	r := Resolve(o, today)
	plan := placement.Make(PlacementInput(o, r, World{Today: today}))
	return Table(o, r, plan.Placements, map[string][]string{"a-1": {"10.0.0.1:80"}}, today), r
}

// held gives host → shop.
func held(t routes.Table) map[string]string {
	out := make(map[string]string, len(t.Hosts))
	for _, h := range t.Hosts {
		out[h.Name] = h.Shop
	}
	return out
}
