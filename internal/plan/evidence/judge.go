package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"shopset.dev/shopset/internal/plan/placement"
)

// Defaults of Fleet.spec.routing.
const (
	defaultDownAfter   = 10 * time.Second
	defaultUpAfter     = 30 * time.Second
	defaultFreezeAbove = 1
)

func (l Limits) withDefaults() Limits {
	l.DownAfter = cmp.Or(l.DownAfter, defaultDownAfter)
	l.UpAfter = cmp.Or(l.UpAfter, defaultUpAfter)
	l.FreezeAbove = cmp.Or(l.FreezeAbove, defaultFreezeAbove)
	return l
}

// Judge weighs the evidence.
func Judge(in Input) Verdicts {
	in.Limits = in.Limits.withDefaults()
	w := weigh(in)
	var out Verdicts
	for _, c := range w.clusters {
		found, reason := w.cluster(c.Name)
		out.Clusters = append(out.Clusters, next(w.before(in.Before.Clusters, c.Name), c.Name, found, reason, in.Now, in.Limits))
	}
	for _, s := range w.shopSets {
		found, reason := w.shopSet(s)
		v := next(w.before(in.Before.ShopSets, s.Name), s.Name, found, reason, in.Now, in.Limits)
		if c, ok := out.Cluster(s.Cluster); ok {
			v = v.below(c, in.Now)
		}
		out.ShopSets = append(out.ShopSets, v)
	}
	out.DownDomains, out.Frozen = w.freeze(out.Clusters)
	out.NextLook = w.nextLook(out)
	return out
}

// below puts a ShopSet down with its cluster.
func (v Verdict) below(cluster Verdict, now time.Time) Verdict {
	if cluster.State != Down {
		return v
	}
	if v.State != Down {
		v.State, v.Since = Down, now
	}
	v.Reason = fmt.Sprintf("cluster %s is down: %s", cluster.Name, cluster.Reason)
	return v
}

// weighing is one run of Judge.
type weighing struct {
	in       Input
	clusters []placement.Cluster
	shopSets []placement.ShopSet
	apis     map[string]API
	// fresh edges, by name, and mad names those among the others that see nothing at all.
	fresh []Edge
	mad   []string
	// views of each ShopSet by the fresh edges.
	views map[string]views
	// doubted tiers: more than half of their ShopSets are missed by edges alone.
	doubted map[string]string
}

// views are the names of the fresh edges that see a ShopSet and of those that miss it.
type views struct {
	see, miss []string
	reason    string
}

func (v views) missedByAll() bool { return len(v.see) == 0 && len(v.miss) > 0 }

func weigh(in Input) *weighing {
	w := &weighing{
		in: in, clusters: slices.Clone(in.Clusters), shopSets: slices.Clone(in.ShopSets),
		apis: make(map[string]API, len(in.APIs)), views: make(map[string]views, len(in.ShopSets)),
	}
	slices.SortFunc(w.clusters, func(a, b placement.Cluster) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(w.shopSets, func(a, b placement.ShopSet) int { return strings.Compare(a.Name, b.Name) })
	for _, a := range in.APIs {
		w.apis[a.Cluster] = a
	}
	w.listen()
	w.doubt()
	return w
}

// listen gathers what fresh and credible edges see.
func (w *weighing) listen() {
	cluster := make(map[string]string, len(w.shopSets))
	for _, s := range w.shopSets {
		if !slices.Contains(w.in.Away, s.Cluster) {
			cluster[s.Name] = s.Cluster
		}
	}
	edges := slices.Clone(w.in.Edges)
	slices.SortFunc(edges, func(a, b Edge) int { return strings.Compare(a.Name, b.Name) })
	for _, e := range edges {
		if !lives(e.At, w.in.Now) || w.outlived(e) {
			continue
		}
		if seesNothing(e, cluster) {
			w.mad = append(w.mad, e.Name)
			continue
		}
		w.fresh = append(w.fresh, e)
		for _, view := range e.ShopSets {
			v := w.views[view.ShopSet]
			if view.Healthy {
				v.see = append(v.see, e.Name)
			} else {
				v.miss = append(v.miss, e.Name)
				v.reason = cmp.Or(v.reason, view.Reason)
			}
			w.views[view.ShopSet] = v
		}
	}
}

// outlived tells of an edge whose last word is from before its own cluster fell silent: it is no view
// of now.
func (w *weighing) outlived(e Edge) bool {
	api := w.apis[e.Cluster]
	return e.Cluster != "" && api.misses(w.in.Now) && e.At.Before(api.Since)
}

// lives tells whether an observation is recent enough to count.
func lives(at, now time.Time) bool {
	return !at.IsZero() && now.Sub(at) < FreshFor
}

// seesNothing tells of an edge that misses all ShopSets of several clusters: it is to be doubted
// before they are.
func seesNothing(e Edge, cluster map[string]string) bool {
	of := make(map[string]bool)
	for _, view := range e.ShopSets {
		if view.Healthy {
			return false
		}
		if c := cluster[view.ShopSet]; c != "" {
			of[c] = true
		}
	}
	return len(of) > 1
}

// doubt finds the tiers more than half of whose ShopSets the edges miss on clusters that answer.
func (w *weighing) doubt() {
	all, lost := make(map[string]int), make(map[string]int)
	for _, s := range w.shopSets {
		all[s.Tier]++
		if w.apis[s.Cluster].answers(w.in.Now) && w.views[s.Name].missedByAll() {
			lost[s.Tier]++
		}
	}
	w.doubted = make(map[string]string, len(lost))
	for tier, n := range lost {
		if 2*n > all[tier] {
			w.doubted[tier] = fmt.Sprintf("the edges miss %d of %d ShopSets of tier %s while their clusters answer: "+
				"rather a bad release or a mad edge than so many failures, so nothing is moved", n, all[tier], tier)
		}
	}
}

func (w *weighing) before(verdicts []Verdict, name string) *Verdict {
	for i := range verdicts {
		if verdicts[i].Name == name {
			return &verdicts[i]
		}
	}
	return nil
}

// nextLook is the earliest moment at which time alone changes anything.
func (w *weighing) nextLook(out Verdicts) time.Time {
	var at []time.Time
	for _, verdicts := range [][]Verdict{out.Clusters, out.ShopSets} {
		for i := range verdicts {
			at = append(at, verdicts[i].changes(w.in.Limits)...)
		}
	}
	for _, e := range w.in.Edges {
		if lives(e.At, w.in.Now) {
			at = append(at, e.At.Add(FreshFor))
		}
	}
	for _, a := range w.in.APIs {
		if lives(a.At, w.in.Now) {
			at = append(at, a.At.Add(FreshFor))
		}
	}
	var first time.Time
	for _, t := range at {
		if t.After(w.in.Now) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}
