package convention

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/api/v1alpha1"
)

func classCases() map[string]findingCase {
	asks := func(domains int32, spread ...v1alpha1.Spread) func(*Objects) {
		return func(o *Objects) {
			o.ShopClasses = append(o.ShopClasses, class("new", func(s *v1alpha1.ShopClassSpec) { s.Domains, s.Spread = domains, spread }))
		}
	}
	preferred := func(level string) v1alpha1.Spread {
		return v1alpha1.Spread{Level: level, Mode: v1alpha1.SpreadPreferred}
	}
	required := func(level string) v1alpha1.Spread {
		return v1alpha1.Spread{Level: level, Mode: v1alpha1.SpreadRequired}
	}
	const help = "; ask for fewer, let spec.spread prefer the level instead of requiring it, or add what is missing"
	return map[string]findingCase{
		"a class of a Tier that does not exist": {
			change: func(o *Objects) { o.ShopClasses[0].Spec.Tier = "prdo" },
			want:   []string{`MissingReference | ShopClass standard: spec.tier: there is no Tier "prdo"; create the Tier or name one that exists: dev, prod`},
		},
		"a class asks for as many clusters as there are": {change: asks(2)},
		"a class asks for more": {change: asks(3),
			want: []string{"TooFewDomains | ShopClass new: spec.domains: it asks for 3 domains, and of WorkloadClusters there are only 2" + help}},
		"a class asks for more sites than there are": {change: asks(3, required("site")),
			want: []string{"TooFewDomains | ShopClass new: spec.domains: it asks for 3 domains, and of FailureDomains of level site there are only 2" + help}},
		"a class would like more sites than there are": {change: asks(2, preferred("site"))},
		"a mode that is missing means required": {change: asks(3, v1alpha1.Spread{Level: "site"}),
			want: []string{"TooFewDomains | ShopClass new: spec.domains: it asks for 3 domains, and of FailureDomains of level site there are only 2" + help}},
		"clusters are a level without any FailureDomains": {change: asks(2, required("cluster"))},
		"a level that nobody has": {change: asks(1, preferred("galaxy")),
			want: []string{`UnknownLevel | ShopClass new: spec.spread[0].level: no FailureDomain has level "galaxy"; name a level that exists: cluster, site`}},
		"a level where there is none at all": {
			change: func(o *Objects) {
				o.FailureDomains, o.WorkloadClusters, o.ShopSets = nil, nil, nil
				o.ShopClasses[0].Spec.Spread = []v1alpha1.Spread{required("site")}
			},
			want: []string{`UnknownLevel | ShopClass standard: spec.spread[0].level: no FailureDomain has level "site"; name a level that exists: there is none yet`},
		},
		"capacities of nothing": {
			change: func(o *Objects) {
				o.ShopSets[0].Spec.Capacity, o.WorkloadClusters[1].Spec.Capacity = new(int32), new(int32)
			},
			want: []string{
				"NoCapacity | ShopSet a-1: spec.capacity: a capacity of 0 takes no shop; set the requests per second that it can take, or leave the field out",
				"NoCapacity | WorkloadCluster b: spec.capacity: a capacity of 0 takes no shop; set the requests per second that it can take, or leave the field out",
			},
		},
	}
}

