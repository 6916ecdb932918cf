// Package metrics holds ShopSet's own Prometheus metrics. Labels are bounded by
// the number of tiers, never by shops or hosts.
package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are registered once for each process.
type Metrics struct {
	promotion *prometheus.HistogramVec
	gitTotal  *prometheus.CounterVec
	gitTime   *prometheus.HistogramVec
	release   *prometheus.GaugeVec
	shopSets  *prometheus.GaugeVec
	live      *prometheus.GaugeVec
	pushes    *prometheus.CounterVec
	placement placementMetrics
}

// New registers the metrics.
func New(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		promotion: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "shopset_promotion_seconds",
			Help:    "Time of a promotion by phase: overhead (gates passed to pushed), live (pushed to live everywhere), proven (live to proven).",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 6 * 3600, 24 * 3600},
		}, []string{"fleet", "tier", "phase"}),
		gitTotal: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shopset_git_operations_total", Help: "Git operations by repository, operation and result (ok, error).",
		}, []string{"repository", "operation", "result"}),
		gitTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "shopset_git_operation_seconds", Help: "Duration of Git operations.", Buckets: prometheus.ExponentialBuckets(.005, 3, 9),
		}, []string{"repository", "operation"}),
		release: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "shopset_tier_release_info", Help: "1 for the release that a tier runs.",
		}, []string{"fleet", "tier", "release", "phase"}),
		shopSets: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "shopset_tier_shopsets", Help: "ShopSets of a tier.",
		}, []string{"fleet", "tier"}),
		live: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "shopset_tier_live_shopsets", Help: "ShopSets of a tier that run its release.",
		}, []string{"fleet", "tier"}),
		pushes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "shopset_push_events_total", Help: "Push events received, by outcome: accepted, refused.",
		}, []string{"outcome"}),
	}
	m.placement = newPlacementMetrics()
	r.MustRegister(m.placement.collector...)
	r.MustRegister(m.promotion, m.gitTotal, m.gitTime, m.release, m.shopSets, m.live, m.pushes)
	return m
}

// Promotion records the duration of one phase of a promotion.
func (m *Metrics) Promotion(fleet, tier, phase string, d time.Duration) {
	m.promotion.WithLabelValues(fleet, tier, phase).Observe(d.Seconds())
}

// Git gives the observer of one repository's operations.
func (m *Metrics) Git(repository string) func(op string, err error, d time.Duration) {
	return func(op string, err error, d time.Duration) {
		result := "ok"
		if err != nil {
			result = "error"
		}
		m.gitTotal.WithLabelValues(repository, op, result).Inc()
		m.gitTime.WithLabelValues(repository, op).Observe(d.Seconds())
	}
}

// Tier records where a tier stands.
func (m *Metrics) Tier(fleet, tier, release, phase string, live, total int) {
	m.release.DeletePartialMatch(prometheus.Labels{"fleet": fleet, "tier": tier})
	if release != "" {
		m.release.WithLabelValues(fleet, tier, release, phase).Set(1)
	}
	m.shopSets.WithLabelValues(fleet, tier).Set(float64(total))
	m.live.WithLabelValues(fleet, tier).Set(float64(live))
}

// Forget drops the metrics of a fleet that is gone.
func (m *Metrics) Forget(fleet string) {
	for _, v := range []*prometheus.GaugeVec{m.release, m.shopSets, m.live} {
		v.DeletePartialMatch(prometheus.Labels{"fleet": fleet})
	}
}

// PushEvent counts a push event.
func (m *Metrics) PushEvent(accepted bool) {
	outcome := "refused"
	if accepted {
		outcome = "accepted"
	}
	m.pushes.WithLabelValues(outcome).Inc()
}
