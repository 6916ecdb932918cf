package placement

import (
	"cmp"
	"slices"
)

// reportHeadroom says for every tier and domain what happens if the domain dies.
func (p *planner) reportHeadroom() {
	tiers := map[string][]int32{}
	var names []string
	for i := range p.sets {
		tier := p.sets[i].Tier
		if tiers[tier] == nil {
			names = append(names, tier)
		}
		tiers[tier] = append(tiers[tier], int32(i))
	}
	slices.Sort(names)
	for _, tier := range names {
		for node := range p.nodes {
			if h, any := p.headroomOf(tier, tiers[tier], node); any {
				p.plan.Headroom = append(p.plan.Headroom, h)
			}
		}
	}
	slices.SortStableFunc(p.plan.Headroom, func(a, b Headroom) int {
		return cmp.Or(cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.Level, b.Level), cmp.Compare(a.Domain, b.Domain))
	})
}

// headroomOf is about the ShopSets of one tier; it is false if none of them is in the domain.
func (p *planner) headroomOf(tier string, sets []int32, node int) (Headroom, bool) {
	n := len(p.sets)
	h := Headroom{Tier: tier, Level: p.nodes[node].level, Domain: p.nodes[node].name}
	in, taken, worst := false, int64(0), int64(0)
	for _, s := range sets {
		at := node*n + int(s)
		if p.inside[at] {
			in = true
			h.Spilled += p.serving[s]
			continue
		}
		taken += p.spill[at]
		left := p.sets[s].Capacity - p.serving[s] - p.spill[at]
		if left < 0 && p.spill[at] > 0 {
			h.Shortfall -= left
			if -left > worst {
				worst, h.Worst = -left, p.sets[s].Name
			}
		}
		if left > 0 && !p.sets[s].Dedicated && (p.sets[s].State == Active || p.sets[s].State == Cordoned) {
			h.Free += left
		}
	}
	h.Lost = h.Spilled - taken
	h.Shortfall += p.clustersOver(sets, node)
	return h, in
}

// clustersOver is by how much clusters would be above their own capacity, beyond what their ShopSets
// are above theirs, when a domain dies. Where several tiers meet in a cluster, the first of them that
// load comes to counts it.
func (p *planner) clustersOver(sets []int32, node int) int64 {
	if !p.capped {
		return 0
	}
	n, sum := len(p.sets), int64(0)
	for k, s := range sets {
		c := p.sets[s].cluster
		if p.spill[node*n+int(s)] == 0 || slices.ContainsFunc(sets[:k], func(o int32) bool {
			return p.sets[o].cluster == c && p.spill[node*n+int(o)] > 0
		}) {
			continue
		}
		over, first := p.overCluster(c, p.spillIn[node*len(p.clusters)+int(c)]), p.sets[s].Tier
		for _, o := range p.clusters[c].sets {
			if p.spill[node*n+int(o)] == 0 {
				continue
			}
			over -= max(0, p.serving[o]+p.spill[node*n+int(o)]-p.capacity[o])
			first = min(first, p.sets[o].Tier)
		}
		if first == p.sets[s].Tier {
			sum += max(0, over)
		}
	}
	return sum
}

// reportLoads says what every ShopSet serves, and what it would in the worst loss of a domain.
func (p *planner) reportLoads() {
	n := len(p.sets)
	p.plan.Loads = make([]Load, n)
	for s := range p.sets {
		most, where := int64(0), -1
		for node := range p.nodes {
			if v := p.spill[node*n+s]; v > most {
				most, where = v, node
			}
		}
		p.plan.Loads[s] = Load{ShopSet: p.sets[s].Name, Serving: p.serving[s], Worst: p.serving[s] + most, Capacity: p.sets[s].Capacity}
		if where >= 0 {
			p.plan.Loads[s].WorstDomain = p.nodes[where].name
		}
	}
}
