package placement

import (
	"container/heap"
	"math"
	"slices"
)

// Who serves what is a flow of least cost: from the groups over the ShopSets that may serve them, and
// over the clusters, as far as their capacities reach. It is built by shortest augmenting paths: a
// group without a place takes one from another, which takes one from the next, until somebody finds
// room. (Ahuja, Magnanti, Orlin: Network Flows, 1993, section 9.7.) The graph has a node for every
// ShopSet and cluster, and none for groups: between two ShopSets lies an arc if any group can go from
// one to the other, as dear as the cheapest of them.
//
// With weights that are all the same this finds a place for everybody whenever there is one, with
// the least number of moves. With different weights, the last of a path must free as much as comes,
// which a flow of fractions does not ask for; what then fails is tried again by squeeze.

const unreached = int64(math.MaxInt64)

// hardWork bounds how many labels searches may look at in one plan, about half a second's worth. It is
// far above what fleets need that are not full to the brim.
const hardWork = int64(2e8)

// label says how a node was reached: the group via leaves the node from for the ShopSet to.
type label struct {
	dist, need    int64
	via, from, to int32
	pops          int32
	settled       bool
}

type search struct {
	labels []label
	queue  queue
	reps   []representative
	work   int64
	// source is the group that the labels belong to.
	source int32
	// best is the end of the cheapest path so far: the ShopSet that has room.
	best     label
	bestFull float64
}

// representative is the group of a ShopSet that leaves it most cheaply, among those that are alike.
type representative struct {
	sig   int32
	via   int32
	delta int64
	// apart are the zones that cost a move more; nil if all cost the same.
	apart []int32
}

type queued struct {
	dist int64
	node int32
}

