package shops

import (
	"cmp"
	"slices"
	"strings"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/placement"
)

// groups adds the routed shops up.
func (r *resolver) groups(routed []Shop) []Group {
	index := make(map[string]int32, len(r.rows))
	var out []Group
	for i := range routed {
		s := &routed[i]
		at, seen := index[s.Group]
		if !seen {
			at = int32(len(out)) //nolint:gosec // there are not that many groups
			index[s.Group] = at
			out = append(out, Group{Name: s.Group, Class: s.Class, Current: r.rows[s.Group]})
		}
		out[at].Weight += s.Weight
		out[at].Shops++
	}
	r.single(out, index)
	r.inherit(out, index)
	slices.SortFunc(out, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// single gives groups of one shop their pins and avoidances.
func (r *resolver) single(groups []Group, index map[string]int32) {
	for i := range r.shops {
		c := &r.shops[i]
		if !c.alone {
			continue
		}
		at, ok := index[c.Group]
		if !ok {
			continue
		}
		g := &groups[at]
		g.Avoid = slices.Clone(c.object.Spec.Avoid)
		g.Pin = r.rules.Pinned(c.object)
		if len(c.object.Spec.Pin) > 0 && len(g.Pin) == 0 {
			// Nowhere it may be: it stays where it is, rather than among others.
			g.Pin = slices.Clone(r.rows[c.Group])
			if len(g.Pin) == 0 {
				g.Pin = slices.Clone(c.object.Spec.Pin)
			}
		}
	}
}

// inherit lets groups that are new to the table begin where most of their load is today: twice as
// many buckets, a shop that got a group of its own, or a class that was renamed move nothing.
func (r *resolver) inherit(groups []Group, index map[string]int32) {
	from := make(map[int32]map[string]int64)
	for i := range r.shops {
		c := &r.shops[i]
		if !c.regrouped || c.wasGroup == "" {
			continue
		}
		at, ok := index[c.Group]
		if !ok {
			continue
		}
		if from[at] == nil {
			from[at] = make(map[string]int64)
		}
		from[at][c.wasGroup] += c.Weight
	}
	for at, weights := range from {
		best := ""
		for group, weight := range weights {
			if best == "" || cmp.Or(cmp.Compare(weight, weights[best]), strings.Compare(best, group)) > 0 {
				best = group
			}
		}
		groups[at].Current = r.rows[best]
	}
}

// placed gives the classes as the planner sees them, by name.
func (r *resolver) placed(o convention.Objects, groups []Group) []placement.Class {
	var out []placement.Class
	for _, class := range r.classes {
		out = append(out, plannerClass(class, class.Spec.Tier))
	}
	tiers := make(map[string]string, len(o.ShopSets))
	for i := range o.ShopSets {
		tiers[o.ShopSets[i].Name] = o.ShopSets[i].Spec.Tier
	}
	gone := make(map[string]placement.Class)
	for _, g := range groups {
		if r.classes[g.Class] != nil {
			continue
		}
		c, seen := gone[g.Class]
		if !seen {
			c = r.lost(o, g.Class)
		}
		for _, name := range g.Current {
			c.Tier = cmp.Or(c.Tier, tiers[name])
		}
		c.Copies = max(c.Copies, len(g.Current), 1)
		gone[g.Class] = c
	}
	for _, c := range gone {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b placement.Class) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// lost stands in for a class that is gone or has no tier: as its shops are served, so it was.
func (r *resolver) lost(o convention.Objects, name string) placement.Class {
	for i := range o.ShopClasses {
		if o.ShopClasses[i].Name == name {
			return plannerClass(&o.ShopClasses[i], "")
		}
	}
	return placement.Class{Name: name, Spread: []placement.Spread{{Level: convention.ClusterLevel}}}
}

func plannerClass(c *v1alpha1.ShopClass, tier string) placement.Class {
	out := placement.Class{Name: c.Name, Tier: tier, Copies: max(int(c.Spec.Domains), 1), Priority: int(c.Spec.Priority)}
	for _, s := range c.Spec.Spread {
		out.Spread = append(out.Spread, placement.Spread{Level: s.Level, Required: s.Mode != v1alpha1.SpreadPreferred})
	}
	return out
}
