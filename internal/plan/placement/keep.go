package placement

import "slices"

// sort what a group has into what it can keep and what it must leave.
func (p *planner) sortOut() {
	for i := range p.groups {
		g := &p.groups[i]
		if g.fixed {
			g.usable, g.ref = g.current, none
			continue
		}
		p.sortOutGroup(g)
	}
}

func (p *planner) sortOutGroup(g *group) {
	sig := &p.sigs[g.sig]
	zone := p.classes[g.class].zone
	home := p.homeward(g, sig, zone)
	from := len(p.arena)
	p.arena = append(p.arena, home...)
	for _, s := range g.current {
		state := p.sets[s].State
		switch {
		case !sig.allowed[s]:
			continue
		case state == Down:
			g.down = append(g.down, s)
			continue
		case state == Draining:
			g.draining = append(g.draining, s)
		case !slices.Contains(p.arena[from:], s):
			p.arena = append(p.arena, s)
		}
		if g.serving == none {
			g.serving = s
		}
	}
	g.usable = p.arena[from:len(p.arena):len(p.arena)]
	g.returning = len(home) > 0 && !startsWith(g.current, home)
	if len(g.usable) > 0 && (p.undisturbed(g) || len(home) > 0) {
		g.ref = g.usable[0]
	}
	p.countWanted(g, sig, zone)
}

// undisturbed says whether the first of the ShopSets of a group serves it and may go on.
func (p *planner) undisturbed(g *group) bool {
	if g.serving == none || p.sets[g.serving].State == Draining || g.serving != g.current[0] {
		return false
	}
	return g.gone == "" || g.given.Current[0] != g.gone
}

func startsWith(list, head []int32) bool {
	return len(list) >= len(head) && slices.Equal(list[:len(head)], head)
}

// homeward returns the ShopSets that a displaced group goes back to, in its old order.
func (p *planner) homeward(g *group, sig *signature, zone []int32) []int32 {
	var home []int32
	for _, name := range g.given.Home {
		s, exists := p.setAt[name]
		if !exists || !sig.allowed[s] || p.sets[s].State != Active || len(home) == sig.copies || shares(zone, home, s) {
			continue
		}
		home = append(home, s)
	}
	return home
}

// shares says whether a ShopSet is in the zone of one of some others.
func shares(zone, others []int32, s int32) bool {
	for _, o := range others {
		if zone[o] == zone[s] {
			return true
		}
	}
	return false
}

// countWanted computes how many copies a group can have at all, and how many of them it has.
func (p *planner) countWanted(g *group, sig *signature, zone []int32) {
	kept, more := 0, 0
	for i, s := range g.usable {
		if shares(zone, g.usable[:i], s) {
			continue
		}
		kept++
		if _, taken := slices.BinarySearch(sig.zones, zone[s]); !taken {
			more++
		}
	}
	g.kept = int8(min(kept, sig.copies, 100))                //nolint:gosec // at most 100
	g.want = int8(min(len(sig.zones)+more, sig.copies, 100)) //nolint:gosec // at most 100
}

// compose returns the copies that a group has without new ones if at serves it: those that it can
// keep beside it, in order. The result is appended to into.
func (p *planner) compose(g *group, at int32, into []int32) []int32 {
	into = append(into, at)
	if g.fixed {
		for _, s := range g.usable {
			if s != at {
				into = append(into, s)
			}
		}
		return into
	}
	zone := p.classes[g.class].zone
	most := int(g.want)
	if p.sets[at].State == Draining {
		most = p.sigs[g.sig].copies // its domain was not counted
	}
	for _, s := range g.usable {
		if len(into) >= most {
			break
		}
		if !shares(zone, into, s) {
			into = append(into, s)
		}
	}
	return into
}