type queue []queued

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].dist < q[j].dist || q[i].dist == q[j].dist && q[i].node < q[j].node
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(queued)) }
func (q *queue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

// augment finds a place for a group by moving others out of its way. It says whether there is one;
// if not, the labels tell what was reached: all of it is full.
func (p *planner) augment(i int32) bool {
	p.search.source = none
	if p.hopeless(i) || p.search.work > hardWork {
		return false
	}
	p.explore(i)
	if p.search.best.dist == unreached {
		p.cuts[p.groups[i].sig] = p.newCut(i)
		return false
	}
	return p.follow(i, p.search.best)
}

// explore labels every node with the cheapest way for a group to make use of it.
func (p *planner) explore(i int32) {
	f := &p.search
	n := len(p.sets) + len(p.clusters)
	if f.labels == nil {
		f.labels = make([]label, n)
	}
	for v := range f.labels {
		f.labels[v] = label{dist: unreached}
	}
	f.queue, f.best, f.source = f.queue[:0], label{dist: unreached}, i
	p.leave(i, none, 0)
	for len(f.queue) > 0 {
		q := heap.Pop(&f.queue).(queued)
		l := &f.labels[q.node]
		if l.settled || q.dist != l.dist {
			continue
		}
		// No path gets cheaper from here: in a flow of least cost no way from a full node to room
		// costs less than nothing.
		if l.dist >= f.best.dist {
			return
		}
		l.settled = true
		if l.pops++; l.pops > 8 || f.work > hardWork {
			continue
		}
		p.expand(q.node)
	}
}

// leave labels all ShopSets that a group could go to from a node, by itself.
func (p *planner) leave(i, from int32, base int64) {
	g := &p.groups[i]
	for _, t := range g.usable {
		p.reach(t, i, from, base+p.cost(g, t))
	}
	for _, t := range g.draining {
		p.reach(t, i, from, base+costStay)
	}
	if from == none {
		for _, t := range p.sigs[g.sig].takers {
			if !slices.Contains(g.usable, t) {
				p.reach(t, i, from, base+p.costNew(g, t))
			}
		}
	}
}

// expand labels all that can be reached from a full node by sending one of its groups away.
func (p *planner) expand(node int32) {
	f := &p.search
	f.reps = f.reps[:0]
	if int(node) < len(p.sets) {
		p.sendAway(node, node)
	} else {
		for _, s := range p.clusters[int(node)-len(p.sets)].sets {
			p.sendAway(s, node)
		}
	}
	base := f.labels[node].dist
	for _, r := range f.reps {
		zone := p.classes[p.sigs[r.sig].class].zone
		for _, t := range p.sigs[r.sig].takers {
			d := base + r.delta
			if r.apart != nil && slices.Contains(r.apart, zone[t]) {
				d += costMove
			}
			p.reach(t, r.via, node, d)
		}
	}
}

// sendAway collects the groups of a ShopSet that could leave it, for a node that needs room.
func (p *planner) sendAway(s, node int32) {
	l := &p.search.labels[node]
	for _, h := range p.served[s] {
		g := &p.groups[h]
		if g.fixed || g.weight < l.need {
			continue
		}
		now := p.cost(g, s)
		p.leave(h, node, l.dist-now)
		delta := -now
		if g.ref != none {
			delta += costSwitch
		}
		var apart []int32
		if g.kept >= g.want {
			delta += costMove
		} else {
			zone := p.classes[g.class].zone
			for _, u := range g.usable {
				apart = append(apart, zone[u])
			}
		}
		p.represent(representative{sig: g.sig, via: h, delta: delta, apart: apart})
	}
}

// represent keeps the cheapest of groups that are alike, and of these the lightest.
func (p *planner) represent(r representative) {
	f := &p.search
	for i := range f.reps {
		o := &f.reps[i]
		if o.sig != r.sig || !slices.Equal(o.apart, r.apart) {
			continue
		}
		if r.delta < o.delta || r.delta == o.delta && p.groups[r.via].weight < p.groups[o.via].weight {
			*o = r
		}
		return
	}
	f.reps = append(f.reps, r)
}

// reach notes that a group can come to a ShopSet: there is room, or its cluster is full, or it is.
func (p *planner) reach(t, via, from int32, dist int64) {
	f := &p.search
	f.work++
	if t == from || p.at[via] == t || dist > f.best.dist {
		return
	}
	node, need := p.lacking(t, p.groups[via].weight)
	if need <= 0 {
		full := float64(p.serving[t]+p.groups[via].weight) * p.perUnit[t]
		if dist < f.best.dist || dist == f.best.dist && full < f.bestFull {
			f.best, f.bestFull = label{dist: dist, via: via, from: from, to: t}, full
		}
		return
	}
	if node == from {
		return
	}
	l := &f.labels[node]
	if dist < l.dist || dist == l.dist && need < l.need && !l.settled {
		if dist < l.dist {
			heap.Push(&f.queue, queued{dist: dist, node: node})
		}
		*l = label{dist: dist, need: need, via: via, from: from, to: t, pops: l.pops}
	}
}

// lacking returns who has to make room, and how much, if a ShopSet shall serve some load more: nobody,
// itself, or its cluster.
func (p *planner) lacking(t int32, w int64) (node int32, need int64) {
	need = p.serving[t] + w - p.capacity[t]
	c := p.sets[t].cluster
	bound := p.clusters[c].capacity
	if bound == 0 {
		return t, need
	}
	if inCluster := p.inCluster[c] + w - bound; need > 0 {
		return t, max(need, inCluster)
	} else if inCluster > 0 {
		return int32(len(p.sets)) + c, inCluster //nolint:gosec // fewer than 2³¹
	}
	return t, 0
}

type step struct {
	group int32
	to    int32
	was   []int32
}

// follow carries out a path from its end to the group that it was found for. With different weights
// a path can turn out too narrow; then it is undone.
func (p *planner) follow(i int32, end label) bool {
	var steps []step
	for l := end; ; l = p.search.labels[l.from] {
		steps = append(steps, step{group: l.via, to: l.to, was: p.held[l.via]})
		if l.from == none {
			break
		}
		if len(steps) > len(p.search.labels) {
			return false
		}
	}
	if steps[len(steps)-1].group != i {
		return false
	}
	for _, s := range steps {
		g := &p.groups[s.group]
		p.hold(s.group, p.compose(g, s.to, p.slots(g)))
	}
	for _, s := range steps {
		if !p.room(s.to, 0) {
			p.undo(steps)
			return false
		}
	}
	for _, s := range steps {
		p.touched[s.group] = true
	}
	return true
}

func (p *planner) undo(steps []step) {
	for _, s := range slices.Backward(steps) {
		p.release(s.group)
		if s.was != nil {
			p.hold(s.group, s.was)
		}
	}
}
