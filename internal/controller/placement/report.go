package placement

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/conditions"
	"shopset.dev/shopset/internal/statuswrite"
)

// report writes the status of every object that has changed. pending says that Shops are left.
func (r *Reconciler) report(ctx context.Context, s *step) (pending bool, err error) {
	for _, tell := range []func(context.Context, *step) error{r.tellFleet, r.tellClusters, r.tellShopSets, r.tellClasses} {
		if err := tell(ctx, s); err != nil {
			return false, err
		}
	}
	r.measure(s)
	return r.tellShops(ctx, s)
}

// reportWithoutTables tells what can be told while no table is known.
func (r *Reconciler) reportWithoutTables(ctx context.Context, s *step) error {
	for _, tell := range []func(context.Context, *step) error{r.tellFleet, r.tellClusters, r.tellShopSets} {
		if err := tell(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// write sends the status of an object of which the fleet controller tells, too.
func (r *Reconciler) write(ctx context.Context, before, after client.Object) error {
	return statuswrite.Writer{Client: r.Client, Live: r.Live, Mine: mine}.Write(ctx, before, after)
}

// mine tells the conditions that this controller sets on shared objects.
func mine(condition string) bool {
	switch condition {
	case v1alpha1.ConditionPlaced, v1alpha1.ConditionReachable, v1alpha1.ConditionServing:
		return true
	}
	return false
}

func (s *step) set(list *[]metav1.Condition, generation int64) conditions.Set {
	return conditions.For(list, generation, metav1.NewTime(s.now))
}

// tellFleet says whether the table is what the objects ask for.
func (r *Reconciler) tellFleet(ctx context.Context, s *step) error {
	for i := range s.objects.Fleets {
		f := &s.objects.Fleets[i]
		before := f.DeepCopy()
		set := s.set(&f.Status.Conditions, f.Generation)
		if f.Name != s.fleet.Name || (s.problem == nil && !concerned(s)) {
			set.Absent(v1alpha1.ConditionPlaced)
		} else {
			placed(s, set)
			f.Status.Routes = s.routesStatus(f.Status.Routes)
		}
		if err := r.write(ctx, before, f); err != nil {
			return err
		}
		r.changedEvent(f, v1alpha1.ConditionPlaced, before.Status.Conditions, f.Status.Conditions)
	}
	return nil
}

func placed(s *step, set conditions.Set) {
	const kind = v1alpha1.ConditionPlaced
	shops := 0
	for _, u := range s.plan.Unplaced {
		shops += u.Shops
	}
	switch {
	case s.problem != nil:
		set.False(kind, s.problem.Reason, s.problem.Error())
	case s.ws.today == nil:
		set.False(kind, "NotRead", "the system repository has not been read yet")
	case s.unreadable():
		set.False(kind, "RoutesUnreadable", unreadable(s))
	case s.verdicts.Frozen != "":
		set.False(kind, "Frozen", s.verdicts.Frozen)
	case len(s.plan.Unplaced) > 0:
		set.False(kind, "Unplaced", fmt.Sprintf("%d shops have no place, the first group: %s: %s", shops, s.plan.Unplaced[0].Group, s.plan.Unplaced[0].Reason))
	case len(s.plan.Debts) > 0:
		set.True(kind, "LessRedundancy", fmt.Sprintf("%d groups are served with less redundancy than asked for, the first: %s: %s",
			len(s.plan.Debts), s.plan.Debts[0].Group, s.plan.Debts[0].Reason))
	default:
		set.True(kind, "Placed", fmt.Sprintf("%d shops in %d groups", len(s.resolved.Shops), len(s.resolved.Groups)))
	}
}

// unreadable says where the table cannot be read and what to do.
func unreadable(s *step) string {
	t := s.ws.today
	return fmt.Sprintf("routes/ at commit %s of branch main cannot be read, so nothing is written there; edges keep the table that they have. "+
		"Repair or revert it, or let it be written anew from the last table that could be read: kubectl annotate fleet %s %s=%s --overwrite. %s",
		t.head.Short(), s.fleet.Name, AnnotationOverwriteRoutes, t.head, strings.ReplaceAll(t.err.Error(), "\n", "; "))
}

// changedEvent tells that a condition has another status or reason than before.
func (r *Reconciler) changedEvent(o client.Object, kind string, before, after []metav1.Condition) {
	was, is := find(before, kind), find(after, kind)
	switch {
	case is == nil, was != nil && was.Status == is.Status && was.Reason == is.Reason:
	case is.Status == metav1.ConditionFalse:
		r.Events.Eventf(o, nil, corev1.EventTypeWarning, is.Reason, "Place", "%s", clip(is.Message))
	case was != nil && was.Status != is.Status:
		r.Events.Eventf(o, nil, corev1.EventTypeNormal, is.Reason, "Place", "%s", clip(is.Message))
	}
}

// clip keeps a note within what an Event takes.
func clip(s string) string {
	const most = 900
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
