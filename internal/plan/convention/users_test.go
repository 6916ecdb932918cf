package convention

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
)

func TestUsers(t *testing.T) {
	o := valid()
	o.Fleets = append(o.Fleets, fleet("second", 9))
	o.ShopSets[1].DeletionTimestamp = &metav1.Time{}
	o.FailureDomains = append(o.FailureDomains, domain("self", "self"))
	o.ShopClasses = append(o.ShopClasses, class("unused", func(s *v1alpha1.ShopClassSpec) { s.Tier = "test" }), class("going"))
	o.Tiers = append(o.Tiers, tier("test", 2, 20))
	o.Shops = append(o.Shops, shop("pinned", func(s *v1alpha1.ShopSpec) { s.Pin, s.Avoid = []string{"a-1"}, []string{"b", "a-2"} }),
		shop("choosy", func(s *v1alpha1.ShopSpec) { s.Pin = []string{"a-1", "a-2"} }), shop("leaving", func(s *v1alpha1.ShopSpec) { s.Class = "going" }))
	o.Shops[4].DeletionTimestamp = &metav1.Time{}
	both := []string{"ShopSet a-1", "ShopSet a-2 (being deleted)"}
	tests := map[string]struct {
		kind, name string
		want       []string
	}{
		"a Tier with ShopSets":                            {KindTier, "dev", append([]string{"ShopClass going", "ShopClass standard"}, both...)},
		"a Tier with nothing but a class":                 {KindTier, "test", []string{"ShopClass unused"}},
		"a class with shops":                              {KindShopClass, "standard", []string{"Shop choosy", "Shop pinned", "Shop tea", "Shop wine"}},
		"a class without":                                 {KindShopClass, "unused", nil},
		"a class whose only shop is being deleted":        {KindShopClass, "going", nil},
		"a ShopSet that a shop is pinned to":              {KindShopSet, "a-1", []string{"Shop pinned"}},
		"a ShopSet that a shop avoids, or can do without": {KindShopSet, "a-2", nil},
		"a Tier without":                                  {KindTier, "prod", nil},
		"a Configuration":                                 {KindConfiguration, "staging", both},
		"a cluster with ShopSets":                         {KindWorkloadCluster, "a", both},
		"a cluster without":                               {KindWorkloadCluster, "b", nil},
		"a domain with clusters":                          {KindFailureDomain, "site-a", []string{"WorkloadCluster a", "WorkloadCluster b"}},
		"a domain with a domain below it":                 {KindFailureDomain, "earth", []string{"FailureDomain site-a"}},
		"a domain that names itself only":                 {KindFailureDomain, "self", nil},
		"the Fleet that rules the namespace":              {KindFleet, "shop", both},
		"a second Fleet is in nobody's way":               {KindFleet, "second", nil},
		"a cluster that a shop avoids":                    {KindWorkloadCluster, "b", nil},
		"a Promotion keeps no Tier from going":            {KindTier, "prod", nil},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Users(o, c.kind, c.name)); diff != "" {
				t.Errorf("users (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFleetFindings(t *testing.T) {
	elsewhere := func(f v1alpha1.Fleet) v1alpha1.Fleet { f.Namespace = "books"; return f }
	there := func(s v1alpha1.ShopSet) v1alpha1.ShopSet { s.Namespace = "books"; return s }
	prefix := func(p string) func(*v1alpha1.FleetSpec) { return func(s *v1alpha1.FleetSpec) { s.NamePrefix = p } }
	system := func(url string) func(*v1alpha1.FleetSpec) { return func(s *v1alpha1.FleetSpec) { s.System.URL = url } }
	tests := map[string]struct {
		fleets   []v1alpha1.Fleet
		shopSets []v1alpha1.ShopSet
		want     []string
	}{
		"fleets with prefixes of their own": {
			fleets:   []v1alpha1.Fleet{fleet("shop", 0), elsewhere(fleet("books", 1, prefix("books-")))},
			shopSets: []v1alpha1.ShopSet{shopSet("a-1", 0), there(shopSet("a-1", 1))},
		},
		"the same names in one Argo CD": {
			fleets: []v1alpha1.Fleet{elsewhere(fleet("books", 1)), fleet("shop", 0)},
			want: []string{`FleetClash | Fleet books: spec.namePrefix: the older Fleet shop/shop has the same namePrefix "" in the same Argo CD namespace argocd, ` +
				`so their Applications would have the same names; create this Fleet with a namePrefix of its own`},
		},
		"the same names in two Argo CDs": {
			fleets: []v1alpha1.Fleet{fleet("shop", 0), elsewhere(fleet("books", 1, func(s *v1alpha1.FleetSpec) { s.ArgoCD.Namespace = "gitops" }))},
		},
		"one system repository, spelled in two ways": {
			fleets: []v1alpha1.Fleet{fleet("shop", 0), elsewhere(fleet("books", 1, prefix("b-"), system("https://git.example/shop-system/")))},
			want: []string{`FleetClash | Fleet books: spec.system.url: the older Fleet shop/shop writes the same system repository; ` +
				`give this Fleet a system repository of its own`},
		},
		"prefixes that differ and names that meet": {
			fleets:   []v1alpha1.Fleet{fleet("shop", 0, prefix("a-")), elsewhere(fleet("books", 1, prefix("a-b-")))},
			shopSets: []v1alpha1.ShopSet{there(shopSet("1", 5)), shopSet("b-1", 2), {ObjectMeta: metav1.ObjectMeta{Namespace: "none", Name: "b-1"}}},
			want: []string{`FleetClash | ShopSet 1: metadata.name: its Application argocd/a-b-1 belongs to the older ShopSet shop/b-1 of another fleet; ` +
				`create the ShopSet under another name`},
		},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range FleetFindings(c.fleets, c.shopSets) {
				got = append(got, string(f.Code)+" | "+f.Message)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}
