package placement

import (
	"cmp"
	"maps"
	"slices"
)

// deny lets groups go without standby where the survivors of a tier could not take the load of all:
// those of the smallest priority first, and never those of the highest. It does so only where the
// sums prove it: for some domain, what is served outside of it and what would have to come out of it
// are together more than the capacity outside.
func (p *planner) deny() {
	highest := map[string]int{}
	differ := map[string]bool{}
	for i := range p.groups {
		g := &p.groups[i]
		if g.fixed || p.at[i] == none {
			continue
		}
		tier, prio := p.classes[g.class].Tier, p.priority(g)
		if old, seen := highest[tier]; seen && old != prio {
			differ[tier] = true
			prio = max(prio, old)
		}
		highest[tier] = prio
	}
	for _, tier := range slices.Sorted(maps.Keys(differ)) {
		p.denyTier(tier, highest[tier])
	}
}

func (p *planner) denyTier(tier string, highest int) {
	over := p.survivorsOver(tier)
	if over == nil {
		return
	}
	has := map[int32]bool{}
	groups := p.redundant(tier)
	for _, i := range groups {
		has[i] = len(p.held[i]) > 1
	}
	// What is denied now has no standby the next time, which changes whom one would choose. So it is
	// chosen again until it would be the same.
	var out []int32
	for range 10 {
		again := p.chooseDenied(groups, has, slices.Clone(over), highest)
		if slices.Equal(again, out) {
			break
		}
		out = again
		for _, i := range groups {
			_, denied := slices.BinarySearch(out, i)
			has[i] = !denied
		}
	}
	p.strained = p.strained || len(out) > 0
	for _, i := range out {
		p.denied[i] = true
		if len(p.held[i]) > 1 {
			p.touched[i] = true
			p.hold(i, p.held[i][:1:1])
		}
	}
}

// redundant returns the seated groups of a tier that shall have standbys and may be anywhere in it.
func (p *planner) redundant(tier string) []int32 {
	var out []int32
	for i := range p.groups {
		g := &p.groups[i]
		if g.fixed || p.at[i] == none || g.want < 2 || p.classes[g.class].Tier != tier || p.sigs[g.sig].pinned {
			continue
		}
		out = append(out, int32(i))
	}
	return out
}

// survivorsOver returns by how much the survivors of each domain would be above their capacity if
// every group had its standbys, or nil if none would.
func (p *planner) survivorsOver(tier string) []int64 {
	over := make([]int64, len(p.nodes))
	spare := int64(0)
	held := make([]bool, len(p.nodes))
	for i := range p.sets {
		s := &p.sets[i]
		if s.Tier != tier || s.Dedicated || s.State == Down {
			continue
		}
		free := max(0, s.Capacity-p.serving[i])
		if s.State == Draining {
			free = 0
		}
		spare += free
		for _, node := range s.path {
			over[node] += free
			held[node] = true
		}
	}
	for node := range over {
		over[node] -= spare
	}
	for _, i := range p.redundant(tier) {
		p.eachBound(i, func(node int32) { over[node] += p.groups[i].weight })
	}
	for node := range over {
		if held[node] && over[node] > 0 {
			return over
		}
	}
	return nil
}

// eachBound calls f for every domain whose loss sends the load of a group out of it: those inside of
// its zone, since its other copies must be outside of that.
func (p *planner) eachBound(i int32, f func(node int32)) {
	zone := p.classes[p.groups[i].class].zone[p.at[i]]
	path := p.sets[p.at[i]].path
	for k := slices.Index(path, zone); k >= 0; k-- {
		f(path[k])
	}
}

// chooseDenied returns the groups to deny, sorted: of the smallest priority, then those without a
// standby, then the heavy.
func (p *planner) chooseDenied(groups []int32, has map[int32]bool, over []int64, highest int) []int32 {
	order := slices.Clone(groups)
	slices.SortFunc(order, func(a, b int32) int {
		x, y := &p.groups[a], &p.groups[b]
		if c := cmp.Compare(p.priority(x), p.priority(y)); c != 0 {
			return c
		}
		if has[a] != has[b] {
			if has[b] {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(y.weight, x.weight), cmp.Compare(a, b))
	})
	var chosen, out []int32
	for _, i := range order {
		if p.priority(&p.groups[i]) >= highest {
			break
		}
		needed := false
		p.eachBound(i, func(node int32) { needed = needed || over[node] > 0 })
		if needed && p.groups[i].weight > 0 {
			p.eachBound(i, func(node int32) { over[node] -= p.groups[i].weight })
			chosen = append(chosen, i)
		}
	}
	// Some of the first are not needed any more for what the last had to be chosen for.
	for _, i := range slices.Backward(chosen) {
		w, needed := p.groups[i].weight, false
		p.eachBound(i, func(node int32) { needed = needed || over[node]+w > 0 })
		if needed {
			out = append(out, i)
		} else {
			p.eachBound(i, func(node int32) { over[node] += w })
		}
	}
	slices.Sort(out)
	return out
}
