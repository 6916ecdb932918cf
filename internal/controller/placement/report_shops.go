package placement

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/conditions"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/shops"
)

// shopTelling is how far the statuses of Shops have been written, for which outcome. A million take
// a while; they must not hold up a plan.
type shopTelling struct {
	of   string
	next int
}

// patience bounds the time that one reconcile spends on statuses of Shops.
const patience = 500 * time.Millisecond

// tellShops writes the statuses of the next few Shops that have changed, and says whether there are
// more to look at.
func (r *Reconciler) tellShops(ctx context.Context, s *step) (bool, error) {
	v := newShopView(s)
	of := s.ws.resolved.of + v.unplacedSignature(s)
	if s.ws.telling == nil || s.ws.telling.of != of {
		s.ws.telling = &shopTelling{of: of}
	}
	t, started, written := s.ws.telling, r.Clock.Now(), 0
	for ; t.next < len(s.objects.Shops); t.next++ {
		const few = 256 // between two looks at the clock
		if written >= r.ShopStatuses || ((written > 0 || t.next%few == few-1) && r.Clock.Since(started) > patience) {
			return true, nil
		}
		shop := &s.objects.Shops[t.next]
		after := shop.Status.DeepCopy()
		v.status(shop, after, s.set(&after.Conditions, shop.Generation))
		if sameStatus(&shop.Status, after) {
			continue
		}
		written++
		if err := r.writeShop(ctx, shop, after); err != nil {
			return true, err
		}
	}
	return false, nil
}

func sameStatus(a, b *v1alpha1.ShopStatus) bool {
	return a.Group == b.Group && a.ObservedGeneration == b.ObservedGeneration &&
		slices.EqualFunc(a.Conditions, b.Conditions, func(x, y metav1.Condition) bool {
			return x.Type == y.Type && x.Status == y.Status && x.Reason == y.Reason && x.Message == y.Message
		})
}

// writeShop writes one status. The Shop is a shallow copy of what is in the cache.
func (r *Reconciler) writeShop(ctx context.Context, shop *v1alpha1.Shop, status *v1alpha1.ShopStatus) error {
	before := shop.DeepCopy()
	after := shop.DeepCopy()
	after.Status = *status
	if err := r.Client.Status().Patch(ctx, after, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("writing the status of Shop %s: %w", shop.Name, err)
	}
	was, is := find(before.Status.Conditions, v1alpha1.ConditionStalled), find(status.Conditions, v1alpha1.ConditionStalled)
	if is != nil && (was == nil || was.Reason != is.Reason) {
		r.Events.Eventf(after, nil, corev1.EventTypeWarning, is.Reason, "Place", "%s", clip(is.Message))
	}
	shop.Status = *status
	return nil
}

// shopView finds what there is to say of a Shop.
type shopView struct {
	shops    []shops.Shop
	findings []convention.Finding
	unplaced map[string]string
}

func newShopView(s *step) shopView {
	v := shopView{shops: s.resolved.Shops, findings: s.resolved.Findings, unplaced: map[string]string{}}
	routed := map[string]bool{}
	for _, g := range s.ws.today.table.Groups {
		routed[g.Name] = true
	}
	for _, g := range s.resolved.Groups {
		if !routed[g.Name] {
			v.unplaced[g.Name] = "no ShopSet can take it yet"
		}
	}
	for _, u := range s.plan.Unplaced {
		if v.unplaced[u.Group] != "" {
			v.unplaced[u.Group] = u.Reason
		}
	}
	return v
}

// unplacedSignature names the groups without a place, so that it is told when that changes.
func (v shopView) unplacedSignature(s *step) string {
	var b strings.Builder
	for _, g := range s.resolved.Groups {
		if why, ok := v.unplaced[g.Name]; ok {
			b.WriteString("\n" + g.Name + why)
		}
	}
	return b.String()
}

// status says which group a Shop is in, and what is wrong with it, if anything is.
func (v shopView) status(shop *v1alpha1.Shop, st *v1alpha1.ShopStatus, set conditions.Set) {
	st.ObservedGeneration = shop.Generation
	i, routed := slices.BinarySearchFunc(v.shops, shop.Name, func(s shops.Shop, name string) int { return strings.Compare(s.Name, name) })
	st.Group = ""
	if routed {
		st.Group = v.shops[i].Group
	}
	problem := v.problem(shop.Name)
	why, waits := v.unplaced[st.Group]
	switch {
	case shop.DeletionTimestamp != nil:
		set.Reconciling("Deleting", "leaving the routing table")
	case problem != "" && routed && v.shops[i].Kept:
		set.Stalled("ConventionBroken", problem+"; until then it is served as before")
	case problem != "":
		set.Stalled("ConventionBroken", problem)
	case !routed:
		set.Reconciling("NotRouted", "it has no placement group yet")
	case waits:
		set.Reconciling("Unplaced", why)
	default:
		set.Ready("routed")
	}
}

// problem joins the findings of one Shop, which are in the order of names.
func (v shopView) problem(name string) string {
	i, _ := slices.BinarySearchFunc(v.findings, name, func(f convention.Finding, name string) int { return strings.Compare(f.Name, name) })
	var out []string
	for ; i < len(v.findings) && v.findings[i].Name == name; i++ {
		if v.findings[i].Kind == convention.KindShop {
			out = append(out, v.findings[i].Message)
		}
	}
	return strings.Join(out, "; ")
}
