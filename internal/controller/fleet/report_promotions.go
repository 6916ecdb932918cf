package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/conditions"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/system"
)

// tellPromotions keeps a record of every tier's present tenure: made from Git, so that one which
// was never written, because somebody pushed by hand or we died after the push, is written now.
func (r *Reconciler) tellPromotions(ctx context.Context, o *outcome) error {
	for _, tier := range o.plan.Levels {
		facts := o.in.Tiers[tier].Facts
		cur := facts.Current()
		if cur == nil || facts.Blocked != "" {
			continue
		}
		if err := r.record(ctx, o, tier, cur); err != nil {
			return err
		}
	}
	if err := r.answer(ctx, o); err != nil {
		return err
	}
	return r.prune(ctx, o)
}

// record writes one tenure's Promotion.
func (r *Reconciler) record(ctx context.Context, o *outcome, tier string, cur *release.Tenure) error {
	p := o.promotionOf(cur)
	if p == nil {
		p = &v1alpha1.Promotion{
			ObjectMeta: metav1.ObjectMeta{Namespace: o.fleet.Namespace, Name: fmt.Sprintf("%s-%.10s", tier, cur.Commit),
				Labels: map[string]string{v1alpha1.LabelTier: tier}},
			Spec: v1alpha1.PromotionSpec{Tier: tier, Apps: string(cur.Apps)},
		}
		if err := r.Client.Create(ctx, p); err != nil {
			if apierrors.IsAlreadyExists(err) {
				return nil // the cache will show it next time
			}
			return fmt.Errorf("recording the promotion to tier %s: %w", tier, err)
		}
	}
	before := p.DeepCopy()
	st := &p.Status
	rel := cur.Release.Release
	st.ObservedGeneration, st.Release, st.ShortRelease = p.Generation, &rel, rel.Apps.Short()
	st.Commit, st.From, st.Actor, st.Evidence = cur.Commit, cur.From, cur.Actor, cur.Evidence
	if st.PushedAt == nil {
		pushed := metav1.NewMicroTime(cur.Entered)
		if at := r.workspaces.pushedAt(o.fleet.Namespace, cur.Commit); !at.IsZero() {
			pushed = metav1.NewMicroTime(at)
		}
		st.PushedAt = &pushed
		if !cur.GatesPassed.IsZero() {
			at := metav1.NewMicroTime(cur.GatesPassed)
			st.GatesPassedAt = &at
			r.Metrics.Promotion(o.fleet.Namespace, tier, "overhead", pushed.Sub(cur.GatesPassed))
		}
	}
	r.progress(o, tier, p)
	return r.write(ctx, before, p)
}

// progress brings phase and times up to what the tier's verdict says. The verdict is about this
// tenure also when a newer release has entered since: often it could enter because this one had
// just been proven.
func (r *Reconciler) progress(o *outcome, tier string, p *v1alpha1.Promotion) {
	st, v := &p.Status, o.verdict(tier)
	now := metav1.NewMicroTime(o.now)
	live := func() {
		if st.LiveAt == nil {
			st.LiveAt = &now
			if !v.HealthySince.IsZero() && v.HealthySince.Before(o.now) && v.HealthySince.After(st.PushedAt.Time) {
				at := metav1.NewMicroTime(v.HealthySince)
				st.LiveAt = &at
			}
			r.Metrics.Promotion(o.fleet.Namespace, tier, "live", st.LiveAt.Sub(st.PushedAt.Time))
		}
	}
	st.Message = v.Reason
	switch v.Phase {
	case v1alpha1.TierSoaking:
		live()
		st.Phase = v1alpha1.PromotionLive
	case v1alpha1.TierProven:
		live()
		if st.ProvenAt == nil {
			st.ProvenAt = &now
			if v.Proven != nil {
				at := metav1.NewMicroTime(v.Proven.At)
				st.ProvenAt = &at
			}
			r.Metrics.Promotion(o.fleet.Namespace, tier, "proven", st.ProvenAt.Sub(st.LiveAt.Time))
		}
		st.Phase = v1alpha1.PromotionProven
	case v1alpha1.TierDegraded:
		st.Phase = v1alpha1.PromotionFailed
	case v1alpha1.TierEmpty, v1alpha1.TierUpdating, v1alpha1.TierBlocked:
		st.Phase = v1alpha1.PromotionPushed
	}
	promotionCondition(o.set(&st.Conditions, p.Generation), st)
}

