package fleet

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/argocd"
)

// atOnce is how many fleets are served at once: one whose Git server is slow must not hold up others.
const atOnce = 8

// SetupWithManager watches every kind of the fleet and Argo CD's Applications. Whatever changes
// leads to one request for the namespace; requests that come while one is served coalesce.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	// Our own status writes change neither generation, labels nor annotations.
	said := predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}, predicate.LabelChangedPredicate{})
	b := ctrl.NewControllerManagedBy(mgr).Named("fleet").
		WithOptions(controller.Options{MaxConcurrentReconciles: atOnce}).
		Watches(&argocd.Application{}, handler.EnqueueRequestsFromMapFunc(byLabel), builder.WithPredicates(applicationChanged()))
	b = b.Watches(&v1alpha1.Fleet{}, handler.EnqueueRequestsFromMapFunc(byNamespace), builder.WithPredicates(predicate.Or(said, routesReachEdges())))
	for _, kind := range []client.Object{
		&v1alpha1.Tier{}, &v1alpha1.Configuration{}, &v1alpha1.FailureDomain{},
		&v1alpha1.WorkloadCluster{}, &v1alpha1.ShopSet{}, &v1alpha1.Promotion{},
	} {
		b = b.Watches(kind, handler.EnqueueRequestsFromMapFunc(byNamespace), builder.WithPredicates(said))
	}
	return b.Complete(r)
}

func byNamespace(_ context.Context, o client.Object) []reconcile.Request {
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: "fleet"}}}
}

func byLabel(_ context.Context, o client.Object) []reconcile.Request {
	fleet := o.GetLabels()[v1alpha1.LabelFleet]
	if fleet == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: fleet, Name: "fleet"}}}
}

// routesReachEdges passes when the placement controller tells that edges have taken a newer table:
// ShopSets that are being deleted may wait for that.
func routesReachEdges() predicate.Predicate {
	epoch := func(o client.Object) int64 {
		if f, ok := o.(*v1alpha1.Fleet); ok && f.Status.Routes != nil {
			return f.Status.Routes.EdgesEpoch
		}
		return 0
	}
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool { return epoch(e.ObjectOld) != epoch(e.ObjectNew) }}
}

// applicationChanged passes only what can change a verdict. Argo CD writes reconciledAt of every
// Application every few minutes, which for a thousand of them would be several events a second.
func applicationChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		was, ok := e.ObjectOld.(*argocd.Application)
		is, ok2 := e.ObjectNew.(*argocd.Application)
		return !ok || !ok2 || argocd.Differs(was, is)
	}}
}
