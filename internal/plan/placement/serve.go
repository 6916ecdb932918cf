package placement

import (
	"cmp"
	"slices"
)

// What it costs to let a ShopSet serve a group, beyond what it costs anyway. Whoever has to move a
// copy in any case pays nothing for serving from the new one. The numbers are far apart, so that
// no number of the cheaper is worth one of the dearer.
const (
	costSwitch = int64(1)
	costMove   = int64(1) << 21
	costStay   = int64(1) << 42 // on a ShopSet that is draining
)

// cost of letting t serve a group. t is allowed, and takes load unless the group has it already.
func (p *planner) cost(g *group, t int32) int64 {
	if slices.Contains(g.usable, t) {
		if g.ref != none && t != g.ref {
			return costSwitch
		}
		return 0
	}
	if slices.Contains(g.draining, t) {
		return costStay
	}
	return p.costNew(g, t)
}

// costNew is the cost of serving a group by a ShopSet that does not have it.
func (p *planner) costNew(g *group, t int32) int64 {
	c := int64(0)
	if g.ref != none {
		c = costSwitch
	}
	if g.kept >= g.want || shares(p.classes[g.class].zone, g.usable, t) {
		c += costMove
	}
	return c
}

// seat decides who serves each group: whoever serves it today where nothing is wrong, and for the
// rest the cheapest way there is.
func (p *planner) seat() {
	var homeless, returning []int32
	for _, i := range p.order {
		g := &p.groups[i]
		switch {
		case g.fixed:
			p.hold(i, p.aliveFrom(g.current))
		case g.returning && p.stays(g) && p.fits(g, g.serving):
			p.hold(i, p.compose(g, g.serving, p.slots(g)))
			returning = append(returning, i)
		case g.ref != none && !g.returning && p.fits(g, g.ref):
			p.hold(i, p.compose(g, g.ref, p.slots(g)))
		case g.returning:
			returning = append(returning, i)
		default:
			homeless = append(homeless, i)
			p.touched[i] = true
		}
	}
	homeless = append(homeless, p.bringHome(returning)...)
	p.insertAll(homeless)
}

// stays says whether who serves a group today may go on.
func (p *planner) stays(g *group) bool {
	return g.serving != none && p.sets[g.serving].State != Draining
}

// fits says whether a ShopSet has room for a group. A group without load needs none.
func (p *planner) fits(g *group, s int32) bool {
	return g.weight == 0 || p.room(s, g.weight)
}

// bringHome lets displaced groups return where there is room, without moving others for it. Who
// returns makes room for others. It returns those that have neither their home nor another place.
func (p *planner) bringHome(returning []int32) []int32 {
	for changed := true; changed; {
		changed = false
		for _, i := range returning {
			g := &p.groups[i]
			if p.at[i] == g.ref || !p.fits(g, g.ref) {
				continue
			}
			p.hold(i, p.compose(g, g.ref, p.slots(g)))
			p.touched[i], changed = true, true
		}
	}
	var homeless []int32
	for _, i := range returning {
		g := &p.groups[i]
		g.ref = p.at[i]
		if g.ref == none {
			homeless = append(homeless, i)
		}
		p.strained = p.strained || g.ref != g.usable[0]
	}
	return homeless
}

func (p *planner) aliveFrom(list []int32) []int32 {
	var alive []int32
	for _, s := range list {
		if p.sets[s].State != Down {
			alive = append(alive, s)
		}
	}
	return alive
}

// slots returns an empty list with room for the copies of a group.
func (p *planner) slots(g *group) []int32 {
	n := p.sigs[g.sig].copies
	from := len(p.arena)
	p.arena = append(p.arena, make([]int32, n)...)
	return p.arena[from:from:len(p.arena)]
}

// byImportance orders groups for decisions: those that must not go wrong first, then the heavy ones,
// which are harder to fit.
func (p *planner) byImportance() []int32 {
	order := make([]int32, len(p.groups))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		x, y := &p.groups[a], &p.groups[b]
		if x.fixed != y.fixed {
			if x.fixed {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(p.priority(y), p.priority(x)), cmp.Compare(y.weight, x.weight), cmp.Compare(a, b))
	})
	return order
}

func (p *planner) priority(g *group) int {
	if g.class == none {
		return 0
	}
	return p.classes[g.class].Priority
}

// insertAll finds who serves the groups that nobody serves. Those that fit nowhere get a second
// chance when the others are in: what was exchanged for them may have made room.
func (p *planner) insertAll(homeless []int32) {
	for range mostRounds {
		var left []int32
		if !p.uniform {
			clear(p.cuts) // what was exchanged has changed what is full
		}
		for _, g := range homeless {
			left = append(left, p.insert(g)...)
		}
		if len(left) == 0 {
			return
		}
		slices.SortFunc(left, func(a, b int32) int {
			x, y := &p.groups[a], &p.groups[b]
			return cmp.Or(cmp.Compare(p.priority(y), p.priority(x)), cmp.Compare(y.weight, x.weight), cmp.Compare(a, b))
		})
		left = slices.Compact(left)
		if slices.Equal(left, homeless) {
			return
		}
		homeless = left
	}
}

// insert finds who serves a group, and returns the groups that have lost their place to it: itself,
// others of less priority, or none.
func (p *planner) insert(i int32) []int32 {
	g := &p.groups[i]
	if p.at[i] != none {
		return nil
	}
	if best := p.pick(g); best != none {
		p.hold(i, p.compose(g, best, p.slots(g)))
		return nil
	}
	p.strained = true
	if p.in.Freeze == "" && !p.calm {
		if p.augment(i) || p.squeeze(i) {
			return nil
		}
		if out, done := p.displace(i); done {
			return out
		}
	}
	if s := p.stay(g); s != none {
		p.hold(i, p.compose(g, s, p.slots(g)))
		return nil
	}
	return []int32{i}
}

// stay returns the draining ShopSet that goes on serving a group which has nowhere to go, or none.
func (p *planner) stay(g *group) int32 {
	for _, s := range g.draining {
		if p.room(s, g.weight) {
			return s
		}
	}
	return none
}
