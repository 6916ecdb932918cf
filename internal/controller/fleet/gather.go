package fleet

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/argocd"
	"shopset.dev/shopset/internal/fleetgit"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/snapshot"
)

// gather lists all objects of a namespace.
func (r *Reconciler) gather(ctx context.Context, namespace string) (convention.Objects, error) {
	var (
		fleets         v1alpha1.FleetList
		tiers          v1alpha1.TierList
		configurations v1alpha1.ConfigurationList
		domains        v1alpha1.FailureDomainList
		clusters       v1alpha1.WorkloadClusterList
		shopSets       v1alpha1.ShopSetList
		promotions     v1alpha1.PromotionList
	)
	for _, list := range []client.ObjectList{&fleets, &tiers, &configurations, &domains, &clusters, &shopSets, &promotions} {
		if err := r.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return convention.Objects{}, fmt.Errorf("listing the objects of namespace %q: %w", namespace, err)
		}
	}
	return convention.Objects{
		Fleets: fleets.Items, Tiers: tiers.Items, Configurations: configurations.Items, FailureDomains: domains.Items,
		WorkloadClusters: clusters.Items, ShopSets: shopSets.Items, Promotions: promotions.Items,
	}, nil
}

// world adds to the objects what else a snapshot needs.
func (r *Reconciler) world(fleet *v1alpha1.Fleet, objects convention.Objects, applications map[string]*argocd.Application, problem *fleetgit.Problem) snapshot.World {
	w := snapshot.World{
		Now: r.Clock.Now(), Fleet: fleet, Objects: objects, Applications: applications, Additions: r.Additions,
	}
	if problem != nil && problem.Apps {
		w.AppsProblem = problem.Error()
	}
	return w
}

// addFinalizers makes objects stay until what was written for them has left Git.
func (r *Reconciler) addFinalizers(ctx context.Context, o convention.Objects) error {
	var list []client.Object
	for i := range o.ShopSets {
		list = append(list, &o.ShopSets[i])
	}
	for i := range o.Configurations {
		list = append(list, &o.Configurations[i])
	}
	for i := range o.WorkloadClusters {
		list = append(list, &o.WorkloadClusters[i])
	}
	for _, obj := range list {
		if !obj.GetDeletionTimestamp().IsZero() || controllerutil.ContainsFinalizer(obj, v1alpha1.Finalizer) {
			continue
		}
		if err := r.finalizer(ctx, obj, controllerutil.AddFinalizer); err != nil {
			return err
		}
	}
	return nil
}

// finalizer changes an object's finalizers; a rival's change makes it fail and be tried again.
func (r *Reconciler) finalizer(ctx context.Context, obj client.Object, change func(client.Object, string) bool) error {
	before, ok := obj.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("copying %s: not an object", obj.GetName())
	}
	change(obj, v1alpha1.Finalizer)
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, obj, patch); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("changing the finalizers of %s: %w", obj.GetName(), err)
	}
	return nil
}

// withoutFleet lets go of objects whose namespace has no Fleet: nothing of theirs is in any
// repository that we could still find.
func (r *Reconciler) withoutFleet(ctx context.Context, o convention.Objects) error {
	var list []client.Object
	for i := range o.ShopSets {
		list = append(list, &o.ShopSets[i])
	}
	for i := range o.Configurations {
		list = append(list, &o.Configurations[i])
	}
	for i := range o.WorkloadClusters {
		list = append(list, &o.WorkloadClusters[i])
	}
	for _, obj := range list {
		if !obj.GetDeletionTimestamp().IsZero() && controllerutil.ContainsFinalizer(obj, v1alpha1.Finalizer) {
			if err := r.finalizer(ctx, obj, controllerutil.RemoveFinalizer); err != nil {
				return err
			}
		}
	}
	return nil
}
