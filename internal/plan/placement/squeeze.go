package placement

import (
	"cmp"
	"slices"
)

// squeeze makes room for a heavy group by sending several lighter ones away, each straight to where
// there is room. A path cannot do that, since on it one makes room for one.
func (p *planner) squeeze(i int32) bool {
	g := &p.groups[i]
	if p.uniform || p.search.work > hardWork {
		return false
	}
	options := p.options(g)
	for _, t := range options[:min(len(options), 64)] {
		if p.squeezeInto(i, t) {
			p.touched[i] = true
			return true
		}
	}
	return false
}

// options are the ShopSets that may serve a group: the cheap first, and of these the roomy.
func (p *planner) options(g *group) []int32 {
	options := slices.Clone(g.usable)
	for _, t := range p.sigs[g.sig].takers {
		if !slices.Contains(g.usable, t) {
			options = append(options, t)
		}
	}
	free := func(s int32) int64 { return p.sets[s].Capacity - p.serving[s] }
	slices.SortFunc(options, func(a, b int32) int {
		return cmp.Or(cmp.Compare(p.cost(g, a), p.cost(g, b)), cmp.Compare(free(b), free(a)), cmp.Compare(a, b))
	})
	return options
}

func (p *planner) squeezeInto(i, t int32) bool {
	g := &p.groups[i]
	need := p.serving[t] + g.weight - p.sets[t].Capacity
	lighter := slices.Clone(p.served[t])
	slices.SortFunc(lighter, func(a, b int32) int {
		return cmp.Or(cmp.Compare(p.groups[b].weight, p.groups[a].weight), cmp.Compare(a, b))
	})
	var steps []step
	for _, h := range lighter {
		other := &p.groups[h]
		if need <= 0 {
			break
		}
		if other.fixed || other.weight >= g.weight || other.weight == 0 {
			continue
		}
		to := p.elsewhere(other, t)
		if to == none {
			continue
		}
		steps = append(steps, step{group: h, to: to, was: p.held[h]})
		p.hold(h, p.compose(other, to, p.slots(other)))
		need -= other.weight
	}
	if need > 0 || !p.room(t, g.weight) {
		p.undo(steps)
		return false
	}
	for _, s := range steps {
		p.touched[s.group] = true
	}
	p.hold(i, p.compose(g, t, p.slots(g)))
	return true
}

// elsewhere returns the cheapest ShopSet but one that has room for a group, or none.
func (p *planner) elsewhere(g *group, not int32) int32 {
	best, cost, full := none, int64(0), 0.0
	consider := func(t int32) {
		p.search.work++
		if t == not || !p.room(t, g.weight) {
			return
		}
		c, f := p.cost(g, t), float64(p.serving[t]+g.weight)*p.perUnit[t]
		if best == none || c < cost || c == cost && f < full {
			best, cost, full = t, c, f
		}
	}
	for _, t := range g.usable {
		consider(t)
	}
	for _, t := range p.sigs[g.sig].takers {
		consider(t)
	}
	return best
}
