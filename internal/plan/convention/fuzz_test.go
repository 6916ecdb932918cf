package convention

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/api/v1alpha1"
)

// FuzzFindings builds fleets whose objects refer to each other at random, and holds Findings
// to two promises: it never panics, and the order of its input does not matter.
func FuzzFindings(f *testing.F) {
	f.Add(uint64(1), "kind: Secret\ndata: {a: b}\n", "DB_PASSWORD", "hunter2")
	f.Add(uint64(2), "- {op: add, path: /data/x, value: {a: [1]}}\n", "app.yaml", "a: b\nc=d\n")
	f.Add(uint64(3), "&a [*a]", "", "\n")
	f.Add(uint64(4), "---\n---\n{}\n", "\xff", "\x00=\x00")
	f.Fuzz(func(t *testing.T, seed uint64, patch, key, value string) {
		o := random(rand.New(rand.NewPCG(seed, 0)), patch, key, value)
		want := Findings(o)
		shuffled := reversed(o)
		if diff := cmp.Diff(want, Findings(shuffled)); diff != "" {
			t.Errorf("findings depend on the order of the input:\n%s", diff)
		}
		if diff := cmp.Diff(FleetFindings(o.Fleets, o.ShopSets), FleetFindings(shuffled.Fleets, shuffled.ShopSets)); diff != "" {
			t.Errorf("fleet findings depend on the order of the input:\n%s", diff)
		}
		for _, kind := range []string{KindFleet, KindTier, KindConfiguration, KindFailureDomain, KindWorkloadCluster,
			KindShopClass, KindShopSet} {
			if diff := cmp.Diff(Users(o, kind, "n-1"), Users(shuffled, kind, "n-1")); diff != "" {
				t.Errorf("users of a %s depend on the order of the input:\n%s", kind, diff)
			}
		}
	})
}

func random(r *rand.Rand, patch, key, value string) Objects {
	pick := func() string { return fmt.Sprintf("n-%d", r.IntN(6)) }
	var o Objects
	for i := range r.IntN(6) {
		name := fmt.Sprintf("n-%d", i)
		o.Fleets = append(o.Fleets, fleet(name, r.IntN(2), func(s *v1alpha1.FleetSpec) {
			s.Apps.Namespaces = []v1alpha1.NamespacePolicy{v1alpha1.NamespaceKeep, v1alpha1.NamespacePerShopSet}[r.IntN(2)]
			s.NamespaceLabels = map[string]string{key: value, "a b": "c"}
		}))
		o.Tiers = append(o.Tiers, tier(name, r.IntN(2), r.Int32N(3)))
		o.FailureDomains = append(o.FailureDomains, domain(name, pick()))
		o.WorkloadClusters = append(o.WorkloadClusters, cluster(name, r.IntN(2), pick()))
		o.ShopSets = append(o.ShopSets, shopSet(name, r.IntN(2), func(s *v1alpha1.ShopSetSpec) {
			s.Tier, s.Configuration, s.Cluster, s.Namespace = pick(), pick(), pick(), pick()
		}))
		o.Promotions = append(o.Promotions, promotion(name, pick(), ""))
		o.ShopClasses = append(o.ShopClasses, class(name, func(s *v1alpha1.ShopClassSpec) {
			s.Tier, s.Domains = pick(), r.Int32N(4)
			s.Spread = []v1alpha1.Spread{{Level: "site"}, {Level: pick(), Mode: v1alpha1.SpreadPreferred}}[r.IntN(3)%2:]
		}))
		o.Shops = append(o.Shops, shop(name, func(s *v1alpha1.ShopSpec) {
			s.Class, s.Pin, s.Avoid, s.Hosts = pick(), []string{pick()}, []string{pick(), pick()}, []string{key, value, "A.example"}
		}))
		o.ClusterMaintenances = append(o.ClusterMaintenances, maintenance(name, r.IntN(2), pick(), ""))
		o.Configurations = append(o.Configurations, v1alpha1.Configuration{ObjectMeta: meta(name, 0), Spec: v1alpha1.ConfigurationSpec{
			Patches:   []v1alpha1.Patch{{Patch: patch}, {Patch: patch, Target: &v1alpha1.PatchTarget{Kind: "ConfigMap"}}},
			Literals:  []v1alpha1.Literals{{ConfigMap: "c", Values: map[string]string{key: value, "x": key}}},
			SecretEnv: []v1alpha1.SecretEnv{{Env: key}, {Env: value}},
		}})
	}
	return o
}

func reversed(o Objects) Objects {
	o = o.byAge()
	slices.Reverse(o.Fleets)
	slices.Reverse(o.Tiers)
	slices.Reverse(o.Configurations)
	slices.Reverse(o.FailureDomains)
	slices.Reverse(o.WorkloadClusters)
	slices.Reverse(o.ShopSets)
	slices.Reverse(o.Promotions)
	slices.Reverse(o.ShopClasses)
	slices.Reverse(o.ClusterMaintenances)
	o.Shops = slices.Clone(o.Shops)
	slices.Reverse(o.Shops)
	return o
}
