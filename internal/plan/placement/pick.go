package placement

// offer is what speaks for one of several ShopSets: less is better, from the top to the bottom.
type offer struct {
	over  int64   // by how much a survivor is above its capacity when one domain dies
	wish  int     // how many preferred spreads are not met
	close int     // how many domains hold it together with the other copies
	full  float64 // how full it is, in parts of its capacity
}

func (a offer) better(b offer) bool {
	if a.over != b.over {
		return a.over < b.over
	}
	if a.wish != b.wish {
		return a.wish < b.wish
	}
	if a.close != b.close {
		return a.close < b.close
	}
	return a.full < b.full
}

// level is how much fuller than the average a standby may be and still be preferred for serving
// what it has already.
const level = 1.03

// pick returns the best of the cheapest ShopSets that have room for a group, or none if the cheapest
// are full: then it may be cheaper to move others.
func (p *planner) pick(g *group) int32 {
	if g.ref != none {
		return none // it has been tried
	}
	best, at, good := p.pickKept(g)
	if good || len(g.usable) > 0 && g.kept >= g.want {
		return best
	}
	zone := p.classes[g.class].zone
	for _, s := range p.sigs[g.sig].takers {
		// Most are fuller than the best so far, which shows at once.
		if best != none && at.over == 0 && at.wish == 0 && float64(p.serving[s]+g.weight)*p.perUnit[s] >= at.full {
			continue
		}
		if !p.room(s, g.weight) || shares(zone, g.usable, s) {
			continue
		}
		if o := p.offerToServe(g, s); best == none || o.better(at) {
			best, at = s, o
		}
	}
	return best
}

// pickKept returns the best of the ShopSets that a group has, and whether it is so good that one need
// not look further: then the group stays where its traffic has gone already.
func (p *planner) pickKept(g *group) (best int32, at offer, good bool) {
	best = none
	for _, s := range g.usable {
		if !p.room(s, g.weight) {
			continue
		}
		o := p.offerToServe(g, s)
		if o.over == 0 && o.full <= level*p.mean[p.sets[s].Tier] {
			return s, o, true
		}
		if best == none || o.better(at) {
			best, at = s, o
		}
	}
	return best, at, false
}

// offerToServe says what it would mean that s serves a group beside the copies which that keeps.
func (p *planner) offerToServe(g *group, s int32) offer {
	w := g.weight
	o := offer{
		over: max(0, p.serving[s]+p.worstSpill(s)+w-p.sets[s].Capacity),
		full: float64(p.serving[s]+w) * p.perUnit[s],
	}
	if p.capped {
		c := p.sets[s].cluster
		o.over += p.overCluster(c, p.worstIntoCluster(c)+w)
	}
	class := &p.classes[g.class]
	for _, t := range g.usable {
		if t == s || class.zone[t] == class.zone[s] {
			continue
		}
		o.over += max(0, p.serving[t]+p.spillWithout(s, t)+w-p.sets[t].Capacity)
		if p.capped {
			o.over += p.overCluster(p.sets[t].cluster, p.intoClusterWithout(s, t)+w)
		}
		for _, wish := range class.wishes {
			if wish[s] == wish[t] {
				o.wish++
			}
		}
		break
	}
	return o
}
