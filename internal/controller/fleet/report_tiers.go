package fleet

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/conditions"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/render"
)

func (r *Reconciler) tellTiers(ctx context.Context, o *outcome) error {
	for i := range o.objects.Tiers {
		t := &o.objects.Tiers[i]
		before := t.DeepCopy()
		r.tierStatus(o, t)
		if err := r.write(ctx, before, t); err != nil {
			return err
		}
		r.tierEvents(before, t)
		r.Metrics.Tier(t.Namespace, t.Name, t.Status.ShortRelease, string(t.Status.Phase), liveOf(o, t.Name), totalOf(o, t.Name))
	}
	return nil
}

func (r *Reconciler) tierStatus(o *outcome, t *v1alpha1.Tier) {
	st := &t.Status
	st.ObservedGeneration = t.Generation
	st.Branch = render.Branch(o.fleet.Spec.BranchPrefix, t.Spec.Level)
	set := o.set(&st.Conditions, t.Generation)
	v := o.verdict(t.Name)
	if v == nil {
		st.Phase, st.Reason = v1alpha1.TierBlocked, o.findings(convention.KindTier, t.Name)
		if st.Reason == "" {
			st.Reason = "is being deleted"
		}
		set.Stalled("ConventionBroken", st.Reason)
		return
	}
	fromVerdict(o, t, v)
	if res := o.entered(t.Name); res != nil {
		enteredStatus(o, t, string(res.OID))
	} else if o.problem != nil {
		st.Reason = o.problem.Error()
	} else if i := lowestProblem(o, t.Name); i != "" {
		st.Reason = i
	}
	st.Live = fmt.Sprintf("%d/%d", v.Live, v.Total)
	if o.entered(t.Name) != nil {
		st.Live = fmt.Sprintf("0/%d", v.Total)
	}
	tierConditions(set, st, v)
}

// lowestProblem is why nothing new can come into the lowest tier.
func lowestProblem(o *outcome, tier string) string {
	if len(o.plan.Levels) > 0 && o.plan.Levels[0] == tier {
		return o.in.AppsProblem
	}
	return ""
}

// fromVerdict takes over what the planner says of a tier.
func fromVerdict(o *outcome, t *v1alpha1.Tier, v *release.Verdict) {
	st := &t.Status
	facts := o.in.Tiers[t.Name]
	if v.Release != nil {
		if st.Release == nil || *st.Release != v.Release.Release {
			since := metav1.NewMicroTime(facts.Facts.Since)
			st.Since = &since
		}
		rel := v.Release.Release
		st.Release, st.ShortRelease = &rel, rel.Apps.Short()
	} else if v.Phase == v1alpha1.TierEmpty {
		st.Release, st.ShortRelease, st.Since = nil, "", nil
	}
	st.Phase, st.Reason, st.Queued = v.Phase, v.Reason, v.Queued
	st.SystemCommit = facts.Branch.Head
	st.HealthySince = nil
	if !v.HealthySince.IsZero() {
		at := metav1.NewMicroTime(v.HealthySince)
		st.HealthySince = &at
	}
	st.Proven = nil
	if v.Proven != nil {
		st.Proven = &v1alpha1.ProvenRelease{Release: v.Proven.Release.Release, At: metav1.NewMicroTime(v.Proven.At), Evidence: v.Proven.Evidence}
	}
}

// enteredStatus says that a release has just entered.
func enteredStatus(o *outcome, t *v1alpha1.Tier, commit string) {
	st := &t.Status
	res := o.entered(t.Name)
	rel := res.Commit.Entry.Release.Release
	at := metav1.NewMicroTime(res.PushedAt)
	st.Release, st.ShortRelease, st.Since, st.HealthySince = &rel, rel.Apps.Short(), &at, nil
	st.Phase, st.Reason, st.Queued = v1alpha1.TierUpdating, res.Commit.Entry.Reason+", pushed", ""
	st.SystemCommit = commit
}

func tierConditions(set conditions.Set, st *v1alpha1.TierStatus, v *release.Verdict) {
	switch st.Phase {
	case v1alpha1.TierProven:
		set.Ready(st.Reason)
	case v1alpha1.TierDegraded, v1alpha1.TierBlocked:
		set.Stalled(string(st.Phase), st.Reason)
	case v1alpha1.TierEmpty, v1alpha1.TierUpdating, v1alpha1.TierSoaking:
		set.Reconciling(string(st.Phase), st.Reason)
	}
	if v.Violation != "" {
		set.True(v1alpha1.ConditionOrderViolated, "NeverRanBelow", v.Violation)
	} else {
		set.Absent(v1alpha1.ConditionOrderViolated)
	}
}

// tierEvents tells transitions, and nothing but transitions.
func (r *Reconciler) tierEvents(before, after *v1alpha1.Tier) {
	was, is := &before.Status, &after.Status
	if is.Phase != was.Phase || is.ShortRelease != was.ShortRelease {
		kind := corev1.EventTypeNormal
		if is.Phase == v1alpha1.TierDegraded || is.Phase == v1alpha1.TierBlocked {
			kind = corev1.EventTypeWarning
		}
		r.Events.Eventf(after, nil, kind, string(is.Phase), "Release", "%s %s: %s", is.ShortRelease, is.Phase, clip(is.Reason))
	}
	violated, still := conditionTrue(is.Conditions, v1alpha1.ConditionOrderViolated), conditionTrue(was.Conditions, v1alpha1.ConditionOrderViolated)
	if violated != "" && still == "" {
		r.Events.Eventf(after, nil, corev1.EventTypeWarning, "OrderViolated", "Release", "%s", clip(violated))
	}
}

// conditionTrue gives the message of a condition that is True, and otherwise nothing.
func conditionTrue(list []metav1.Condition, kind string) string {
	for i := range list {
		if list[i].Type == kind && list[i].Status == metav1.ConditionTrue {
			return list[i].Message
		}
	}
	return ""
}

// clip keeps a note within what an Event takes.
func clip(s string) string {
	const most = 900
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

func liveOf(o *outcome, tier string) int {
	if v := o.verdict(tier); v != nil {
		return v.Live
	}
	return 0
}

func totalOf(o *outcome, tier string) int {
	if v := o.verdict(tier); v != nil {
		return v.Total
	}
	return 0
}
