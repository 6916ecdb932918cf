package fleet

import (
	"context"
	"slices"
	"time"

	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/apply"
	"shopset.dev/shopset/internal/argocd"
	"shopset.dev/shopset/internal/fleetgit"
	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/metrics"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/system"
)

// Config is what a Reconciler is made of.
type Config struct {
	// Client reads from the cache and writes; Secrets reads past the cache: Secrets, so that the
	// controller needs no right to list them, and what somebody else has written meanwhile.
	Client  client.Client
	Secrets client.Reader
	Events  events.EventRecorder
	Clock   clock.PassiveClock
	Metrics *metrics.Metrics
	// Dir holds the local images of the repositories. Losing it costs a clone.
	Dir string
	// ArgoNamespaces are those whose Applications the cache holds.
	ArgoNamespaces []string
	// Additions are further files of platform/.
	Additions map[string][]byte
	// GitTimeout bounds one operation over the network.
	GitTimeout time.Duration
}

// Reconciler reconciles fleets. A request names a namespace.
type Reconciler struct {
	Config
	workspaces *workspaces
}

// New makes a Reconciler.
func New(c Config) *Reconciler {
	return &Reconciler{Config: c, workspaces: newWorkspaces(c)}
}

// identity is the author of the controller's commits.
var identity = gitrepo.Identity{Name: system.Actor, Email: "controller@shopset.dev"}

// Reconcile brings one fleet a step further.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	objects, err := r.gather(ctx, req.Namespace)
	if err != nil {
		return ctrl.Result{}, err
	}
	fleet, ok := convention.EffectiveFleet(objects.Fleets)
	if !ok {
		r.workspaces.drop(req.Namespace)
		r.Metrics.Forget(req.Namespace)
		return ctrl.Result{}, r.withoutFleet(ctx, objects)
	}
	if err := r.addFinalizers(ctx, objects); err != nil {
		return ctrl.Result{}, err
	}
	ws, problem := r.workspaces.open(ctx, &fleet)
	if problem == nil {
		problem = ws.refresh(ctx, &fleet)
	}
	if ws == nil || (problem != nil && !ws.repos.Read()) {
		return r.stalled(ctx, &fleet, objects, problem)
	}
	return r.step(ctx, ws, &fleet, objects, problem)
}

// step plans on what is known, applies unless Git is out of reach, and tells.
func (r *Reconciler) step(ctx context.Context, ws *workspace, fleet *v1alpha1.Fleet, objects convention.Objects, problem *fleetgit.Problem) (ctrl.Result, error) {
	applications, err := r.applications(ctx, fleet)
	if err != nil {
		return ctrl.Result{}, err
	}
	in, err := ws.build(ctx, r.world(fleet, objects, applications, problem))
	if err != nil {
		return r.stalled(ctx, fleet, objects, &fleetgit.Problem{Reason: "GitUnreadable", Err: err})
	}
	plan, err := system.Make(in)
	if err != nil {
		return r.stalled(ctx, fleet, objects, &fleetgit.Problem{Reason: "RenderFailed", Err: err})
	}
	git := apply.Git{Apps: ws.repos.Apps, System: ws.repos.System, Identity: identity, Clock: r.Clock}
	results := git.Run(ctx, possible(plan.Commits, problem), ws.repos.AppsHead)
	logResults(ctx, results)
	if after := ws.after(ctx, fleet, results); problem == nil {
		problem = after
	}
	argoAgain, err := r.askArgo(ctx, ws, fleet, in, applications, results)
	if err != nil {
		return ctrl.Result{}, err
	}
	o := outcome{
		fleet: fleet, objects: objects, in: in, plan: plan, results: results, problem: problem, now: r.Clock.Now(), argoAgain: argoAgain,
	}
	if err := r.report(ctx, &o); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: ws.next(&o, r.Clock.Now())}, nil
}

// possible are the commits that can be made although there is a problem: without the apps
// repository those that let no release in, without the system repository none.
func possible(commits []system.Commit, problem *fleetgit.Problem) []system.Commit {
	if problem == nil {
		return commits
	}
	return slices.DeleteFunc(slices.Clone(commits), func(c system.Commit) bool { return !problem.OnlyApps || c.Entry != nil })
}

func logResults(ctx context.Context, results []apply.Result) {
	l := log.FromContext(ctx)
	for i := range results {
		res := &results[i]
		switch {
		case res.Err != nil:
			l.Error(res.Err, "Push did not succeed; trying again from a fresh read", "branch", res.Commit.Branch)
		case res.OID != "":
			l.Info("Pushed", "branch", res.Commit.Branch, "commit", res.OID.Short(), "subject", res.Commit.Subject)
		}
	}
}

// applications reads the fleet's Applications by name.
func (r *Reconciler) applications(ctx context.Context, fleet *v1alpha1.Fleet) (map[string]*argocd.Application, error) {
	var list argocd.ApplicationList
	if err := r.Client.List(ctx, &list, client.InNamespace(fleet.Spec.ArgoCD.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	out := make(map[string]*argocd.Application, len(list.Items))
	for i := range list.Items {
		out[list.Items[i].Name] = &list.Items[i]
	}
	return out, nil
}
