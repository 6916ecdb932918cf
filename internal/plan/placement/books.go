package placement

// books say who serves what, and how much load comes to whom when a domain dies.
type books struct {
	// at is the ShopSet that serves a group, or none; held are its copies, the serving one first.
	at   []int32
	held [][]int32
	// serving is the load of a ShopSet and inCluster that of a cluster.
	serving   []int64
	inCluster []int64
	// spill[node*len(sets)+s] is the load that comes to s when the node dies.
	spill []int64
	// beside is the load of the groups that a ShopSet stands by for.
	beside []int64
	// worst is the most that comes to a ShopSet, where stale is false.
	worst []int64
	stale []bool
	// inside[node*len(sets)+s] says whether a ShopSet is in a domain.
	inside []bool
	// capacity is that of each ShopSet, perUnit is 1/capacity, for comparing how full they are.
	capacity []int64
	perUnit  []float64
	// spillIn[node*len(clusters)+c], worstIn and staleIn are the same for clusters, where any of them
	// has a capacity of its own.
	spillIn, worstIn []int64
	staleIn          []bool
	// capped says whether any cluster has a capacity of its own.
	capped bool
	// served are the groups of each ShopSet, and place where in it a group is.
	served [][]int32
	place  []int32
}

func (p *planner) openBooks() {
	n, c, d := len(p.sets), len(p.clusters), len(p.nodes)
	p.at = make([]int32, len(p.groups))
	p.place = make([]int32, len(p.groups))
	p.held = make([][]int32, len(p.groups))
	for i := range p.at {
		p.at[i] = none
	}
	p.serving, p.beside, p.inCluster = make([]int64, n), make([]int64, n), make([]int64, c)
	p.spill, p.inside = make([]int64, n*d), make([]bool, n*d)
	p.worst, p.stale = make([]int64, n), make([]bool, n)
	p.served = make([][]int32, n)
	p.capacity, p.perUnit, p.capped = make([]int64, n), make([]float64, n), false
	for i := range p.clusters {
		p.capped = p.capped || p.clusters[i].capacity > 0
	}
	if p.capped {
		p.spillIn, p.worstIn, p.staleIn = make([]int64, c*d), make([]int64, c), make([]bool, c)
	}
	for s := range p.sets {
		if p.capacity[s] = p.sets[s].Capacity; p.capacity[s] > 0 {
			p.perUnit[s] = 1 / float64(p.capacity[s])
		}
		for _, node := range p.sets[s].path {
			p.inside[int(node)*n+s] = true
		}
	}
}

// hold writes down the copies of a group, the serving one first. It replaces what was written before.
func (p *planner) hold(g int32, copies []int32) {
	p.release(g)
	if len(copies) == 0 {
		return
	}
	p.held[g] = copies
	s, w := copies[0], p.groups[g].weight
	p.at[g] = s
	p.place[g] = int32(len(p.served[s])) //nolint:gosec // fewer than 2³¹
	p.served[s] = append(p.served[s], g)
	p.book(copies, w)
}

// release forgets where a group is.
func (p *planner) release(g int32) {
	s := p.at[g]
	if s == none {
		return
	}
	p.book(p.held[g], -p.groups[g].weight)
	list, i := p.served[s], p.place[g]
	last := list[len(list)-1]
	list[i], p.place[last] = last, i
	p.served[s] = list[:len(list)-1]
	p.at[g], p.held[g] = none, nil
}

// book adds the load of a group that is held by some ShopSets, or takes it away if w is negative.
func (p *planner) book(copies []int32, w int64) {
	s, n := copies[0], len(p.sets)
	p.serving[s] += w
	p.inCluster[p.sets[s].cluster] += w
	if len(copies) == 1 {
		return
	}
	for _, t := range copies[1:] {
		p.beside[t] += w
	}
	for _, node := range p.sets[s].path {
		t := p.successor(copies, node)
		if t == none {
			break // whoever is outside of a domain further out is outside of this one
		}
		p.spill[int(node)*n+int(t)] += w
		if w < 0 {
			p.stale[t] = true
		} else {
			p.worst[t] = max(p.worst[t], p.spill[int(node)*n+int(t)])
		}
		if p.capped {
			c := p.sets[t].cluster
			p.spillIn[int(node)*len(p.clusters)+int(c)] += w
			p.staleIn[c] = true
		}
	}
}

// successor returns the first of some copies that is outside of a domain, or none.
func (p *planner) successor(copies []int32, node int32) int32 {
	row := p.inside[int(node)*len(p.sets):]
	for _, t := range copies[1:] {
		if !row[t] {
			return t
		}
	}
	return none
}

// worstSpill is the most that comes to a ShopSet when one domain dies.
func (p *planner) worstSpill(s int32) int64 {
	if p.stale[s] {
		n := len(p.sets)
		most := int64(0)
		for i := int(s); i < len(p.spill); i += n {
			most = max(most, p.spill[i])
		}
		p.worst[s], p.stale[s] = most, false
	}
	return p.worst[s]
}

// spillWithout is the most that comes to t when a domain dies that s is in and t is not.
func (p *planner) spillWithout(s, t int32) int64 {
	n, most := len(p.sets), int64(0)
	for _, node := range p.sets[s].path {
		at := int(node)*n + int(t)
		if p.inside[at] {
			break
		}
		most = max(most, p.spill[at])
	}
	return most
}

// room says whether a ShopSet can serve a load beside what it serves.
func (p *planner) room(s int32, w int64) bool {
	return p.serving[s]+w <= p.capacity[s] && (!p.capped || p.clusterRoom(p.sets[s].cluster, w))
}

func (p *planner) clusterRoom(c int32, w int64) bool {
	bound := p.clusters[c].capacity
	return bound == 0 || p.inCluster[c]+w <= bound
}

// worstIntoCluster is the most that comes to a cluster when one domain dies.
func (p *planner) worstIntoCluster(c int32) int64 {
	if p.staleIn[c] {
		most := int64(0)
		for i := int(c); i < len(p.spillIn); i += len(p.clusters) {
			most = max(most, p.spillIn[i])
		}
		p.worstIn[c], p.staleIn[c] = most, false
	}
	return p.worstIn[c]
}

// intoClusterWithout is the most that comes to the cluster of t when a domain dies that s is in and t
// is not.
func (p *planner) intoClusterWithout(s, t int32) int64 {
	c, most := int(p.sets[t].cluster), int64(0)
	for _, node := range p.sets[s].path {
		if p.inside[int(node)*len(p.sets)+int(t)] {
			break
		}
		most = max(most, p.spillIn[int(node)*len(p.clusters)+c])
	}
	return most
}

// overCluster is by how much a cluster would be above its capacity with some load more.
func (p *planner) overCluster(c int32, more int64) int64 {
	bound := p.clusters[c].capacity
	if bound == 0 {
		return 0
	}
	return max(0, p.inCluster[c]+more-bound)
}
