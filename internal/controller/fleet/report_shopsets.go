package fleet

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/conditions"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/system"
)

func (r *Reconciler) tellShopSets(ctx context.Context, o *outcome) error {
	for i := range o.objects.ShopSets {
		s := &o.objects.ShopSets[i]
		before := s.DeepCopy()
		shopSetStatus(o, s)
		if err := r.write(ctx, before, s); err != nil {
			return err
		}
		r.stalledEvent(s, before.Status.Conditions, s.Status.Conditions)
	}
	return nil
}

func shopSetStatus(o *outcome, s *v1alpha1.ShopSet) {
	st := &s.Status
	st.ObservedGeneration = s.Generation
	set := o.set(&st.Conditions, s.Generation)
	note, planned := o.plan.Notes[s.Name]
	judged := o.in.Tiers[s.Spec.Tier].Judged[s.Name]
	if planned && note.Waiting == "" {
		st.Rendered = note.Rendered
	}
	running(o, s, judged)
	handEdited(o, s, note)
	shopSetCondition(o, s, set, note, judged)
}

// running takes over what is known of what runs.
func running(o *outcome, s *v1alpha1.ShopSet, judged release.ShopSet) {
	st := &s.Status
	st.Health = string(judged.Health)
	if judged.Running != "" {
		st.Release = judged.Running.Short()
	}
	wasLive := st.Live
	st.Live = judged.AtRelease && o.entered(s.Spec.Tier) == nil
	if !st.Live {
		st.LiveSince = nil
	} else if !wasLive || st.LiveSince == nil {
		at := metav1.NewMicroTime(o.now)
		st.LiveSince = &at
	}
}

// shopSetCondition says the most telling thing about a ShopSet.
func shopSetCondition(o *outcome, s *v1alpha1.ShopSet, set conditions.Set, note system.Note, judged release.ShopSet) {
	switch problem := o.findings(convention.KindShopSet, s.Name); {
	case s.DeletionTimestamp != nil:
		set.Reconciling("Deleting", deleting(o, s))
	case problem != "":
		set.Stalled("ConventionBroken", problem)
	case note.Waiting != "":
		set.Reconciling("Waiting", note.Waiting)
	case len(note.Removed) > 0:
		set.Stalled("RemovedByHand", strings.Join(note.Removed, ", ")+" was removed from Git by hand and stays removed: delete this ShopSet, or change its spec to bring it back")
	case judged.Broken:
		set.Stalled("CannotBuild", judged.Why)
	case judged.AtRelease && judged.Health == release.Degraded:
		set.Stalled("Degraded", "Argo CD says Degraded: "+judged.Why)
	case judged.AtRelease && judged.Health == release.Healthy:
		set.Ready("runs the release of tier " + s.Spec.Tier)
	case judged.AtRelease:
		set.Reconciling(string(judged.Health), "Argo CD says "+string(judged.Health)+": "+judged.Why)
	default:
		set.Reconciling("Updating", judged.Why)
	}
}

// deleting says what a ShopSet waits for that is being deleted.
func deleting(o *outcome, s *v1alpha1.ShopSet) string {
	switch groups := o.in.Holding[s.Name]; {
	case o.in.RoutesProblem != "":
		return o.in.RoutesProblem + "; it stays until that is mended"
	case groups > 0:
		return fmt.Sprintf("draining: the routing table still names it for %d placement groups; it stays until they are served elsewhere", groups)
	case o.in.EdgesBehind() != "":
		return "draining: " + o.in.EdgesBehind() + "; it stays until they do"
	}
	return "leaving Git, then the cluster"
}

func handEdited(o *outcome, s *v1alpha1.ShopSet, note system.Note) {
	set := o.set(&s.Status.Conditions, s.Generation)
	if len(note.Edited) == 0 {
		set.Absent(v1alpha1.ConditionHandEdited)
		return
	}
	set.True(v1alpha1.ConditionHandEdited, "EditedInGit",
		strings.Join(note.Edited, ", ")+" was edited by hand and is kept as it is until this ShopSet's spec changes")
}
