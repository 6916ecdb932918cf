package placement

import (
	"cmp"
	"fmt"
	"slices"
)

// report turns what was decided into a plan: what changes, what is missing, and why.
func (p *planner) report() {
	p.plan.Placements = make([]Placement, len(p.groups))
	w := newExplainer(p)
	names := make([]string, 0, 2*len(p.groups))
	var final []int32
	for i := range p.groups {
		at := int32(i)
		final = p.final(at, final[:0])
		from := len(names)
		for _, s := range final {
			names = append(names, p.sets[s].Name)
		}
		p.plan.Placements[i] = Placement{Group: p.groups[i].given.Name}
		if len(final) > 0 {
			p.plan.Placements[i].ShopSets = names[from:len(names):len(names)]
		}
		p.reportChange(at, final, w)
		p.reportLack(at, final, w)
	}
	p.forcedByLoad()
	p.reportHeadroom()
	p.reportLoads()
	w.shortages()
	p.plan.Findings = tidyFindings(p.plan.Findings)
}

// final returns the copies of a group and, where some are missing, those of its ShopSets that are
// down: they count again when they come back.
func (p *planner) final(i int32, into []int32) []int32 {
	g := &p.groups[i]
	if p.in.Freeze != "" && len(g.current) > 0 || g.fixed {
		return append(into, g.current...)
	}
	into = append(into, p.held[i]...)
	zone := p.classes[g.class].zone
	from := len(into) - len(p.held[i])
	for _, s := range g.down {
		if len(into)-from < p.sigs[g.sig].copies && !shares(zone, into[from:], s) {
			into = append(into, s)
		}
	}
	return into
}

// reportChange writes down how a group gets from where it is to where it shall be.
func (p *planner) reportChange(i int32, final []int32, w *explainer) {
	g := &p.groups[i]
	if slices.Equal(final, g.current) && g.gone == "" || g.fixed {
		return
	}
	var added []int32
	for _, s := range final {
		if !slices.Contains(g.current, s) {
			added = append(added, s)
		}
	}
	must := p.mustMove(i, final)
	p.plan.MustMove += must
	p.plan.MustMoveWeight += int64(must) * g.weight
	if len(added) > 0 {
		left := p.left(g, final)
		for k, s := range added {
			m := Move{Group: g.given.Name, To: p.sets[s].Name, Shops: g.given.Shops, Weight: g.weight, Must: k < must}
			if k < len(left) {
				m.From = left[k]
			}
			m.Reason = w.move(i, m.From, s, final)
			p.plan.Moves = append(p.plan.Moves, m)
		}
	}
	was := g.given.Current
	if len(final) > 0 && len(was) > 0 && was[0] != p.sets[final[0]].Name && slices.Contains(g.current, final[0]) {
		p.plan.Switches = append(p.plan.Switches, Switch{Group: g.given.Name, From: was[0], To: p.sets[final[0]].Name,
			Shops: g.given.Shops, Weight: g.weight, Reason: w.switched(i, was[0], final[0])})
	}
}

// left returns the names of what a group leaves, those first that it must leave.
func (p *planner) left(g *group, final []int32) []string {
	type exit struct {
		name string
		rank int
	}
	var exits []exit
	for k, name := range g.given.Current {
		s, exists := p.setAt[name]
		if exists && slices.Contains(final, s) || slices.Contains(g.given.Current[:k], name) {
			continue
		}
		rank := 2
		switch {
		case exists && slices.Contains(g.usable, s):
			rank = 3
		case k == 0 && !slices.Contains(g.current, final[0]):
			rank = 0 // who served it hands over to who serves it
		case !exists || !slices.Contains(g.draining, s):
			rank = 1
		}
		exits = append(exits, exit{name, rank})
	}
	slices.SortStableFunc(exits, func(a, b exit) int { return cmp.Compare(a.rank, b.rank) })
	names := make([]string, len(exits))
	for k, e := range exits {
		names[k] = e.name
	}
	return names
}

// reportLack writes down what a group lacks of what its class asks for.
func (p *planner) reportLack(i int32, final []int32, w *explainer) {
	g := &p.groups[i]
	if p.at[i] == none {
		p.plan.Unplaced = append(p.plan.Unplaced, Unplaced{Group: g.given.Name, Shops: g.given.Shops, Weight: g.weight,
			Reason: w.unplaced(i, final)})
		return
	}
	if g.fixed {
		return
	}
	alive := len(p.held[i])
	if missing := p.sigs[g.sig].copies - alive; missing > 0 {
		p.plan.Debts = append(p.plan.Debts, Debt{Group: g.given.Name, Missing: missing, Shops: g.given.Shops, Weight: g.weight,
			Reason: w.debt(i, missing)})
	}
	w.lingers(i)
}

// numbered is "2 of 3 copies".
func numbered(have, want int) string {
	if want == 1 {
		return "its copy"
	}
	return fmt.Sprintf("%d of %d copies", have, want)
}
