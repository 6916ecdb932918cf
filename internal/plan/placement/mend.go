package placement

import "slices"

// mostTrials bounds how many changes are tried to mend headroom in one plan.
const mostTrials = 10000

// mender tries to bring back headroom where it was lost: with what changes anyway, and with switches
// among the ShopSets of other groups where this plan made it worse.
type mender struct {
	*planner
	// before are the books of today.
	before *books
	// free allows everything to be moved.
	free   bool
	trials int
	mark   []bool
}

// mend improves headroom. It moves no more copies than there are on the move, unless a rebalance was
// asked for.
func (p *planner) mend() {
	if !p.anyExcess() {
		return
	}
	m := &mender{planner: p, free: p.in.Rebalance, mark: make([]bool, len(p.sets))}
	if !m.free {
		if !slices.Contains(p.touched, true) {
			return
		}
		m.before = p.today()
	}
	for range 3 {
		if !m.pass() || m.trials > mostTrials {
			return
		}
	}
}

func (p *planner) anyExcess() bool {
	for s := range p.sets {
		at := int32(s)
		if over := p.serving[s] + p.worstSpill(at) - p.sets[s].Capacity; over > 0 && p.worst[s] > 0 {
			return true
		}
	}
	return false
}

// today returns the books as they were before the plan.
func (p *planner) today() *books {
	old := &planner{in: p.in, sets: p.sets, clusters: p.clusters, nodes: p.nodes, groups: p.groups}
	old.openBooks()
	for i := range p.groups {
		old.hold(int32(i), p.aliveFrom(p.groups[i].current))
	}
	return &old.books
}

// pass looks once at everything that is above its capacity if a domain dies, and says whether it has
// improved anything.
func (m *mender) pass() bool {
	n, better := len(m.sets), false
	standing := m.standing()
	for t := range m.sets {
		s := int32(t)
		if m.serving[t]+m.worstSpill(s) <= m.sets[t].Capacity {
			continue
		}
		for node := range m.nodes {
			at := node*n + t
			over := m.serving[t] + m.spill[at] - m.sets[t].Capacity
			if over <= 0 || m.spill[at] == 0 {
				continue
			}
			worse := m.free
			if m.before != nil {
				worse = over > max(0, m.before.serving[t]+m.before.spill[at]-m.sets[t].Capacity)
			}
			if m.relieve(int32(node), s, standing[t], worse) {
				better = true
			}
		}
	}
	return better
}

// standing returns the groups that each ShopSet stands by for.
func (m *mender) standing() [][]int32 {
	lists := make([][]int32, len(m.sets))
	for i := range m.groups {
		if m.groups[i].fixed || m.at[i] == none {
			continue
		}
		for _, t := range m.held[i][1:] {
			lists[t] = append(lists[t], int32(i))
		}
	}
	return lists
}

// relieve changes groups whose load would come to t if the node died, until it is within its capacity.
func (m *mender) relieve(node, t int32, groups []int32, all bool) bool {
	n, better := len(m.sets), false
	for _, i := range groups {
		if m.serving[t]+m.spill[int(node)*n+int(t)] <= m.sets[t].Capacity || m.trials > mostTrials {
			return better
		}
		if !m.touched[i] && !all || !m.inside[int(node)*n+int(m.at[i])] || m.successor(m.held[i], node) != t {
			continue
		}
		better = m.improve(i, t) || better
	}
	return better
}

// improve tries other copies, and other orders of the copies, for one group.
func (m *mender) improve(i, t int32) bool {
	g := &m.groups[i]
	held := m.held[i]
	home := slices.Contains(g.given.Home, m.sets[t].Name)
	if m.free && len(g.given.Home) == 0 || !home && !slices.Contains(g.current, t) {
		k := slices.Index(held, t)
		rest := slices.Delete(slices.Clone(held), k, k+1)
		m.hold(i, rest)
		other := m.standby(i, rest)
		m.hold(i, held)
		if other != none && other != t && m.try(i, slices.Insert(rest, len(rest), other)) {
			return true
		}
	}
	for k := 1; k < len(held); k++ {
		order := slices.Clone(held)
		copy(order[1:], held[:k])
		order[0] = held[k]
		if m.room(order[0], g.weight) && m.sets[order[0]].State != Draining && m.try(i, order) {
			return true
		}
	}
	return false
}

// try changes the copies of a group if less is above its capacity then.
func (m *mender) try(i int32, copies []int32) bool {
	m.trials++
	old := m.held[i]
	concerned := slices.Concat(old, copies)
	was := m.excess(concerned)
	m.hold(i, copies)
	if m.excess(concerned) < was {
		m.touched[i], m.aim[i] = true, aimHeadroom
		m.strained = m.strained || m.free
		return true
	}
	m.hold(i, old)
	return false
}

// excess is by how much some ShopSets are above their capacity, over the deaths of all domains.
func (m *mender) excess(sets []int32) int64 {
	n, sum := len(m.sets), int64(0)
	for _, s := range sets {
		if m.mark[s] {
			continue
		}
		m.mark[s] = true
		free := m.sets[s].Capacity - m.serving[s]
		for at := int(s); at < len(m.spill); at += n {
			sum += max(0, m.spill[at]-max(0, free))
		}
	}
	for _, s := range sets {
		m.mark[s] = false
	}
	return sum
}
