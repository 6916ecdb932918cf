package placement

import (
	"cmp"
	"slices"
)

// cut is why a group found no place: the ShopSets that it could make use of in any way, all full.
type cut struct {
	weight  int64
	reached []bool
	// victims are less important groups where a group like it could be, the least important first.
	victims []int32
	// next is the first of them that may still be there.
	next int
	// closed is true if nobody can be displaced either.
	closed bool
}

// newCut returns what the last search reached, which was for this group.
func (p *planner) newCut(i int32) *cut {
	g := &p.groups[i]
	c := &cut{weight: g.weight, reached: make([]bool, len(p.sets))}
	for s := range p.sets {
		c.reached[s] = p.search.labels[s].dist != unreached ||
			p.search.labels[len(p.sets)+int(p.sets[s].cluster)].dist != unreached
	}
	for _, t := range p.sigs[g.sig].takers {
		for _, h := range p.served[t] {
			if o := &p.groups[h]; !o.fixed && o.weight > 0 && p.priority(o) < p.priority(g) {
				c.victims = append(c.victims, h)
			}
		}
	}
	slices.SortFunc(c.victims, func(a, b int32) int {
		x, y := &p.groups[a], &p.groups[b]
		return cmp.Or(cmp.Compare(p.priority(x), p.priority(y)), cmp.Compare(y.weight, x.weight), cmp.Compare(a, b))
	})
	return c
}

// hopeless says whether a group of the same kind, as light, has found no place.
func (p *planner) hopeless(i int32) bool {
	g := &p.groups[i]
	c := p.cuts[g.sig]
	if c == nil || g.weight < c.weight {
		return false
	}
	for _, s := range g.usable {
		if !c.reached[s] {
			return false
		}
	}
	return len(g.draining) == 0
}
