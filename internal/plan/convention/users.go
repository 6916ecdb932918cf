package convention

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
)

// Users lists who names the object, as "<Kind> <name>", sorted. What is being deleted still
// counts, marked as such: it needs what it names until it is out of Git. The Fleet that rules
// a namespace is used by every ShopSet of it; a second Fleet is used by nobody.
func Users(o Objects, kind, name string) []string {
	var users []string
	add := func(kind string, user metav1.Object) {
		line := kind + " " + user.GetName()
		if user.GetDeletionTimestamp() != nil {
			line += " (being deleted)"
		}
		users = append(users, line)
	}
	for i := range o.ShopSets {
		if s := &o.ShopSets[i]; shopSetUses(o, s, kind, name) {
			add(KindShopSet, s)
		}
	}
	if kind == KindFailureDomain {
		for i := range o.WorkloadClusters {
			if c := &o.WorkloadClusters[i]; c.Spec.FailureDomain == name {
				add(KindWorkloadCluster, c)
			}
		}
		for i := range o.FailureDomains {
			if d := &o.FailureDomains[i]; d.Spec.Parent == name && d.Name != name {
				add(KindFailureDomain, d)
			}
		}
	}
	slices.Sort(users)
	return users
}

func shopSetUses(o Objects, s *v1alpha1.ShopSet, kind, name string) bool {
	switch kind {
	case KindTier:
		return s.Spec.Tier == name
	case KindConfiguration:
		return s.Spec.Configuration == name
	case KindWorkloadCluster:
		return s.Spec.Cluster == name
	case KindFleet:
		fleet, ok := EffectiveFleet(o.Fleets)
		return ok && fleet.Name == name
	default:
		return false
	}
}
