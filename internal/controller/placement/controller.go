package placement

import (
	"context"
	"errors"
	"slices"
	"time"

	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/fleetgit"
	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/metrics"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/system"
	"shopset.dev/shopset/internal/workload"
)

// Observers see workload clusters.
type Observers interface {
	// Observe says which clusters of a namespace to look at.
	Observe(namespace string, targets []workload.Target)
	// Seen gives what is known of them, by name.
	Seen(namespace string) map[string]workload.Seen
}

// Config is what a Reconciler is made of.
type Config struct {
	// Client reads from the cache and writes; Live reads past the cache.
	Client    client.Client
	Live      client.Reader
	Events    events.EventRecorder
	Clock     clock.PassiveClock
	Metrics   *metrics.Metrics
	Observers Observers
	// Dir holds the local images of the repositories. Losing it costs a clone.
	Dir string
	// GitTimeout bounds one operation over the network.
	GitTimeout time.Duration
	// ShopStatuses is how many statuses of Shops one reconcile writes at most; zero means 200.
	ShopStatuses int
}

// Reconciler places the shops of fleets. A request names a namespace.
type Reconciler struct {
	Config
	workspaces *workspaces
	shops      *shopList
}

// New makes a Reconciler.
func New(c Config) *Reconciler {
	if c.ShopStatuses <= 0 {
		c.ShopStatuses = 200
	}
	return &Reconciler{Config: c, workspaces: newWorkspaces(c), shops: newShopList(c.Client)}
}

// Close lets go of the repositories.
func (r *Reconciler) Close() { r.workspaces.close() }

// identity is the author of the controller's commits.
var identity = gitrepo.Identity{Name: system.Actor, Email: "controller@shopset.dev"}

// Reconcile brings the placement of one fleet a step further.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	objects, err := r.gather(ctx, req.Namespace)
	if err != nil {
		return ctrl.Result{}, err
	}
	fleet, ok := convention.EffectiveFleet(objects.Fleets)
	if !ok {
		r.forget(req.Namespace)
		return ctrl.Result{}, r.withoutFleet(ctx, objects)
	}
	ws := r.workspaces.of(&fleet)
	s := &step{fleet: &fleet, objects: objects, ws: ws, now: r.Clock.Now()}
	r.observe(s)
	r.listArgo(ctx, s)
	if !concerned(s) {
		return r.idle(ctx, s)
	}
	if s.problem = ws.read(ctx, &fleet); s.problem != nil && ws.today == nil {
		return r.idle(ctx, s)
	}
	if err := errors.Join(r.gatherShops(ctx, s), r.gatherMaintenances(ctx, s)); err != nil {
		return ctrl.Result{}, err
	}
	if err := r.place(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	if err := r.askArgo(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	pending, err := r.report(ctx, s)
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: s.next(r.Clock.Now(), pending)}, nil
}

// concerned tells whether the fleet has anything to do with shops.
func concerned(s *step) bool {
	o := &s.objects
	return len(o.ShopClasses) > 0 || len(o.ClusterMaintenances) > 0 || s.ws.today != nil ||
		slices.ContainsFunc(o.WorkloadClusters, func(c v1alpha1.WorkloadCluster) bool { return c.Spec.Edges })
}

// place decides, carries the maintenances' wishes out, and pushes what has changed.
func (r *Reconciler) place(ctx context.Context, s *step) error {
	r.decide(ctx, s)
	if err := r.maintain(ctx, s); err != nil {
		return err
	}
	if s.unreadable() || s.problem != nil || s.table == nil {
		return nil
	}
	err := r.push(ctx, s)
	switch {
	case err == nil:
	case errors.Is(err, gitrepo.ErrConflict):
		log.FromContext(ctx).Info("Somebody else has moved branch main; trying again from a fresh read")
		s.ws.conflicts++
		s.ws.refreshed = time.Time{}
	default:
		log.FromContext(ctx).Error(err, "Push did not succeed; trying again from a fresh read")
		s.problem = fleetgit.NewPushProblem(s.fleet, err)
		s.ws.failed(s.problem, r.Clock.Now())
	}
	return nil
}

// idle tells what is known without tables: of a fleet without shops, or whose repository has never
// been read.
func (r *Reconciler) idle(ctx context.Context, s *step) (ctrl.Result, error) {
	r.judge(s)
	if err := r.reportWithoutTables(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: s.next(r.Clock.Now(), false)}, nil
}

// forget drops what is kept of a namespace without a Fleet.
func (r *Reconciler) forget(namespace string) {
	r.Observers.Observe(namespace, nil)
	r.workspaces.drop(namespace)
	r.shops.drop(namespace)
	r.Metrics.ForgetPlacement(namespace)
}

// observe says what to look at, and takes over what has been seen.
func (r *Reconciler) observe(s *step) {
	r.Observers.Observe(s.fleet.Namespace, targets(s.fleet, s.objects.WorkloadClusters))
	s.seen = r.Observers.Seen(s.fleet.Namespace)
}

// targets are the clusters that can be observed.
func targets(f *v1alpha1.Fleet, clusters []v1alpha1.WorkloadCluster) []workload.Target {
	var out []workload.Target
	for i := range clusters {
		c := &clusters[i]
		if c.Spec.KubeconfigSecretRef == nil {
			continue
		}
		t := workload.Target{Cluster: c.Name, Secret: c.Spec.KubeconfigSecretRef.Name, EntryService: entryService(f)}
		if c.Spec.Edges {
			t.EdgeNamespace = edgeNamespace(f)
		}
		out = append(out, t)
	}
	return out
}
