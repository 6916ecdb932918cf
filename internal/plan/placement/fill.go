package placement

// fill gives every group the standbys that it lacks: first from ShopSets that take load, then it
// keeps what is draining.
func (p *planner) fill() {
	for _, i := range p.order {
		g := &p.groups[i]
		if g.fixed || p.at[i] == none || p.denied[i] {
			continue
		}
		copies := p.sigs[g.sig].copies
		for len(p.held[i]) < copies {
			t := p.standby(i, p.held[i])
			if t == none {
				t = p.lingering(g, p.held[i])
			}
			if t == none {
				break
			}
			p.stand(i, t)
		}
	}
}

// stand adds a standby to the copies of a group.
func (p *planner) stand(i, t int32) {
	g, held := &p.groups[i], p.held[i]
	p.book(held, -g.weight)
	p.held[i] = append(held[:len(held):len(held)], t)
	p.book(p.held[i], g.weight)
	p.touched[i] = true
}

// lingering returns a draining ShopSet that goes on standing by for a group, because nothing can
// replace it; or none.
func (p *planner) lingering(g *group, held []int32) int32 {
	zone := p.classes[g.class].zone
	for _, s := range g.draining {
		if !shares(zone, held, s) {
			return s
		}
	}
	return none
}

// window is among how many ShopSets a standby is sought at first. They lie scattered over all that
// there are, so that one of them is nearly as good as the best; where none is good, all are looked at.
const window = 128

// standby returns the ShopSet that stands by best for a group beside the copies that it has, or none.
func (p *planner) standby(i int32, held []int32) int32 {
	sig := &p.sigs[p.groups[i].sig]
	n := len(sig.takers)
	if n > 2*window {
		w := p.watch(i, held)
		for k, at := 0, (int(i)*window*sig.stride)%n; k < window; k++ {
			w.consider(sig.takers[at])
			if at += sig.stride; at >= n {
				at -= n
			}
		}
		if w.best != none && w.offer.over == 0 && w.offer.wish == 0 && w.offer.close == 0 {
			return w.best
		}
	}
	w := p.watch(i, held)
	for _, t := range sig.takers {
		w.consider(t)
	}
	return w.best
}

// watcher looks for a standby.
type watcher struct {
	*planner
	class  *class
	weight int64
	held   []int32
	path   []int32
	// open is where in path the domains begin that hold all copies so far: only these send their load
	// to the new one.
	open  int
	best  int32
	offer offer
}

func (p *planner) watch(i int32, held []int32) watcher {
	g := &p.groups[i]
	w := watcher{planner: p, class: &p.classes[g.class], weight: g.weight, held: held, path: p.sets[held[0]].path, best: none}
	w.open = len(w.path)
	for w.open > 0 && p.successor(held, w.path[w.open-1]) == none {
		w.open--
	}
	return w
}

// consider compares a ShopSet with the best so far.
func (w *watcher) consider(t int32) {
	zone := w.class.zone
	for _, h := range w.held {
		if zone[h] == zone[t] {
			return
		}
	}
	var o offer
	load, most := w.serving[t]+w.beside[t]+w.weight, int64(0)
	for k, node := range w.path {
		cell := int(node)*len(w.sets) + int(t)
		if w.inside[cell] {
			o.close = len(w.path) - max(k, w.open)
			break
		}
		load += w.spill[cell]
		if k >= w.open {
			most = max(most, w.spill[cell]+w.weight)
		}
	}
	if most > 0 {
		o.over = max(0, w.serving[t]+most-w.capacity[t])
		if w.capped {
			o.over += w.overCluster(w.sets[t].cluster, w.intoClusterWithout(w.held[0], t)+w.weight)
		}
	}
	for _, wish := range w.class.wishes {
		for _, h := range w.held {
			if wish[h] == wish[t] {
				o.wish++
			}
		}
	}
	o.full = float64(load) * w.perUnit[t]
	if w.best == none || o.better(w.offer) {
		w.best, w.offer = t, o
	}
}
