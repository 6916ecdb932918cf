package placement

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/conditions"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/evidence"
	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/internal/statuswrite"
)

// standing is how the shops of a class stand in the table that is in force.
type standing struct {
	groups, shops, redundant, served int
}

// tellClasses tells how the shops of each class stand.
func (r *Reconciler) tellClasses(ctx context.Context, s *step) error {
	stand := s.standings()
	findings := s.classFindings()
	for i := range s.objects.ShopClasses {
		c := &s.objects.ShopClasses[i]
		before := c.DeepCopy()
		st := &c.Status
		n := stand[c.Name]
		st.ObservedGeneration = c.Generation
		st.Shops, st.Redundant, st.Served = int32(n.shops), int32(n.redundant), int32(n.served) //nolint:gosec // G115: bounded by the objects in memory
		classCondition(s, c, n, findings[c.Name], s.set(&st.Conditions, c.Generation))
		w := statuswrite.Writer{Client: r.Client, Live: r.Live, Mine: func(string) bool { return true }}
		if err := w.Write(ctx, before, c); err != nil {
			return err
		}
		was, is := find(before.Status.Conditions, v1alpha1.ConditionReady), find(st.Conditions, v1alpha1.ConditionReady)
		if was != nil && (was.Status != is.Status || was.Reason != is.Reason) {
			kind := corev1.EventTypeNormal
			if is.Status != "True" {
				kind = corev1.EventTypeWarning
			}
			r.Events.Eventf(c, nil, kind, is.Reason, "Place", "%s", clip(is.Message))
		}
	}
	return nil
}

// classFindings are broken rules of classes, in words.
func (s *step) classFindings() map[string]string {
	o := s.objects
	o.Shops = nil // theirs are told of one by one
	out := map[string]string{}
	add := func(name, message string) {
		if out[name] != "" {
			out[name] += "; "
		}
		out[name] += message
	}
	for _, f := range convention.Findings(o) {
		if f.Kind == convention.KindShopClass {
			add(f.Name, f.Message)
		}
	}
	for _, f := range s.plan.Findings {
		if f.Kind == convention.KindShopClass && out[f.Name] == "" {
			add(f.Name, fmt.Sprintf("%s: %s; %s", f.Field, f.Problem, f.Next))
		}
	}
	return out
}

// standings count shops by class.
func (s *step) standings() map[string]standing {
	copies := map[string]int{}
	for _, c := range s.resolved.Classes {
		copies[c.Name] = max(c.Copies, 1)
	}
	rows := map[string]routes.Group{}
	for _, g := range s.ws.today.table.Groups {
		rows[g.Name] = g
	}
	down := map[string]bool{}
	for _, v := range s.verdicts.ShopSets {
		down[v.Name] = v.State == evidence.Down
	}
	out := map[string]standing{}
	for _, g := range s.resolved.Groups {
		n, want, live := out[g.Class], copies[g.Class], 0
		if len(g.Pin) > 0 {
			want = min(want, len(g.Pin))
		}
		for _, name := range rows[g.Name].ShopSets {
			if !down[name] {
				live++
			}
		}
		n.groups++
		n.shops += g.Shops
		if live > 0 {
			n.served += g.Shops
		}
		if live >= want {
			n.redundant += g.Shops
		}
		out[g.Class] = n
	}
	return out
}

// classCondition says the most telling thing about a class.
func classCondition(s *step, c *v1alpha1.ShopClass, n standing, finding string, set conditions.Set) {
	short := shortage(s, c.Name)
	switch {
	case finding != "":
		set.Stalled("ConventionBroken", finding)
	case n.served < n.shops:
		set.Stalled("NotServed", fmt.Sprintf("%d of %d shops are not served: %s", n.shops-n.served, n.shops, because(short, s, c.Name)))
	case short != "":
		set.Stalled("Shortage", short)
	case n.redundant < n.shops:
		set.Reconciling("LessRedundancy", fmt.Sprintf("%d of %d shops have fewer than %d domains: %s", n.shops-n.redundant, n.shops, c.Spec.Domains, because("", s, c.Name)))
	case n.shops == 0:
		set.Ready("no shops yet")
	default:
		set.Ready(fmt.Sprintf("%d shops in %d groups, each on %d ShopSets", n.shops, n.groups, max(c.Spec.Domains, 1)))
	}
}

func shortage(s *step, class string) string {
	var out []string
	for _, short := range s.plan.Shortages {
		if short.Class == class {
			out = append(out, short.Message)
		}
	}
	return strings.Join(out, "; ")
}

// because finds the best reason that the plan gives for what a class lacks.
func because(shortage string, s *step, class string) string {
	if shortage != "" {
		return shortage
	}
	for _, u := range s.plan.Unplaced {
		if routes.ClassOf(u.Group) == class {
			return u.Reason
		}
	}
	for _, d := range s.plan.Debts {
		if routes.ClassOf(d.Group) == class {
			return d.Reason
		}
	}
	switch {
	case s.verdicts.Frozen != "":
		return s.verdicts.Frozen
	case s.problem != nil:
		return s.problem.Error()
	}
	return "they are being placed"
}
