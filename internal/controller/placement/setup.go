package placement

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"shopset.dev/shopset/api/v1alpha1"
)

// atOnce is how many fleets are served at once: one whose Git server is slow must not hold up others.
const atOnce = 8

// debounce is how long further changes are waited for: a thousand Shops that are applied together
// make a few commits, and not a thousand.
const debounce = 200 * time.Millisecond

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// SetupWithManager watches the kinds that placement depends on, and takes what wake tells.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, wake *Waker) error {
	r.shops.counting = true
	// Our own status writes change neither generation, labels nor annotations.
	said := predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}, predicate.LabelChangedPredicate{})
	b := ctrl.NewControllerManagedBy(mgr).Named("placement").
		WithOptions(controller.Options{MaxConcurrentReconciles: atOnce}).
		WatchesRawSource(source.Func(wake.start)).
		Watches(&v1alpha1.Shop{}, r.countingShops(), builder.WithPredicates(predicate.GenerationChangedPredicate{}))
	for _, kind := range []client.Object{
		&v1alpha1.Fleet{}, &v1alpha1.FailureDomain{}, &v1alpha1.WorkloadCluster{}, &v1alpha1.ShopSet{},
		&v1alpha1.ShopClass{}, &v1alpha1.ClusterMaintenance{}, &v1alpha1.Tier{}, &v1alpha1.Configuration{},
	} {
		b = b.Watches(kind, debounced(func(client.Object) {}), builder.WithPredicates(said))
	}
	return b.Complete(r)
}

// countingShops notes for a namespace that its Shops have changed, before it is reconciled.
func (r *Reconciler) countingShops() handler.EventHandler {
	return debounced(func(o client.Object) { r.shops.changed(o.GetNamespace()) })
}

// debounced asks for a namespace a little later; what is asked for meanwhile is one request.
func debounced(note func(client.Object)) handler.EventHandler {
	add := func(o client.Object, q queue) {
		note(o)
		q.AddAfter(request(o.GetNamespace()), debounce)
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { add(e.Object, q) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) { add(e.ObjectNew, q) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) { add(e.Object, q) },
	}
}

func request(namespace string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: "placement"}}
}

// Waker asks for a reconcile when something was seen outside of the management cluster.
type Waker struct {
	mu sync.Mutex
	q  queue
}

// Wake asks for a namespace. It may be called before the controller runs, and then does nothing.
func (w *Waker) Wake(namespace string) {
	const gather = 20 * time.Millisecond // several clusters and edges often tell of the same thing
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.q != nil {
		w.q.AddAfter(request(namespace), gather)
	}
}

func (w *Waker) start(_ context.Context, q queue) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.q = q
	return nil
}