// answer tells requests what they wait for, and refuses those that cannot be granted.
func (r *Reconciler) answer(ctx context.Context, o *outcome) error {
	refused := map[string]string{}
	for _, f := range o.plan.Release.Refuse {
		refused[f.Request] = f.Reason
	}
	current := o.currentCommits()
	for i := range o.objects.Promotions {
		p := &o.objects.Promotions[i]
		before := p.DeepCopy()
		st := &p.Status
		switch {
		case st.Commit != "":
			if !current[st.Commit] && (st.Phase == v1alpha1.PromotionPushed || st.Phase == v1alpha1.PromotionLive) {
				st.Phase, st.Message = v1alpha1.PromotionSuperseded, "a newer release took its place before it was proven"
			}
		case o.findings("Promotion", p.Name) != "":
			st.Phase, st.Message = v1alpha1.PromotionRefused, o.findings("Promotion", p.Name)
		case refused[p.Name] != "":
			st.Phase, st.Message = v1alpha1.PromotionRefused, refused[p.Name]
		case st.Phase == "" || st.Phase == v1alpha1.PromotionPending:
			st.Phase = v1alpha1.PromotionPending
			if v := o.verdict(p.Spec.Tier); v != nil {
				st.Message = v.Reason
			}
		}
		if st.Phase != before.Status.Phase || st.Message != before.Status.Message {
			st.ObservedGeneration = p.Generation
			promotionCondition(o.set(&st.Conditions, p.Generation), st)
		}
		if err := r.write(ctx, before, p); err != nil {
			return err
		}
	}
	return nil
}

// prune deletes the oldest finished Promotions of each tier beyond the limit.
func (r *Reconciler) prune(ctx context.Context, o *outcome) error {
	limit := int(o.fleet.Spec.PromotionHistoryLimit)
	if limit == 0 {
		return nil
	}
	current := o.currentCommits()
	byTier := map[string][]*v1alpha1.Promotion{}
	for i := range o.objects.Promotions {
		p := &o.objects.Promotions[i]
		if p.Status.Phase != "" && p.Status.Phase != v1alpha1.PromotionPending && !current[p.Status.Commit] {
			byTier[p.Spec.Tier] = append(byTier[p.Spec.Tier], p)
		}
	}
	for _, list := range byTier {
		slices.SortFunc(list, func(a, b *v1alpha1.Promotion) int {
			return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
		})
		for _, p := range list[min(limit, len(list)):] {
			if err := r.Client.Delete(ctx, p); client.IgnoreNotFound(err) != nil {
				return fmt.Errorf("deleting the old Promotion %s: %w", p.Name, err)
			}
		}
	}
	return nil
}

// promotionOf finds the record of a tenure, or the request that led to it.
func (o *outcome) promotionOf(cur *release.Tenure) *v1alpha1.Promotion {
	for i := range o.objects.Promotions {
		p := &o.objects.Promotions[i]
		if p.Status.Commit == cur.Commit || (p.Status.Commit == "" && cur.Request == p.Name && cur.Actor == system.Actor) {
			return p
		}
	}
	return nil
}

func (o *outcome) currentCommits() map[string]bool {
	out := map[string]bool{}
	for _, tier := range o.plan.Levels {
		facts := o.in.Tiers[tier].Facts
		if cur := facts.Current(); cur != nil {
			out[cur.Commit] = true
		}
	}
	return out
}

// pushedAt is when we pushed a commit, more exactly than the commit can say; zero if we did not.
func (w *workspaces) pushedAt(namespace, commit string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ws := w.byNamespace[namespace]; ws != nil {
		return ws.pushes[commit]
	}
	return time.Time{}
}

func promotionCondition(set conditions.Set, st *v1alpha1.PromotionStatus) {
	switch st.Phase {
	case v1alpha1.PromotionProven:
		set.Ready(st.Message)
	case v1alpha1.PromotionFailed, v1alpha1.PromotionRefused, v1alpha1.PromotionSuperseded:
		set.Stalled(string(st.Phase), st.Message)
	case v1alpha1.PromotionPending, v1alpha1.PromotionPushed, v1alpha1.PromotionLive:
		set.Reconciling(string(st.Phase), st.Message)
	}
}
