package convention

import (
	"cmp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
)

// The kinds, as users write them.
const (
	KindFleet              = "Fleet"
	KindTier               = "Tier"
	KindConfiguration      = "Configuration"
	KindFailureDomain      = "FailureDomain"
	KindWorkloadCluster    = "WorkloadCluster"
	KindShopSet            = "ShopSet"
	KindPromotion          = "Promotion"
	KindShopClass          = "ShopClass"
	KindShop               = "Shop"
	KindClusterMaintenance = "ClusterMaintenance"
)

// Objects are all objects of one namespace, in any order. There may be a million Shops: whoever
// does not need them leaves them out, and nothing here copies or sorts them.
type Objects struct {
	Fleets              []v1alpha1.Fleet
	Tiers               []v1alpha1.Tier
	Configurations      []v1alpha1.Configuration
	FailureDomains      []v1alpha1.FailureDomain
	WorkloadClusters    []v1alpha1.WorkloadCluster
	ShopSets            []v1alpha1.ShopSet
	Promotions          []v1alpha1.Promotion
	ShopClasses         []v1alpha1.ShopClass
	Shops               []v1alpha1.Shop
	ClusterMaintenances []v1alpha1.ClusterMaintenance
}

// byAge gives the same objects, oldest first but for the Shops; the caller's slices stay as they are.
func (o Objects) byAge() Objects {
	return Objects{
		Fleets:              oldestFirst(o.Fleets),
		Tiers:               oldestFirst(o.Tiers),
		Configurations:      oldestFirst(o.Configurations),
		FailureDomains:      oldestFirst(o.FailureDomains),
		WorkloadClusters:    oldestFirst(o.WorkloadClusters),
		ShopSets:            oldestFirst(o.ShopSets),
		Promotions:          oldestFirst(o.Promotions),
		ShopClasses:         oldestFirst(o.ShopClasses),
		Shops:               o.Shops,
		ClusterMaintenances: oldestFirst(o.ClusterMaintenances),
	}
}

// object is a pointer to T with Kubernetes metadata.
type object[T any] interface {
	*T
	metav1.Object
}

// oldestFirst orders by creation time; of two objects of the same second the one whose
// name comes first counts as the older.
func oldestFirst[T any, P object[T]](items []T) []T {
	items = slices.Clone(items)
	slices.SortFunc(items, func(a, b T) int {
		x, y := P(&a), P(&b)
		return cmp.Or(
			x.GetCreationTimestamp().Compare(y.GetCreationTimestamp().Time),
			cmp.Compare(x.GetName(), y.GetName()),
			cmp.Compare(x.GetNamespace(), y.GetNamespace()),
		)
	})
	return items
}

// names gives the set of names of the items.
func names[T any, P object[T]](items []T) map[string]bool {
	set := make(map[string]bool, len(items))
	for i := range items {
		set[P(&items[i]).GetName()] = true
	}
	return set
}

// EffectiveFleet is the Fleet that rules a namespace: the oldest. ok is false without any.
func EffectiveFleet(fleets []v1alpha1.Fleet) (fleet v1alpha1.Fleet, ok bool) {
	if len(fleets) == 0 {
		return v1alpha1.Fleet{}, false
	}
	return oldestFirst(fleets)[0], true
}

// EffectiveNamespace is the namespace of a ShopSet on its cluster: the one it names, or the
// fleet's namePrefix followed by its own name.
func EffectiveNamespace(fleet v1alpha1.FleetSpec, shopSet v1alpha1.ShopSet) string {
	if shopSet.Spec.Namespace != "" {
		return shopSet.Spec.Namespace
	}
	return fleet.NamePrefix + shopSet.Name
}

// listed joins names for a sentence: sorted, and only the first few of many.
func listed(set map[string]bool) string {
	const most = 8
	sorted := make([]string, 0, len(set))
	for name := range set {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	if len(sorted) > most {
		return strings.Join(sorted[:most], ", ") + ", …"
	}
	return strings.Join(sorted, ", ")
}