func shopCases() map[string]findingCase {
	with := func(change func(*v1alpha1.ShopSpec)) func(*Objects) {
		return func(o *Objects) { o.Shops = append(o.Shops, shop("new", change)) }
	}
	return map[string]findingCase{
		"a shop of a class that does not exist": {
			change: with(func(s *v1alpha1.ShopSpec) { s.Class = "gold" }),
			want: []string{`MissingReference | Shop new: spec.class: there is no ShopClass "gold"; ` +
				`create the ShopClass or name one that exists: standard`},
		},
		"a shop without a class": {
			change: with(func(s *v1alpha1.ShopSpec) { s.Class = "" }),
			want: []string{`MissingReference | Shop new: spec.class: there is no ShopClass ""; ` +
				`create the ShopClass or name one that exists: standard`},
		},
		"a shop pinned to what does not exist": {
			change: with(func(s *v1alpha1.ShopSpec) { s.Pin = []string{"a-1", "z-1"} }),
			want: []string{`MissingReference | Shop new: spec.pin[1]: there is no ShopSet "z-1"; ` +
				`create the ShopSet or name one that exists: a-1, a-2`},
		},
		"a shop pinned to a ShopSet of another Tier": {
			change: func(o *Objects) {
				o.ShopSets[1].Spec.Tier = "prod"
				with(func(s *v1alpha1.ShopSpec) { s.Pin = []string{"a-2"} })(o)
			},
			want: []string{"WrongTier | Shop new: spec.pin[0]: ShopSet a-2 is of Tier prod, and shops of ShopClass standard are served by Tier dev; " +
				"name a ShopSet of Tier dev, or give the shop a class of Tier prod"},
		},
		"a shop avoids a ShopSet, a cluster and a domain": {
			change: with(func(s *v1alpha1.ShopSpec) { s.Avoid = []string{"a-1", "b", "earth"} }),
		},
		"a shop avoids what does not exist": {
			change: with(func(s *v1alpha1.ShopSpec) { s.Avoid = []string{"b", "mars"} }),
			want:   []string{`MissingReference | Shop new: spec.avoid[1]: there is no ShopSet, WorkloadCluster or FailureDomain "mars"; correct or remove it`},
		},
		"a shop with a host that is none": {
			change: with(func(s *v1alpha1.ShopSpec) { s.Hosts = []string{"ok.example", "not ok.example"} }),
			want:   []string{`InvalidHost | Shop new: spec.hosts[1]: host "not ok.example": ' ' is not allowed in a host name; correct or remove it`},
		},
		"two shops of one host are told apart elsewhere": {
			change: with(func(s *v1alpha1.ShopSpec) { s.Hosts = []string{"tea.example"} }),
		},
	}
}

func maintenanceCases() map[string]findingCase {
	return map[string]findingCase{
		"one maintenance of each cluster": {
			change: func(o *Objects) {
				o.ClusterMaintenances = []v1alpha1.ClusterMaintenance{maintenance("m-1", 0, "a", ""), maintenance("m-2", 1, "b", "")}
			},
		},
		"a maintenance of a cluster that does not exist": {
			change: func(o *Objects) {
				o.ClusterMaintenances = []v1alpha1.ClusterMaintenance{maintenance("m-1", 0, "z", "")}
			},
			want: []string{`MissingReference | ClusterMaintenance m-1: spec.cluster: there is no WorkloadCluster "z"; ` +
				`create the WorkloadCluster or name one that exists: a, b`},
		},
		"a record outlives its cluster": {
			change: func(o *Objects) {
				o.ClusterMaintenances = []v1alpha1.ClusterMaintenance{maintenance("m-1", 0, "z", v1alpha1.MaintenanceCompleted)}
			},
		},
		"two at once for one cluster": {
			change: func(o *Objects) {
				o.ClusterMaintenances = []v1alpha1.ClusterMaintenance{
					maintenance("m-2", 2, "a", ""), maintenance("m-1", 1, "a", v1alpha1.MaintenanceDrained), maintenance("m-0", 0, "a", v1alpha1.MaintenanceAborted),
				}
			},
			want: []string{"SecondMaintenance | ClusterMaintenance m-2: spec.cluster: the older ClusterMaintenance m-1 of cluster a is not finished; " +
				"use that one, or let it end first: set its spec.goal to Return or Abort"},
		},
	}
}

func TestHosts(t *testing.T) {
	s := shop("tea", func(s *v1alpha1.ShopSpec) {
		s.Hosts = []string{"B.example", "a.example.", "b.example", "*.example", "Bücher.example"}
	})
	hosts, found := Hosts(&s)
	if diff := cmp.Diff([]string{"b.example", "a.example", "xn--bcher-kva.example"}, hosts); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
	if len(found) != 1 || found[0].Field != "spec.hosts[3]" {
		t.Errorf("findings %+v", found)
	}
	taken := HostTaken(&s, "xn--bcher-kva.example", "books", "which is older")
	const want = "Shop tea: spec.hosts[4]: host xn--bcher-kva.example belongs to Shop books, which is older; remove it here, or there first"
	if taken.Message != want {
		t.Errorf("got  %s\nwant %s", taken.Message, want)
	}
}
