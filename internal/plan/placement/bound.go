package placement

import (
	"cmp"
	"slices"
)

// mustMove is how many copies of a group have to come to a ShopSet that does not hold it, whatever
// one does, so that it has as many as it gets: all but those that it can keep. What takes it home is
// not a choice either.
func (p *planner) mustMove(i int32, final []int32) int {
	g := &p.groups[i]
	if p.at[i] == none {
		return 0
	}
	alive := p.held[i]
	zone := p.classes[g.class].zone
	keep := 0
	var seen []int32
	for _, s := range g.current {
		state := p.sets[s].State
		if !p.sigs[g.sig].allowed[s] || state == Down || shares(zone, seen, s) {
			continue
		}
		if state == Draining && !slices.Contains(alive, s) {
			continue
		}
		seen = append(seen, s)
		keep++
	}
	must := max(0, len(alive)-keep)
	if g.returning {
		homes := 0
		for _, name := range g.given.Home {
			if s, exists := p.setAt[name]; exists && slices.Contains(final, s) && !slices.Contains(g.current, s) {
				homes++
			}
		}
		must = max(must, homes)
	}
	moved := 0
	for _, s := range final {
		if !slices.Contains(g.current, s) {
			moved++
		}
	}
	return min(must, moved)
}

// forcedByLoad adds to the lower bound what must leave a ShopSet because more load has nothing but it
// than it can take: of the groups that have no other ShopSet, so many that the rest fits.
func (p *planner) forcedByLoad() {
	if p.in.Freeze != "" {
		return
	}
	only := make([][]int32, len(p.sets))
	for i := range p.groups {
		g := &p.groups[i]
		if g.fixed || g.returning || p.at[i] == none || len(g.usable) != 1 || len(g.draining) > 0 || g.kept < g.want {
			continue
		}
		if s := g.usable[0]; slices.Contains(g.current, s) {
			only[s] = append(only[s], int32(i))
		}
	}
	for s, groups := range only {
		load := -p.sets[s].Capacity
		for _, i := range groups {
			load += p.groups[i].weight
		}
		if load <= 0 {
			continue
		}
		p.plan.MustMoveWeight += load
		slices.SortFunc(groups, func(a, b int32) int { return cmp.Compare(p.groups[b].weight, p.groups[a].weight) })
		for _, i := range groups {
			if load <= 0 {
				break
			}
			load -= p.groups[i].weight
			p.plan.MustMove++
		}
	}
}
