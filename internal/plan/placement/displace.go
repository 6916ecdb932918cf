package placement

import (
	"cmp"
	"slices"
)

// displace takes the place of the least important groups for a more important one. It returns those
// that lost theirs.
func (p *planner) displace(i int32) ([]int32, bool) {
	g := &p.groups[i]
	c := p.cuts[g.sig]
	if c == nil && p.search.source == i {
		c = p.newCut(i)
	}
	if c != nil {
		if out, done := p.displaceHere(i, c); done {
			return out, true
		}
		if c.closed && p.search.source != i {
			return nil, false
		}
	}
	if p.search.source != i {
		if p.search.work > hardWork {
			return nil, false
		}
		p.explore(i)
	}
	victim, node := p.victim(g)
	if victim != none {
		was := p.held[victim]
		p.release(victim)
		if p.follow(i, p.search.labels[node]) {
			p.touched[victim] = true
			p.reopen()
			return []int32{victim}, true
		}
		p.hold(victim, was)
	}
	if c != nil {
		c.closed = true
	}
	return nil, false
}

// reopen forgets what was full, after something that may have left a gap.
func (p *planner) reopen() {
	if p.uniform {
		return
	}
	for _, c := range p.cuts {
		c.weight = heaviest * 2
		c.closed = false
	}
}

// lookahead is among how many groups of one priority the one is chosen that frees just enough.
const lookahead = 32

// displaceHere takes the place of groups where the group itself can be.
func (p *planner) displaceHere(i int32, c *cut) ([]int32, bool) {
	g := &p.groups[i]
	best, found, seen := []int32(nil), int64(0), 0
	at, first := none, 0
	for k := c.next; k < len(c.victims) && seen < lookahead; k++ {
		h := c.victims[k]
		t := p.at[h]
		if t == none || !slices.Contains(p.sigs[g.sig].takers, t) {
			if k == c.next {
				c.next++
			}
			continue
		}
		if best != nil && p.priority(&p.groups[h]) != first {
			break
		}
		seen++
		p.search.work += int64(len(p.served[t]))
		victims, sum := p.victimsOn(t, g)
		if victims != nil && (best == nil || sum < found) {
			best, found, at, first = victims, sum, t, p.priority(&p.groups[h])
		}
	}
	if best == nil {
		return nil, false
	}
	for _, h := range best {
		p.release(h)
		p.touched[h] = true
	}
	p.hold(i, p.compose(g, at, p.slots(g)))
	p.touched[i] = true
	p.reopen()
	return best, true
}

// victim returns the least important group that a path leads to, and the node that it frees.
func (p *planner) victim(g *group) (victim, node int32) {
	victim, node = none, none
	var best [3]int64
	for s := range p.sets {
		at := int32(s)
		for _, v := range []int32{at, int32(len(p.sets)) + p.sets[s].cluster} { //nolint:gosec // fewer than 2³¹
			l := &p.search.labels[v]
			if l.dist == unreached {
				continue
			}
			for _, h := range p.served[s] {
				o := &p.groups[h]
				if o.fixed || o.weight < l.need || p.priority(o) >= p.priority(g) {
					continue
				}
				rank := [3]int64{int64(p.priority(o)), l.dist - p.cost(o, at), o.weight}
				if c := slices.Compare(rank[:], best[:]); victim == none || c < 0 || c == 0 && h < victim {
					victim, node, best = h, v, rank
				}
			}
		}
	}
	return victim, node
}

// victimsOn returns the least important groups of a ShopSet whose going makes room for a group, and
// what they weigh; nil if they do not suffice.
func (p *planner) victimsOn(t int32, g *group) (victims []int32, sum int64) {
	c := p.sets[t].cluster
	need := p.serving[t] + g.weight - p.sets[t].Capacity
	if bound := p.clusters[c].capacity; bound > 0 {
		need = max(need, p.inCluster[c]+g.weight-bound)
	}
	less := slices.Clone(p.served[t])
	less = slices.DeleteFunc(less, func(h int32) bool {
		return p.groups[h].fixed || p.priority(&p.groups[h]) >= p.priority(g) || p.groups[h].weight == 0
	})
	slices.SortFunc(less, func(a, b int32) int {
		x, y := &p.groups[a], &p.groups[b]
		return cmp.Or(cmp.Compare(p.priority(x), p.priority(y)), cmp.Compare(y.weight, x.weight), cmp.Compare(a, b))
	})
	for _, h := range less {
		if need <= 0 {
			break
		}
		need -= p.groups[h].weight
		sum += p.groups[h].weight
		victims = append(victims, h)
	}
	if need > 0 {
		return nil, 0
	}
	return victims, sum
}
