package convention

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/api/v1alpha1"
)

type findingCase struct {
	change func(*Objects)
	want   []string
}

func TestFindings(t *testing.T) {
	for _, cases := range []map[string]findingCase{
		fleetCases(), ladderCases(), domainCases(), namespaceCases(), classCases(), shopCases(), maintenanceCases(),
	} {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				o := valid()
				c.change(&o)
				var got []string
				for _, f := range Findings(o) {
					got = append(got, string(f.Code)+" | "+f.Message)
					if !strings.HasPrefix(f.Message, f.Kind+" "+f.Name+": "+f.Field+": ") || !strings.Contains(f.Message, "; ") {
						t.Errorf("the message names object, field and next step: %q", f.Message)
					}
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("findings (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func fleetCases() map[string]findingCase {
	return map[string]findingCase{
		"a fleet in order has no findings": {change: func(*Objects) {}},
		"the older of two Fleets wins, whatever the order": {
			change: func(o *Objects) { o.Fleets = []v1alpha1.Fleet{fleet("another", 9), fleet("shop", 0)} },
			want: []string{"SecondFleet | Fleet another: metadata.namespace: the namespace already holds the older Fleet shop, " +
				"and one namespace is one fleet; delete this Fleet, or create it in a namespace of its own"},
		},
		"two Fleets of one second are told apart by name": {
			change: func(o *Objects) { o.Fleets = append(o.Fleets, fleet("another", 0)) },
			want: []string{"SecondFleet | Fleet shop: metadata.namespace: the namespace already holds the older Fleet another, " +
				"and one namespace is one fleet; delete this Fleet, or create it in a namespace of its own"},
		},
		"a namespace label must be one": {
			change: func(o *Objects) {
				o.Fleets[0].Spec.NamespaceLabels = map[string]string{"team": "shop", "cost center": "7"}
			},
			want: []string{"InvalidLabel | Fleet shop: spec.namespaceLabels[cost center]: not a label that a namespace can carry: " +
				"name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
				"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'); " +
				"correct or remove it"},
		},
	}
}

func ladderCases() map[string]findingCase {
	return map[string]findingCase{
		"a level belongs to the older Tier": {
			change: func(o *Objects) { o.Tiers = append(o.Tiers, tier("beta", 7, 10)) },
			want: []string{"DuplicateLevel | Tier beta: spec.level: level 10 belongs to the older Tier prod; " +
				"delete this Tier and create it with a level of its own"},
		},
		"a ShopSet names what exists": {
			change: func(o *Objects) {
				o.ShopSets[0].Spec = v1alpha1.ShopSetSpec{Tier: "prdo", Configuration: "prod", Cluster: "c"}
			},
			want: []string{
				"MissingReference | ShopSet a-1: spec.cluster: there is no WorkloadCluster \"c\"; create the WorkloadCluster or name one that exists: a, b",
				"MissingReference | ShopSet a-1: spec.configuration: there is no Configuration \"prod\"; create the Configuration or name one that exists: staging",
				"MissingReference | ShopSet a-1: spec.tier: there is no Tier \"prdo\"; create the Tier or name one that exists: dev, prod",
			},
		},
		"nothing to name instead": {
			change: func(o *Objects) { o.Configurations = nil; o.ShopSets = o.ShopSets[:1] },
			want:   []string{"MissingReference | ShopSet a-1: spec.configuration: there is no Configuration \"staging\"; create the Configuration"},
		},
		"a Promotion that waits needs its Tier, a finished one does not": {
			change: func(o *Objects) {
				o.Promotions = []v1alpha1.Promotion{
					promotion("waits", "gone", v1alpha1.PromotionPending), promotion("live", "gone", v1alpha1.PromotionLive),
					promotion("done", "gone", v1alpha1.PromotionProven), promotion("refused", "gone", v1alpha1.PromotionRefused),
					promotion("failed", "gone", v1alpha1.PromotionFailed), promotion("old", "gone", v1alpha1.PromotionSuperseded),
				}
			},
			want: []string{
				"MissingReference | Promotion live: spec.tier: there is no Tier \"gone\"; create the Tier or name one that exists: dev, prod",
				"MissingReference | Promotion waits: spec.tier: there is no Tier \"gone\"; create the Tier or name one that exists: dev, prod",
			},
		},
	}
}

func domainCases() map[string]findingCase {
	return map[string]findingCase{
		"a cluster is in a domain that exists": {
			change: func(o *Objects) { o.WorkloadClusters[1].Spec.FailureDomain = "mars" },
			want: []string{"MissingReference | WorkloadCluster b: spec.failureDomain: there is no FailureDomain \"mars\"; " +
				"create the FailureDomain or name one that exists: earth, site-a"},
		},
		"a parent exists, and the domain itself is no suggestion": {
			change: func(o *Objects) { o.FailureDomains[1].Spec.Parent = "mars" },
			want: []string{"MissingReference | FailureDomain site-a: spec.parent: there is no FailureDomain \"mars\"; " +
				"create the FailureDomain or name one that exists: earth"},
		},
		"a cycle is named in full by each member, and by nobody who leads into it": {
			change: func(o *Objects) {
				o.FailureDomains = append(o.FailureDomains, domain("x", "y"), domain("y", "z"), domain("z", "x"), domain("into", "x"))
			},
			want: []string{
				"ParentCycle | FailureDomain x: spec.parent: its parents lead back to it: x → y → z → x; set spec.parent of one of them to a domain outside the cycle, or to nothing",
				"ParentCycle | FailureDomain y: spec.parent: its parents lead back to it: y → z → x → y; set spec.parent of one of them to a domain outside the cycle, or to nothing",
				"ParentCycle | FailureDomain z: spec.parent: its parents lead back to it: z → x → y → z; set spec.parent of one of them to a domain outside the cycle, or to nothing",
			},
		},
		"a domain that is its own parent": {
			change: func(o *Objects) { o.FailureDomains = append(o.FailureDomains, domain("x", "x")) },
			want:   []string{"ParentCycle | FailureDomain x: spec.parent: its parents lead back to it: x → x; set spec.parent of one of them to a domain outside the cycle, or to nothing"},
		},
		"one cluster of Argo CD is one WorkloadCluster": {
			change: func(o *Objects) {
				o.WorkloadClusters = append(o.WorkloadClusters, cluster("c", 5, "a"), cluster("in-cluster", 3, ""), cluster("d", 6, "in-cluster"))
			},
			want: []string{
				"DuplicateArgoCDCluster | WorkloadCluster c: spec.argocdCluster: Argo CD's cluster \"a\" is already the older WorkloadCluster a; set spec.argocdCluster to this cluster's own name in Argo CD, or use that WorkloadCluster",
				"DuplicateArgoCDCluster | WorkloadCluster d: spec.argocdCluster: Argo CD's cluster \"in-cluster\" is already the older WorkloadCluster in-cluster; set spec.argocdCluster to this cluster's own name in Argo CD, or use that WorkloadCluster",
			},
		},
	}
}

func namespaceCases() map[string]findingCase {
	in := func(namespace string) func(*v1alpha1.ShopSetSpec) {
		return func(s *v1alpha1.ShopSetSpec) { s.Namespace = namespace }
	}
	on := func(cluster string) func(*v1alpha1.ShopSetSpec) {
		return func(s *v1alpha1.ShopSetSpec) { s.Cluster = cluster }
	}
	return map[string]findingCase{
		"a namespace is one ShopSet's on a cluster, with the prefix in mind": {
			change: func(o *Objects) {
				o.Fleets[0].Spec.NamePrefix = "eu-"
				o.ShopSets = append(o.ShopSets, shopSet("third", 5, in("eu-a-1")), shopSet("fourth", 6, in("eu-a-1"), on("b")))
			},
			want: []string{"NamespaceTaken | ShopSet third: spec.namespace: namespace eu-a-1 on cluster a belongs to the older ShopSet a-1; " +
				"create the ShopSet under another name, with another spec.namespace or on another cluster"},
		},
		"a namespace of the system is nobody's": {
			change: func(o *Objects) {
				o.Fleets[0].Spec.ArgoCD.Namespace = "gitops"
				o.ShopSets = []v1alpha1.ShopSet{shopSet("default", 0), shopSet("s", 1, in("kube-system")), shopSet("t", 2, in("gitops")),
					shopSet("u", 3, in("argocd")), shopSet("v", 4, in("shopset-system")), shopSet("w", 5, in("kubernetes"))}
			},
			want: []string{
				"NamespaceInvalid | ShopSet default: metadata.name: namespace default belongs to the system; create the ShopSet with another name or another spec.namespace",
				"NamespaceInvalid | ShopSet s: spec.namespace: namespace kube-system belongs to the system; create the ShopSet with another name or another spec.namespace",
				"NamespaceInvalid | ShopSet t: spec.namespace: namespace gitops belongs to the system; create the ShopSet with another name or another spec.namespace",
				"NamespaceInvalid | ShopSet u: spec.namespace: namespace argocd belongs to the system; create the ShopSet with another name or another spec.namespace",
				"NamespaceInvalid | ShopSet v: spec.namespace: namespace shopset-system belongs to the system; create the ShopSet with another name or another spec.namespace",
			},
		},
		"a namespace has 63 characters at most": {
			change: func(o *Objects) {
				o.Fleets[0].Spec.NamePrefix = strings.Repeat("p", 20)
				o.ShopSets = []v1alpha1.ShopSet{shopSet(strings.Repeat("n", 43), 0), shopSet(strings.Repeat("m", 44), 1)}
			},
			want: []string{"NamespaceInvalid | ShopSet " + strings.Repeat("m", 44) + ": metadata.name: namespace " +
				strings.Repeat("p", 20) + strings.Repeat("m", 44) + " has 64 characters, and 63 are allowed; " +
				"create the ShopSet with a shorter name or a spec.namespace"},
		},
		"apps that keep their namespaces fit once on a cluster": {
			change: func(o *Objects) {
				o.Fleets[0].Spec.Apps.Namespaces = v1alpha1.NamespaceKeep
				o.ShopSets = append(o.ShopSets, shopSet("b-1", 5, on("b")))
			},
			want: []string{"ClusterTaken | ShopSet a-2: spec.cluster: Fleet shop keeps the namespaces of its apps (spec.apps.namespaces: Keep), " +
				"so they fit once on cluster a, and ShopSet a-1 is there; create the ShopSet on another cluster, or let the Fleet use PerShopSet"},
		},
	}
}

func TestAdded(t *testing.T) {
	before := valid()
	before.ShopSets[0].Spec.Tier = "beta"
	tests := map[string]struct {
		change     func(*Objects)
		kind, name string
		want       []Code
	}{
		"an old finding on another object is no reason to refuse, though its words change": {
			change: func(o *Objects) { o.Tiers = append(o.Tiers, tier("gamma", 5, 20)) }, kind: KindTier, name: "gamma"},
		"touching an object that has a finding is fine": {
			change: func(o *Objects) { o.ShopSets[0].Spec.Dedicated = true }, kind: KindShopSet, name: "a-1"},
		"exchanging one mistake for another is not": {
			change: func(o *Objects) { o.ShopSets[0].Spec.Tier = "delta" }, kind: KindShopSet, name: "a-1",
			want: []Code{CodeMissingReference}},
		"repairing is fine": {
			change: func(o *Objects) { o.Tiers = append(o.Tiers, tier("beta", 5, 20)) }, kind: KindTier, name: "beta"},
		"a new mistake on another object counts": {
			change: func(o *Objects) { o.Fleets[0].Spec.Apps.Namespaces = v1alpha1.NamespaceKeep }, kind: KindFleet, name: "shop",
			want: []Code{CodeClusterTaken}},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			after := valid()
			after.ShopSets[0].Spec.Tier = "beta"
			c.change(&after)
			var got []Code
			for _, f := range Added(Findings(before), Findings(after), c.kind, c.name) {
				got = append(got, f.Code)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("added (-want +got):\n%s", diff)
			}
		})
	}
}
