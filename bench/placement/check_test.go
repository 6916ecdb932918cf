package placement

import (
	"fmt"
	"testing"

	"shopset.dev/shopset/internal/plan/placement"
)

// figures are what is told of a plan beside the time that it took.
type figures struct {
	moves, must, switches, violations int
	// fullest ShopSet of the worse tier, in parts of the mean of those that take load.
	fullest float64
	// shortfall of headroom over all domains, in parts of all load.
	shortfall float64
}

// measure looks at a plan with code of its own and counts what it finds. Each violation is told.
func measure(tb testing.TB, in placement.Input, plan placement.Plan) figures {
	tb.Helper()
	f := figures{moves: len(plan.Moves), must: plan.MustMove, switches: len(plan.Switches)}
	say := func(format string, args ...any) {
		if f.violations++; f.violations < 5 {
			tb.Logf(format, args...)
		}
	}
	w := newWorld(in)
	loads := map[string]int64{}
	if len(plan.Placements) != len(in.Groups) {
		say("%d placements for %d groups", len(plan.Placements), len(in.Groups))
	}
	for _, p := range plan.Placements {
		g := in.Groups[w.group[p.Group]]
		class := w.class[g.Class]
		if len(p.ShopSets) != class.Copies {
			say("%s has %d copies of %d", p.Group, len(p.ShopSets), class.Copies)
			continue
		}
		loads[p.ShopSets[0]] += g.Weight
		for k, name := range p.ShopSets {
			w.checkCopy(g, name, p.ShopSets[:k], say)
		}
	}
	for _, s := range in.ShopSets {
		if loads[s.Name] > s.Capacity {
			say("%s serves %d of %d", s.Name, loads[s.Name], s.Capacity)
		}
	}
	f.fullest = w.fullest(loads)
	total, short := int64(0), int64(0)
	for _, g := range in.Groups {
		total += g.Weight
	}
	for _, h := range plan.Headroom {
		short += h.Shortfall
	}
	f.shortfall = float64(short) / float64(total)
	return f
}

type world struct {
	in    placement.Input
	group map[string]int
	class map[string]placement.Class
	set   map[string]placement.ShopSet
	site  map[string]string
}

func newWorld(in placement.Input) *world {
	w := &world{in: in, group: map[string]int{}, class: map[string]placement.Class{}, set: map[string]placement.ShopSet{}, site: map[string]string{}}
	for i, g := range in.Groups {
		w.group[g.Name] = i
	}
	for _, c := range in.Classes {
		w.class[c.Name] = c
	}
	for _, s := range in.ShopSets {
		w.set[s.Name] = s
	}
	for _, c := range in.Clusters {
		w.site[c.Name] = c.Domain
	}
	return w
}

func (w *world) checkCopy(g placement.Group, name string, before []string, say func(string, ...any)) {
	s, exists := w.set[name]
	class := w.class[g.Class]
	if !exists || s.Tier != class.Tier {
		say("%s is on %s of tier %q", g.Name, name, s.Tier)
	}
	if s.State != placement.Active {
		say("%s is on %s, which is %s", g.Name, name, s.State)
	}
	for _, other := range before {
		o := w.set[other]
		if o.Cluster == s.Cluster || class.Name == "early" && w.site[o.Cluster] == w.site[s.Cluster] {
			say("%s is on %s and %s, which fail together", g.Name, other, name)
		}
	}
}

// fullest returns how full the fullest ShopSet is, in parts of the mean of its tier.
func (w *world) fullest(loads map[string]int64) float64 {
	load, room, most := map[string]int64{}, map[string]int64{}, map[string]float64{}
	for _, s := range w.in.ShopSets {
		if s.State != placement.Active {
			continue
		}
		load[s.Tier] += loads[s.Name]
		room[s.Tier] += s.Capacity
		most[s.Tier] = max(most[s.Tier], float64(loads[s.Name])/float64(s.Capacity))
	}
	worst := 0.0
	for tier, m := range most {
		worst = max(worst, m*float64(room[tier])/float64(load[tier]))
	}
	return worst
}

func (f figures) String() string {
	return fmt.Sprintf("%d moves of %d, %d switches, fullest %.3f, shortfall %.4f, %d violations",
		f.moves, f.must, f.switches, f.fullest, f.shortfall, f.violations)
}
