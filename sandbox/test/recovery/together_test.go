package recovery

import (
	"fmt"
	"testing"
)

// TestProvenIsWhatTheClusterRuns lets releases climb through tiers of several ShopSets, which
// Argo CD renders from one checkout at the same moment. When a tier is proven, every ShopSet of
// it must serve the release: what Argo CD calls Synced is not enough.
func TestProvenIsWhatTheClusterRuns(t *testing.T) {
	const releases = 4
	f := newFleet(t, "together", fleetOptions{tiers: ladder[:2], more: 2})
	c := newController(t, f.box)
	c.start()
	f.proven(f.work.git("rev-parse", "HEAD"))
	for range releases {
		commit := f.merge()
		for _, tier := range f.tiers {
			f.proven(commit, tier)
			for _, name := range f.namesOf(tier) {
				if page, err := f.page(name); err != nil || page != fmt.Sprint(f.spent) {
					t.Errorf("tier %s has proven release %d, and its ShopSet %s serves %s (%v)", tier, f.spent, name, page, err)
				}
			}
		}
		if t.Failed() {
			return
		}
	}
	f.checkHistory()
	t.Logf("measured: %d releases on %d ShopSets, each served where it was proven", releases, len(f.tiers)*len(f.namesOf("dev")))
}
