package convention

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
)

// Users lists who names the object, as "<Kind> <name>", sorted. What is being deleted still
// counts, marked as such: it needs what it names until it is out of Git. The Fleet that rules
// a namespace is used by every ShopSet of it; a second Fleet is used by nobody. Of the Shops those
// alone are found that are among the objects.
func Users(o Objects, kind, name string) []string {
	var users []string
	for i := range o.ShopSets {
		if s := &o.ShopSets[i]; shopSetUses(o, s, kind, name) {
			users = append(users, user(KindShopSet, s))
		}
	}
	switch kind {
	case KindFailureDomain:
		users = append(users, insideOf(o, name)...)
	case KindTier:
		for i := range o.ShopClasses {
			if c := &o.ShopClasses[i]; c.Spec.Tier == name {
				users = append(users, user(KindShopClass, c))
			}
		}
	case KindShopClass, KindShopSet:
		for i := range o.Shops {
			if s := &o.Shops[i]; s.DeletionTimestamp == nil && ShopUses(s, kind, name) {
				users = append(users, user(KindShop, s))
			}
		}
	}
	slices.Sort(users)
	return users
}

func user(kind string, o metav1.Object) string {
	line := kind + " " + o.GetName()
	if o.GetDeletionTimestamp() != nil {
		line += " (being deleted)"
	}
	return line
}

// insideOf lists what is in a FailureDomain.
func insideOf(o Objects, name string) []string {
	var users []string
	for i := range o.WorkloadClusters {
		if c := &o.WorkloadClusters[i]; c.Spec.FailureDomain == name {
			users = append(users, user(KindWorkloadCluster, c))
		}
	}
	for i := range o.FailureDomains {
		if d := &o.FailureDomains[i]; d.Spec.Parent == name && d.Name != name {
			users = append(users, user(KindFailureDomain, d))
		}
	}
	return users
}

// ShopUses tells whether a shop names a ShopClass as its class, or is pinned to a ShopSet and to no
// other. What a shop avoids it does not use.
func ShopUses(s *v1alpha1.Shop, kind, name string) bool {
	switch kind {
	case KindShopClass:
		return s.Spec.Class == name
	case KindShopSet:
		return len(s.Spec.Pin) == 1 && s.Spec.Pin[0] == name
	default:
		return false
	}
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
