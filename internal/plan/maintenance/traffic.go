package maintenance

import (
	"fmt"
	"slices"
	"strings"

	"shopset.dev/shopset/internal/plan/evidence"
)

// fresh gives the edges whose word counts, by name, and the names of those that are silent.
func (r *run) fresh() (fresh []Edge, silent []string) {
	for _, e := range r.in.Edges {
		if e.At.IsZero() || r.in.Now.Sub(e.At) >= evidence.FreshFor {
			silent = append(silent, e.Name)
			continue
		}
		fresh = append(fresh, e)
	}
	slices.SortFunc(fresh, func(a, b Edge) int { return strings.Compare(a.Name, b.Name) })
	slices.Sort(silent)
	return fresh, silent
}

// silent is a warning about edges that have told nothing lately.
func (r *run) silent() string {
	_, silent := r.fresh()
	if len(silent) == 0 {
		return ""
	}
	return fmt.Sprintf(" (edge %s has told nothing for %s: make sure that no shopper comes through it)", strings.Join(silent, ", "), evidence.FreshFor)
}

// behind says which edge does not use the table of the last step yet; empty if all do. What has
// changed since does not matter: shops may come and go all the time.
func (r *run) behind() string {
	fresh, silent := r.fresh()
	if len(fresh) == 0 && len(silent) > 0 {
		return fmt.Sprintf("no edge has told anything for %s", evidence.FreshFor)
	}
	for _, e := range fresh {
		if e.Epoch < r.status.Epoch {
			return fmt.Sprintf("edge %s uses table %d and not yet table %d", e.Name, e.Epoch, r.status.Epoch)
		}
	}
	return ""
}

// busy says which edge still sends shoppers to the cluster, or may do so; empty if none does.
func (r *run) busy() string {
	if behind := r.behind(); behind != "" {
		return behind
	}
	fresh, _ := r.fresh()
	for _, e := range fresh {
		traffic := slices.Clone(e.ShopSets)
		slices.SortFunc(traffic, func(a, b Traffic) int { return strings.Compare(a.ShopSet, b.ShopSet) })
		for _, t := range traffic {
			switch {
			case !r.on[t.ShopSet]:
			case t.InFlight > 0:
				return fmt.Sprintf("edge %s has %s to ShopSet %s in flight", e.Name, counted(t.InFlight, "request"), t.ShopSet)
			case !t.Last.IsZero() && e.At.Sub(t.Last) < Quiet:
				return fmt.Sprintf("edge %s has sent a request to ShopSet %s within the last %s", e.Name, t.ShopSet, Quiet)
			}
		}
	}
	return ""
}
