package edge

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"shopset.dev/shopset/internal/edge/table"
)

// codes are the label of how a request ended. Neither hosts nor shops are labels anywhere: there
// are a million of them.
var codes = [...]string{"error", "1xx", "2xx", "3xx", "4xx", "5xx", "aborted"}

const abortedCode = len(codes) - 1

func codeOf(res Result) int {
	const hundred = 100
	switch class := res.Status / hundred; {
	case res.Aborted:
		return abortedCode
	case res.Err != nil || class < 1 || class > 5:
		return 0
	default:
		return class
	}
}

type metrics struct {
	requests, retries, refusals, refused, ejections, unreplayed *prometheus.CounterVec
	latency                                                     *prometheus.HistogramVec
	overridden                                                  prometheus.Counter
	statusWrites                                                *prometheus.CounterVec
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "shopset_edge", Name: name, Help: help}, labels)
}

func newMetrics(registry prometheus.Registerer, e *Edge) (*metrics, error) {
	m := &metrics{
		requests:   counter("requests_total", "Requests that were sent to a ShopSet, by the one that was tried last and how that ended.", "shopset", "tier", "class", "code"),
		retries:    counter("retries_total", "Attempts that were repeated, by the ShopSet that did not serve.", "shopset", "tier", "class"),
		refusals:   counter("refusals_total", "Requests that the edge answered itself.", "reason"),
		refused:    counter("table_refused_total", "Routing tables that were not taken.", "reason"),
		ejections:  counter("ejections_total", "Times that a ShopSet was left out because its requests failed in a row.", "shopset"),
		unreplayed: counter("unreplayed_total", "Requests that were lost and not repeated, because they may have had their effect.", "shopset", "class"),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "shopset_edge", Name: "answer_seconds", Help: "Time until a ShopSet answered an attempt.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"shopset", "tier", "class"}),
		overridden:   prometheus.NewCounter(prometheus.CounterOpts{Namespace: "shopset_edge", Name: "override_requests_total", Help: "Requests that went where an override said."}),
		statusWrites: counter("status_writes_total", "Writes of the status of this edge to its namespace.", "result"),
	}
	for _, reason := range table.Reasons() {
		m.refused.WithLabelValues(reason)
	}
	var problems []error
	for _, c := range []prometheus.Collector{m.requests, m.retries, m.refusals, m.refused, m.ejections, m.unreplayed, m.latency, m.overridden, m.statusWrites, newGauges(e)} {
		problems = append(problems, registry.Register(c))
	}
	return m, errors.Join(problems...)
}

func (m *metrics) lane(shopSet, tier, class string) *lane {
	l := &lane{retries: m.retries.WithLabelValues(shopSet, tier, class), latency: m.latency.WithLabelValues(shopSet, tier, class)}
	for i, code := range codes {
		l.codes[i] = m.requests.WithLabelValues(shopSet, tier, class, code)
	}
	return l
}

func (m *metrics) refuse(r *Refusal) *Refusal {
	m.refusals.WithLabelValues(r.Reason).Inc()
	return r
}

func (m *metrics) refusedTable(reason string) { m.refused.WithLabelValues(reason).Inc() }

func (m *metrics) ejected(shopSet string) { m.ejections.WithLabelValues(shopSet).Inc() }

// forget ends the series of a ShopSet that is gone.
func (m *metrics) forget(shopSet string) {
	labels := prometheus.Labels{"shopset": shopSet}
	for _, v := range []interface {
		DeletePartialMatch(prometheus.Labels) int
	}{m.requests, m.retries, m.ejections, m.unreplayed, m.latency} {
		v.DeletePartialMatch(labels)
	}
}

// gauges are read from the edge when they are asked for.
type gauges struct {
	edge                                                                         *Edge
	ready, epoch, loaded, rows, overrides, panicking, healthy, drained, inFlight *prometheus.Desc
}

func newGauges(e *Edge) *gauges {
	return &gauges{
		edge:      e,
		ready:     gauge("ready", "1 if there is a routing table."),
		epoch:     gauge("table_epoch", "Epoch of the routing table in force."),
		loaded:    gauge("table_loaded_timestamp_seconds", "When the routing table in force was taken."),
		rows:      gauge("table_rows", "Rows of the routing table in force.", "table"),
		overrides: gauge("overrides", "Overrides in force."),
		panicking: gauge("panic", "1 while more than half of the ShopSets look bad, and the edge suspects itself."),
		healthy:   gauge("shopset_healthy", "1 if the ShopSet looks good to this edge.", "shopset", "tier"),
		drained:   gauge("shopset_drained", "1 if the ShopSet gets requests only where no other serves.", "shopset", "tier"),
		inFlight:  gauge("shopset_in_flight", "Requests that are open at the ShopSet.", "shopset", "tier"),
	}
}

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("shopset_edge_"+name, help, labels, nil)
}

// Describe sends nothing: what is collected depends on the table.
func (g *gauges) Describe(chan<- *prometheus.Desc) {}

// Collect sends the state of the moment.
func (g *gauges) Collect(to chan<- prometheus.Metric) {
	send := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	v := g.edge.view.Load()
	send(g.ready, number(v != nil))
	send(g.panicking, number(g.edge.fleet.Panic()))
	if v == nil {
		return
	}
	t, now := v.state.Table, g.edge.clock.Now()
	send(g.epoch, float64(t.Epoch))
	send(g.loaded, float64(v.state.Since.Unix()))
	send(g.overrides, float64(v.state.Overrides.InForce(now)))
	send(g.rows, float64(t.Rows.Hosts), "hosts")
	send(g.rows, float64(t.Rows.Groups), "groups")
	send(g.rows, float64(t.Rows.ShopSets), "shopsets")
	send(g.rows, float64(t.Rows.Classes), "classes")
	for _, s := range t.ShopSets {
		status := v.shopSets[s.Name].Status(now)
		send(g.healthy, number(status.Healthy), s.Name, s.Tier)
		send(g.drained, number(status.Drained), s.Name, s.Tier)
		send(g.inFlight, float64(status.InFlight), s.Name, s.Tier)
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
