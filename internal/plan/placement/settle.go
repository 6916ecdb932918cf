package placement

import "slices"

// mostRounds bounds how often a plan that was hard to find is planned again.
const mostRounds = 6

// settle plans again from the plan, until that makes nothing better: where space is short, what was
// decided last may have made room for what was decided first. And what changes much to win nothing is
// dropped for what changes little; else two that fit only one at a time would take turns for ever.
func (p *planner) settle() {
	was := p
	if still := p.stillFrom(nil); slices.Compare(p.quality(), still.quality()) <= 0 {
		was = still
	}
	for range mostRounds {
		again := p.carriedOut(was)
		again.decide()
		if again.same(was) {
			break
		}
		better := slices.Compare(again.quality(), was.quality())
		if better < 0 || better == 0 && !p.in.Rebalance {
			still := p.stillFrom(was)
			if still.same(was) {
				break
			}
			if better < 0 {
				again = still
			}
		}
		for i, a := range again.aim {
			if a != 0 {
				p.aim[i] = a
			}
		}
		again.keepCuts(was)
		was = again
	}
	was.keepCuts(p)
	p.books, p.denied, p.cuts = was.books, was.denied, was.cuts
}

// stillFrom plans without moving anybody for others, from today or from what a planner has decided.
func (p *planner) stillFrom(was *planner) *planner {
	var still *planner
	if was != nil {
		still = p.carriedOut(was)
	} else {
		still = p.like()
		for i := range p.groups {
			g := &p.groups[i]
			still.groups[i] = group{given: g.given, class: g.class, sig: g.sig, weight: g.weight, fixed: g.fixed,
				current: g.current, gone: g.gone, serving: none, ref: none}
		}
	}
	still.calm = true
	still.decide()
	return still
}

// same says whether two planners have decided the same.
func (p *planner) same(other *planner) bool {
	for i := range p.held {
		if !slices.Equal(p.held[i], other.held[i]) {
			return false
		}
	}
	return true
}

// quality is what a plan is worth, the more important first: the load that is served, by priority; that
// which is not served by what is draining; how much is at home; how many copies there are.
func (p *planner) quality() []int64 {
	var ranks []int
	for i := range p.classes {
		ranks = append(ranks, -p.classes[i].Priority)
	}
	slices.Sort(ranks)
	ranks = slices.Compact(ranks)
	n := len(ranks)
	worth := make([]int64, 2*n+2)
	for i := range p.groups {
		g := &p.groups[i]
		if g.fixed || p.at[i] == none {
			continue
		}
		rank, _ := slices.BinarySearch(ranks, -p.priority(g))
		worth[rank] += g.weight
		if p.sets[p.at[i]].State != Draining {
			worth[n+rank] += g.weight
		}
		for k, name := range g.given.Home {
			if s, exists := p.setAt[name]; exists && slices.Contains(p.held[i], s) {
				worth[2*n]++
				if k == 0 && s == p.at[i] {
					worth[2*n]++
				}
			}
		}
		worth[2*n+1] += int64(len(p.held[i]))
	}
	return worth
}

// like returns a planner for the same fleet that has decided nothing.
func (p *planner) like() *planner {
	return &planner{in: p.in, nodes: p.nodes, clusters: p.clusters, sets: p.sets, setAt: p.setAt, classes: p.classes,
		sigs: p.sigs, mean: p.mean, uniform: p.uniform, order: p.order, groups: make([]group, len(p.groups))}
}

// carriedOut returns a planner for the same fleet when what another has decided is done.
func (p *planner) carriedOut(was *planner) *planner {
	next := p.like()
	next.search.work = was.search.work
	for i := range p.groups {
		from := len(next.arena)
		next.arena = was.final(int32(i), next.arena)
		g := &p.groups[i]
		next.groups[i] = group{given: g.given, class: g.class, sig: g.sig, weight: g.weight, fixed: g.fixed,
			current: next.arena[from:len(next.arena):len(next.arena)], serving: none, ref: none}
	}
	return next
}

// keepCuts takes over the explanations that another planner has found.
func (p *planner) keepCuts(from *planner) {
	for sig, c := range from.cuts {
		if p.cuts[sig] == nil {
			p.cuts[sig] = c
		}
	}
}
