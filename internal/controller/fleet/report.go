package fleet

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/apply"
	"shopset.dev/shopset/internal/conditions"
	"shopset.dev/shopset/internal/fleetgit"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/system"
	"shopset.dev/shopset/internal/statuswrite"
)

// outcome is everything that one step has to tell.
type outcome struct {
	fleet   *v1alpha1.Fleet
	objects convention.Objects
	in      system.Input
	plan    system.Plan
	results []apply.Result
	problem *fleetgit.Problem
	now     time.Time
	// argoAgain is when Argo CD may have to be asked again; zero if it has seen all.
	argoAgain time.Time
}

func (o *outcome) pushed() bool {
	for i := range o.results {
		if o.results[i].OID != "" && o.results[i].Err == nil {
			return true
		}
	}
	return false
}

// entered is the commit that let a release into a tier just now, nil if none did.
func (o *outcome) entered(tier string) *apply.Result {
	for i := range o.results {
		if res := &o.results[i]; res.Commit.Tier == tier && res.Commit.Entry != nil && res.OID != "" && res.Err == nil {
			return res
		}
	}
	return nil
}

// findings of one object, as one sentence.
func (o *outcome) findings(kind, name string) string {
	text := ""
	for _, f := range o.plan.Findings {
		if f.Kind == kind && f.Name == name {
			if text != "" {
				text += "; "
			}
			text += f.Message
		}
	}
	return text
}

func (o *outcome) verdict(tier string) *release.Verdict {
	for i := range o.plan.Release.Verdicts {
		if o.plan.Release.Verdicts[i].Tier == tier {
			return &o.plan.Release.Verdicts[i]
		}
	}
	return nil
}

// set begins the conditions of one object.
func (o *outcome) set(list *[]metav1.Condition, generation int64) conditions.Set {
	return conditions.For(list, generation, metav1.NewTime(o.now))
}

// report writes the status of every object that has changed, the most telling first.
func (r *Reconciler) report(ctx context.Context, o *outcome) error {
	for _, tell := range []func(context.Context, *outcome) error{
		r.tellTiers, r.tellPromotions, r.tellShopSets, r.tellConfigurations, r.tellPlaces, r.tellFleets, r.letGo,
	} {
		if err := tell(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// write sends an object's status if it differs from what it was.
func (r *Reconciler) write(ctx context.Context, before, after client.Object) error {
	return statuswrite.Writer{Client: r.Client, Live: r.Secrets, Mine: mine}.Write(ctx, before, after)
}

// mine tells the conditions that this controller sets from those of whoever places shops.
func mine(condition string) bool {
	switch condition {
	case v1alpha1.ConditionPlaced, v1alpha1.ConditionReachable, v1alpha1.ConditionServing:
		return false
	}
	return true
}

// letGo removes the finalizer from objects that are out of Git.
func (r *Reconciler) letGo(ctx context.Context, o *outcome) error {
	gone := map[string]bool{}
	for _, g := range o.plan.Gone {
		gone[g] = true
	}
	var list []client.Object
	for i := range o.objects.ShopSets {
		if s := &o.objects.ShopSets[i]; gone[convention.KindShopSet+"/"+s.Name] {
			list = append(list, s)
		}
	}
	for i := range o.objects.Configurations {
		if c := &o.objects.Configurations[i]; gone[convention.KindConfiguration+"/"+c.Name] {
			list = append(list, c)
		}
	}
	for i := range o.objects.WorkloadClusters {
		if c := &o.objects.WorkloadClusters[i]; gone[convention.KindWorkloadCluster+"/"+c.Name] {
			list = append(list, c)
		}
	}
	for _, obj := range list {
		if controllerutil.ContainsFinalizer(obj, v1alpha1.Finalizer) {
			if err := r.finalizer(ctx, obj, controllerutil.RemoveFinalizer); err != nil {
				return err
			}
		}
	}
	return nil
}

// stalled tells why nothing at all can be done for a fleet.
func (r *Reconciler) stalled(ctx context.Context, fleet *v1alpha1.Fleet, objects convention.Objects, problem *fleetgit.Problem) (ctrl.Result, error) {
	o := &outcome{fleet: fleet, objects: objects, problem: problem, now: r.Clock.Now()}
	o.plan.Findings = convention.Findings(objects)
	for i := range objects.Tiers {
		t := &objects.Tiers[i]
		before := t.DeepCopy()
		t.Status.Reason = problem.Error() // the rest stays as it was last seen
		o.set(&t.Status.Conditions, t.Generation).Stalled(problem.Reason, problem.Error())
		if err := r.write(ctx, before, t); err != nil {
			return ctrl.Result{}, err
		}
	}
	if err := r.tellFleets(ctx, o); err != nil {
		return ctrl.Result{}, err
	}
	const lookAgain = 10 * time.Second
	return ctrl.Result{RequeueAfter: lookAgain}, nil
}
