package placement

import (
	"time"

	"shopset.dev/shopset/internal/metrics"
	"shopset.dev/shopset/internal/plan/evidence"
)

// measure records how things stand.
func (r *Reconciler) measure(s *step) {
	m := metrics.Placement{Epoch: s.ws.today.table.Epoch, Frozen: s.verdicts.Frozen != "", Verdicts: map[metrics.Verdict]int{}}
	for _, d := range s.plan.Debts {
		m.DebtShops += d.Shops
	}
	for _, u := range s.plan.Unplaced {
		m.UnplacedShops += u.Shops
	}
	for kind, verdicts := range map[string][]evidence.Verdict{"cluster": s.verdicts.Clusters, "shopset": s.verdicts.ShopSets} {
		for _, state := range []evidence.State{evidence.Up, evidence.Returning, evidence.Unknown, evidence.Down} {
			m.Verdicts[metrics.Verdict{Kind: kind, State: string(state)}] = 0
		}
		for _, v := range verdicts {
			m.Verdicts[metrics.Verdict{Kind: kind, State: string(v.State)}]++
		}
	}
	r.Metrics.PlacementStands(s.fleet.Namespace, m)
}

// measureVerdicts records how long it took from a cluster's being declared down to the push that
// placed its shops elsewhere.
func (r *Reconciler) measureVerdicts(s *step, now time.Time) {
	for _, v := range s.verdicts.Clusters {
		if v.State == evidence.Down && v.Since.After(s.ws.measured) {
			r.Metrics.PlacementVerdictPushed(s.fleet.Namespace, now.Sub(v.Since))
		}
	}
	s.ws.measured = now
}
