package placement

// Make decides where every group shall be.
func Make(in Input) Plan {
	p := &planner{in: &in}
	p.index()
	p.weigh()
	p.order = p.byImportance()
	p.decide()
	if in.Freeze == "" && p.strained {
		p.settle()
	}
	p.report()
	return p.plan
}

// decide fills the books: who holds what under the plan.
func (p *planner) decide() {
	p.sortOut()
	p.openBooks()
	n := len(p.groups)
	p.denied, p.touched, p.aim, p.cuts = make([]bool, n), make([]bool, n), make([]aim, n), map[int32]*cut{}
	if p.in.Freeze != "" {
		p.freeze()
		return
	}
	p.seat()
	p.deny()
	p.fill()
	if p.in.Rebalance {
		p.rebalance()
	}
	p.mend()
}

func (p *planner) index() {
	domainAt := p.indexDomains(p.in.Domains)
	clusterAt := p.indexClusters(p.in.Clusters, domainAt)
	p.indexShopSets(p.in.ShopSets, clusterAt)
	classAt := p.indexClasses(p.in.Classes)
	p.indexGroups(p.in.Groups, classAt, clusterAt, domainAt)
}

// weigh computes how full each tier is on average, and whether all groups weigh the same.
func (p *planner) weigh() {
	p.mean = map[string]float64{}
	load, room := map[string]int64{}, map[string]int64{}
	p.uniform = true
	weight := int64(-1)
	for i := range p.groups {
		g := &p.groups[i]
		if g.fixed {
			continue
		}
		load[p.classes[g.class].Tier] += g.weight
		p.uniform = p.uniform && (weight < 0 || weight == g.weight)
		weight = g.weight
	}
	for i := range p.sets {
		s := &p.sets[i]
		if !s.Dedicated && (s.State == Active || s.State == Cordoned) {
			room[s.Tier] += s.Capacity
		}
	}
	for tier, r := range room {
		if r > 0 {
			p.mean[tier] = float64(load[tier]) / float64(r)
		}
	}
}

// freeze keeps every group where it is, and places those that have no place at all yet.
func (p *planner) freeze() {
	p.plan.Frozen = p.in.Freeze
	var homeless []int32
	for _, i := range p.order {
		g := &p.groups[i]
		switch alive := p.aliveFrom(g.current); {
		case len(alive) > 0:
			p.hold(i, alive)
		case len(g.current) == 0 && !g.fixed:
			homeless = append(homeless, i)
		}
	}
	p.insertAll(homeless)
	for _, i := range homeless {
		g := &p.groups[i]
		for p.at[i] != none && len(p.held[i]) < p.sigs[g.sig].copies {
			t := p.standby(i, p.held[i])
			if t == none {
				break
			}
			p.stand(i, t)
		}
	}
}
