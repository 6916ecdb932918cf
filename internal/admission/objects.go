package admission

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
)

func newObject(kind string) (client.Object, error) {
	switch kind {
	case convention.KindFleet:
		return &v1alpha1.Fleet{}, nil
	case convention.KindTier:
		return &v1alpha1.Tier{}, nil
	case convention.KindConfiguration:
		return &v1alpha1.Configuration{}, nil
	case convention.KindFailureDomain:
		return &v1alpha1.FailureDomain{}, nil
	case convention.KindWorkloadCluster:
		return &v1alpha1.WorkloadCluster{}, nil
	case convention.KindShopSet:
		return &v1alpha1.ShopSet{}, nil
	case convention.KindPromotion:
		return &v1alpha1.Promotion{}, nil
	case convention.KindShopClass:
		return &v1alpha1.ShopClass{}, nil
	case convention.KindShop:
		return &v1alpha1.Shop{}, nil
	case convention.KindClusterMaintenance:
		return &v1alpha1.ClusterMaintenance{}, nil
	default:
		return nil, fmt.Errorf("the webhook knows no kind %q", kind)
	}
}

// gather reads all objects of a namespace but the Shops: there may be a million of them, and no
// rule on the other kinds needs any.
func gather(ctx context.Context, reader client.Reader, namespace string) (convention.Objects, error) {
	var (
		fleets         v1alpha1.FleetList
		tiers          v1alpha1.TierList
		configurations v1alpha1.ConfigurationList
		domains        v1alpha1.FailureDomainList
		clusters       v1alpha1.WorkloadClusterList
		shopSets       v1alpha1.ShopSetList
		promotions     v1alpha1.PromotionList
		classes        v1alpha1.ShopClassList
		maintenances   v1alpha1.ClusterMaintenanceList
	)
	if err := list(ctx, reader, namespace, &fleets, &tiers, &configurations, &domains, &clusters, &shopSets, &promotions,
		&classes, &maintenances); err != nil {
		return convention.Objects{}, err
	}
	return convention.Objects{
		Fleets: fleets.Items, Tiers: tiers.Items, Configurations: configurations.Items, FailureDomains: domains.Items,
		WorkloadClusters: clusters.Items, ShopSets: shopSets.Items, Promotions: promotions.Items,
		ShopClasses: classes.Items, ClusterMaintenances: maintenances.Items,
	}, nil
}

// gatherForShop reads what a Shop can name, and of that only the kinds that these Shops do name:
// Shops come by the thousand.
func gatherForShop(ctx context.Context, reader client.Reader, namespace string, shops ...*v1alpha1.Shop) (convention.Objects, error) {
	var (
		domains  v1alpha1.FailureDomainList
		clusters v1alpha1.WorkloadClusterList
		shopSets v1alpha1.ShopSetList
		classes  v1alpha1.ShopClassList
	)
	needed := []client.ObjectList{&classes}
	if slices.ContainsFunc(shops, func(s *v1alpha1.Shop) bool { return s != nil && len(s.Spec.Pin)+len(s.Spec.Avoid) > 0 }) {
		needed = append(needed, &shopSets)
	}
	if slices.ContainsFunc(shops, func(s *v1alpha1.Shop) bool { return s != nil && len(s.Spec.Avoid) > 0 }) {
		needed = append(needed, &clusters, &domains)
	}
	if err := list(ctx, reader, namespace, needed...); err != nil {
		return convention.Objects{}, err
	}
	return convention.Objects{
		FailureDomains: domains.Items, WorkloadClusters: clusters.Items, ShopSets: shopSets.Items, ShopClasses: classes.Items,
	}, nil
}

func list(ctx context.Context, reader client.Reader, namespace string, lists ...client.ObjectList) error {
	for _, list := range lists {
		if err := reader.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return fmt.Errorf("listing %T of namespace %s: %w", list, namespace, err)
		}
	}
	return nil
}

// gatherFleets reads the Fleets of all namespaces, and their ShopSets if there are several.
func gatherFleets(ctx context.Context, reader client.Reader) (convention.Objects, error) {
	var fleets v1alpha1.FleetList
	if err := reader.List(ctx, &fleets); err != nil {
		return convention.Objects{}, fmt.Errorf("listing the Fleets of all namespaces: %w", err)
	}
	var shopSets v1alpha1.ShopSetList
	if len(fleets.Items) > 1 {
		if err := reader.List(ctx, &shopSets); err != nil {
			return convention.Objects{}, fmt.Errorf("listing the ShopSets of all namespaces: %w", err)
		}
	}
	return convention.Objects{Fleets: fleets.Items, ShopSets: shopSets.Items}, nil
}

// with gives the objects with one of them put in, in place of the one of its name; nil
// changes nothing.
func with(o convention.Objects, object client.Object) convention.Objects {
	switch v := object.(type) {
	case *v1alpha1.Fleet:
		o.Fleets = put(o.Fleets, v)
	case *v1alpha1.Tier:
		o.Tiers = put(o.Tiers, v)
	case *v1alpha1.Configuration:
		o.Configurations = put(o.Configurations, v)
	case *v1alpha1.FailureDomain:
		o.FailureDomains = put(o.FailureDomains, v)
	case *v1alpha1.WorkloadCluster:
		o.WorkloadClusters = put(o.WorkloadClusters, v)
	case *v1alpha1.ShopSet:
		o.ShopSets = put(o.ShopSets, v)
	case *v1alpha1.Promotion:
		o.Promotions = put(o.Promotions, v)
	case *v1alpha1.ShopClass:
		o.ShopClasses = put(o.ShopClasses, v)
	case *v1alpha1.Shop:
		o.Shops = put(o.Shops, v)
	case *v1alpha1.ClusterMaintenance:
		o.ClusterMaintenances = put(o.ClusterMaintenances, v)
	}
	return o
}

// object is a pointer to T with Kubernetes metadata.
type object[T any] interface {
	*T
	metav1.Object
}

func put[T any, P object[T]](items []T, item P) []T {
	items = slices.DeleteFunc(slices.Clone(items), func(other T) bool {
		o := P(&other)
		return o.GetName() == item.GetName() && o.GetNamespace() == item.GetNamespace()
	})
	return append(items, *item)
}

// youngest is later than any creation time that an API server could give.
func youngest() metav1.Time {
	return metav1.NewTime(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
}
