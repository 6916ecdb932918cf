package placement

import (
	"cmp"
	"maps"
	"slices"
)

// tolerance is how far from the mean a ShopSet may be before a rebalance cares.
const tolerance = 0.05

// rebalance moves what is served by the fullest ShopSets of each tier to the emptiest, until all are
// close to the mean. Switches go before moves. What is displaced for a while is left alone: it has a
// home to return to.
func (p *planner) rebalance() {
	tiers := map[string][]int32{}
	for s := range p.sets {
		if one := &p.sets[s]; !one.Dedicated && one.Capacity > 0 && (one.State == Active || one.State == Cordoned) {
			tiers[one.Tier] = append(tiers[one.Tier], int32(s))
		}
	}
	for _, tier := range slices.Sorted(maps.Keys(tiers)) {
		p.rebalanceTier(tiers[tier])
	}
}

func (p *planner) rebalanceTier(sets []int32) {
	load, room := int64(0), int64(0)
	for _, s := range sets {
		load, room = load+p.serving[s], room+p.sets[s].Capacity
	}
	mean := float64(load) / float64(room)
	stuck := map[int32]bool{}
	for range 4 * len(p.groups) {
		donor, low := p.extremes(sets, stuck)
		if donor == none || low == none {
			return
		}
		above, below := p.full(donor) > (1+tolerance)*mean, p.full(low) < (1-tolerance)*mean
		if !above && !below || p.full(donor) <= mean {
			return
		}
		if !p.handOver(donor, p.receivers(sets, mean), mean) {
			stuck[donor] = true
		}
	}
}

// extremes returns the fullest ShopSet that is not stuck, and the emptiest that takes load.
func (p *planner) extremes(sets []int32, stuck map[int32]bool) (donor, low int32) {
	donor, low = none, none
	for _, s := range sets {
		if !stuck[s] && (donor == none || p.full(s) > p.full(donor)) {
			donor = s
		}
		if p.sets[s].State == Active && (low == none || p.full(s) < p.full(low)) {
			low = s
		}
	}
	return donor, low
}

// full is how full a ShopSet is, in parts of its capacity.
func (p *planner) full(s int32) float64 { return float64(p.serving[s]) * p.perUnit[s] }

// receivers are the emptiest ShopSets below the mean.
func (p *planner) receivers(sets []int32, mean float64) []int32 {
	var list []int32
	for _, s := range sets {
		if p.sets[s].State == Active && p.full(s) < mean {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b int32) int { return cmp.Or(cmp.Compare(p.full(a), p.full(b)), cmp.Compare(a, b)) })
	return list[:min(len(list), 8)]
}

// handOver lets one of the receivers serve one of the groups of a donor: the one that suits best.
func (p *planner) handOver(donor int32, receivers []int32, mean float64) bool {
	for _, r := range receivers {
		ideal := min(p.serving[donor]-int64(mean*float64(p.sets[donor].Capacity)), int64(mean*float64(p.sets[r].Capacity))-p.serving[r])
		best, cost, off := none, int64(0), int64(0)
		for _, i := range p.served[donor] {
			g := &p.groups[i]
			if !p.mayHandOver(i, donor, r) {
				continue
			}
			c, o := int64(1), max(g.weight-ideal, ideal-g.weight)
			if slices.Contains(p.held[i], r) {
				c = 0
			}
			if best == none || cmp.Or(cmp.Compare(c, cost), cmp.Compare(o, off), cmp.Compare(i, best)) < 0 {
				best, cost, off = i, c, o
			}
		}
		if best != none {
			p.hold(best, p.handedOver(best, r))
			p.touched[best], p.aim[best], p.strained = true, aimBalance, true
			return true
		}
	}
	return false
}

// mayHandOver says whether it is allowed, improves the balance and costs no headroom.
func (p *planner) mayHandOver(i, donor, r int32) bool {
	g := &p.groups[i]
	if g.fixed || g.weight == 0 || len(g.given.Home) > 0 || !p.sigs[g.sig].allowed[r] || !p.room(r, g.weight) {
		return false
	}
	if float64(p.serving[r]+g.weight)*p.perUnit[r] >= p.full(donor) {
		return false
	}
	zone := p.classes[g.class].zone
	held := p.held[i]
	if !slices.Contains(held, r) && shares(zone, held[1:], r) {
		return false
	}
	if p.serving[r]+p.worstSpill(r)+g.weight > p.sets[r].Capacity {
		return false
	}
	after := p.handedOver(i, r)
	return len(after) == 1 || p.serving[after[1]]+p.spillWithout(r, after[1])+g.weight <= p.sets[after[1]].Capacity
}

// handedOver returns the copies of a group once r serves it in place of who does.
func (p *planner) handedOver(i, r int32) []int32 {
	held := p.held[i]
	after := slices.Clone(held)
	if k := slices.Index(held, r); k > 0 {
		after[0], after[k] = r, held[0]
	} else {
		after[0] = r
	}
	return after
}
