package evidence

import (
	"fmt"
	"slices"
	"strings"

	"shopset.dev/shopset/internal/plan/placement"
)

// freeze gives the outermost domains that are down, and why nothing shall be placed anew: more of
// them than is credible are down, or about to be.
func (w *weighing) freeze(verdicts []Verdict) (down []string, frozen string) {
	gone, going := make(map[string]bool), make(map[string]bool)
	for _, v := range verdicts {
		gone[v.Name] = v.State == Down
		going[v.Name] = (v.State == Down || !v.MissedSince.IsZero()) && !slices.Contains(w.in.Away, v.Name)
	}
	suspects := w.outermost(going)
	switch n := len(suspects); {
	case len(w.clusters) > 1 && all(w.clusters, going):
		frozen = "all clusters look down at once, and so the observer is to be doubted: nothing is placed anew"
	case n > w.in.Limits.FreezeAbove:
		frozen = fmt.Sprintf("%d failure domains look down at once (%s), and more than %d is rather a fault of the observer: "+
			"nothing is placed anew; if they are down, raise spec.routing.freezeAbove of the Fleet",
			n, strings.Join(suspects, ", "), w.in.Limits.FreezeAbove)
	}
	return w.outermost(gone), frozen
}

func all(clusters []placement.Cluster, of map[string]bool) bool {
	return !slices.ContainsFunc(clusters, func(c placement.Cluster) bool { return !of[c.Name] })
}

// outermost names, for the clusters given, the outermost domains that hold no others; a domain
// with all clusters of the fleet says nothing. A cluster without a domain of its own stands for
// itself.
func (w *weighing) outermost(clusters map[string]bool) []string {
	inside := w.inside()
	whole := make(map[string]bool)
	for domain, members := range inside {
		whole[domain] = len(members) < len(w.clusters) || len(w.clusters) == 1
		for _, c := range members {
			whole[domain] = whole[domain] && clusters[c]
		}
	}
	parent := w.parents()
	var out []string
	for _, c := range w.clusters {
		if !clusters[c.Name] {
			continue
		}
		name := c.Name
		for at, steps := c.Domain, 0; at != "" && steps <= len(parent); at, steps = parent[at], steps+1 {
			if whole[at] {
				name = at
			}
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (w *weighing) parents() map[string]string {
	parent := make(map[string]string, len(w.in.Domains))
	for _, d := range w.in.Domains {
		parent[d.Name] = d.Parent
	}
	return parent
}

// inside lists the clusters in each domain, those of the domains below it included.
func (w *weighing) inside() map[string][]string {
	parent := w.parents()
	inside := make(map[string][]string)
	for _, c := range w.clusters {
		for at, steps := c.Domain, 0; at != "" && steps <= len(parent); at, steps = parent[at], steps+1 {
			inside[at] = append(inside[at], c.Name)
		}
	}
	return inside
}
