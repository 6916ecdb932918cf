package placement

import (
	"cmp"
	"slices"
)

// none stands for no ShopSet and no node.
const none = int32(-1)

type cluster struct {
	name     string
	capacity int64 // 0: no bound
	path     []int32
	sets     []int32
	// missing is true for one that ShopSets name and that does not exist.
	missing bool
}

type shopset struct {
	ShopSet
	cluster int32
	// path are the nodes that it is in, innermost first.
	path []int32
}

// class is a Class with, for every ShopSet, the zone that it is in: two ShopSets of one zone cannot
// hold the same group.
type class struct {
	Class
	zone []int32
	// wishes are, for each preferred level, the domain of every ShopSet.
	wishes [][]int32
	// known is false for what stands in for a class that does not exist.
	known bool
}

// aim is what a change that nothing forces is good for.
type aim byte

const (
	aimBalance  aim = 'b'
	aimHeadroom aim = 'h'
)

// planner carries one call of Make from step to step. Everything in it is indexed by small numbers in
// the order of names, so that the order of the input does not matter.
type planner struct {
	in   *Input
	plan Plan

	nodes    []node
	clusters []cluster
	sets     []shopset
	setAt    map[string]int32
	classes  []class
	sigs     []signature
	groups   []group
	arena    []int32
	// order is that in which groups are decided on: the important first, and of these the heavy.
	order []int32

	books
	search search
	// cuts are, for each signature, why the last group of it found no place.
	cuts map[int32]*cut
	// mean is how full the ShopSets of a tier are on average, by tier.
	mean map[string]float64
	// denied are groups that go without standby because the survivors could not take their load.
	denied []bool
	// uniform is true if all groups that may move weigh the same.
	uniform bool
	// aim is what a change of a group is for, where it is not forced.
	aim []aim
	// calm planners move nobody for the sake of others.
	calm bool
	// strained is true if not everything fell into place by itself.
	strained bool
	// touched are groups of which something had to change.
	touched []bool
}

func (p *planner) indexClusters(clusters []Cluster, domainAt map[string]int32) map[string]int32 {
	sorted := unique(p, kindCluster, clusters, func(c *Cluster) string { return c.Name },
		func(a, b *Cluster) int {
			return cmp.Or(cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Capacity, b.Capacity))
		})
	at := make(map[string]int32, len(sorted))
	for _, c := range sorted {
		innermost := none
		if c.Domain != "" {
			if i, known := domainAt[c.Domain]; known {
				innermost = i
			} else {
				p.found(kindCluster, c.Name, "failureDomain", "its domain "+c.Domain+" does not exist; it counts as a domain of its own",
					"create the FailureDomain "+c.Domain+", or name one that exists")
			}
		}
		at[c.Name] = p.addCluster(c.Name, p.bounded(kindCluster, c.Name, "capacity", c.Capacity), innermost)
	}
	return at
}

func (p *planner) addCluster(name string, capacity int64, innermost int32) int32 {
	path := p.within(innermost)
	if p.atLevel(path, levelCluster) == none {
		p.nodes = append(p.nodes, node{name: name, level: levelCluster, up: innermost})
		path = p.within(int32(len(p.nodes) - 1)) //nolint:gosec // fewer than 2³¹
	}
	p.clusters = append(p.clusters, cluster{name: name, capacity: capacity, path: path})
	return int32(len(p.clusters) - 1) //nolint:gosec // fewer than 2³¹
}

func (p *planner) indexShopSets(given []ShopSet, clusterAt map[string]int32) {
	sorted := unique(p, kindShopSet, given, func(s *ShopSet) string { return s.Name }, func(a, b *ShopSet) int {
		return cmp.Or(cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Capacity, b.Capacity),
			cmp.Compare(a.State, b.State), compareBool(a.Dedicated, b.Dedicated))
	})
	p.setAt = make(map[string]int32, len(sorted))
	for i, s := range sorted {
		s.Capacity = p.bounded(kindShopSet, s.Name, "capacity", s.Capacity)
		if s.Capacity == 0 {
			p.found(kindShopSet, s.Name, "capacity", "its capacity is 0, so it takes no shops",
				"set the requests per second that it can take")
		}
		if s.State == "" {
			s.State = Active
		}
		if !slices.Contains([]State{Active, Cordoned, Draining, Down}, s.State) {
			p.found(kindShopSet, s.Name, "state", "nothing is known of the state "+string(s.State)+"; it counts as Cordoned",
				"use Active, Cordoned, Draining or Down")
			s.State = Cordoned
		}
		c, known := clusterAt[s.Cluster]
		if !known {
			p.found(kindShopSet, s.Name, "cluster", "its cluster "+s.Cluster+" does not exist; it keeps what it has and takes nothing new",
				"create the WorkloadCluster "+s.Cluster+", or name one that exists")
			c = p.addCluster(s.Cluster, 0, none)
			p.clusters[c].missing = true
			clusterAt[s.Cluster] = c
		}
		if p.clusters[c].missing && s.State == Active {
			s.State = Cordoned
		}
		one := shopset{ShopSet: s, cluster: c, path: p.clusters[c].path}
		p.clusters[c].sets = append(p.clusters[c].sets, int32(i))
		p.setAt[s.Name] = int32(i)
		p.sets = append(p.sets, one)
	}
}
