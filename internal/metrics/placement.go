package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// placementMetrics are those of the controller that places shops.
type placementMetrics struct {
	duration  *prometheus.HistogramVec
	verdict   *prometheus.HistogramVec
	moves     *prometheus.CounterVec
	mustMove  *prometheus.CounterVec
	epoch     *prometheus.GaugeVec
	debts     *prometheus.GaugeVec
	unplaced  *prometheus.GaugeVec
	frozen    *prometheus.GaugeVec
	verdicts  *prometheus.GaugeVec
	byFleet   []*prometheus.GaugeVec
	collector []prometheus.Collector
}

func newPlacementMetrics() placementMetrics {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, append([]string{"fleet"}, labels...))
	}
	counter := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"fleet"})
	}
	p := placementMetrics{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "shopset_placement_plan_seconds", Help: "Time to plan a placement and its routing table.",
			Buckets: prometheus.ExponentialBuckets(.001, 3, 10),
		}, []string{"fleet"}),
		verdict: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "shopset_placement_verdict_to_push_seconds",
			Help:    "Time from a cluster's being declared down to the push that places its shops elsewhere.",
			Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 10, 15, 30, 60, 300},
		}, []string{"fleet"}),
		moves:    counter("shopset_placement_moves_total", "Copies of placement groups that were moved."),
		mustMove: counter("shopset_placement_must_move_total", "Copies of placement groups that had to be moved, whatever one does."),
		epoch:    gauge("shopset_placement_epoch", "Epoch of the routing table in Git."),
		debts:    gauge("shopset_placement_debt_shops", "Shops that have fewer domains than their class asks for."),
		unplaced: gauge("shopset_placement_unplaced_shops", "Shops that have no place."),
		frozen:   gauge("shopset_placement_frozen", "1 while nothing is placed anew because too much looks down at once."),
		verdicts: gauge("shopset_placement_verdicts", "Clusters and ShopSets (kind) by what is believed of them (state).", "kind", "state"),
	}
	p.byFleet = []*prometheus.GaugeVec{p.epoch, p.debts, p.unplaced, p.frozen, p.verdicts}
	p.collector = []prometheus.Collector{p.duration, p.verdict, p.moves, p.mustMove, p.epoch, p.debts, p.unplaced, p.frozen, p.verdicts}
	return p
}

// Verdict is a label pair of what is believed.
type Verdict struct{ Kind, State string }

// Placement is how the placement of a fleet stands.
type Placement struct {
	Epoch                    int64
	DebtShops, UnplacedShops int
	Frozen                   bool
	Verdicts                 map[Verdict]int
}

// PlacementPlanned records the duration of a plan.
func (m *Metrics) PlacementPlanned(fleet string, d time.Duration) {
	m.placement.duration.WithLabelValues(fleet).Observe(d.Seconds())
}

// PlacementPushed records a table that was brought to Git.
func (m *Metrics) PlacementPushed(fleet string, moves, mustMove int, epoch int64) {
	m.placement.moves.WithLabelValues(fleet).Add(float64(moves))
	m.placement.mustMove.WithLabelValues(fleet).Add(float64(mustMove))
	m.placement.epoch.WithLabelValues(fleet).Set(float64(epoch))
}

// PlacementVerdictPushed records the time from a verdict to the push that follows from it.
func (m *Metrics) PlacementVerdictPushed(fleet string, d time.Duration) {
	m.placement.verdict.WithLabelValues(fleet).Observe(d.Seconds())
}

// PlacementStands records how the placement of a fleet stands.
func (m *Metrics) PlacementStands(fleet string, p Placement) {
	m.placement.epoch.WithLabelValues(fleet).Set(float64(p.Epoch))
	m.placement.debts.WithLabelValues(fleet).Set(float64(p.DebtShops))
	m.placement.unplaced.WithLabelValues(fleet).Set(float64(p.UnplacedShops))
	frozen := 0.0
	if p.Frozen {
		frozen = 1
	}
	m.placement.frozen.WithLabelValues(fleet).Set(frozen)
	for v, n := range p.Verdicts {
		m.placement.verdicts.WithLabelValues(fleet, v.Kind, v.State).Set(float64(n))
	}
}

// ForgetPlacement drops the gauges of a fleet that is gone.
func (m *Metrics) ForgetPlacement(fleet string) {
	for _, v := range m.placement.byFleet {
		v.DeletePartialMatch(prometheus.Labels{"fleet": fleet})
	}
}
