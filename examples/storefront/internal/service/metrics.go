package service

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// metrics counts requests and prints them in the Prometheus text format.
type metrics struct {
	labels string

	mu      sync.Mutex
	byCode  map[int]uint64
	errors  uint64 // answers of 500 and above
	buckets []uint64
	count   uint64
	seconds float64
}

func newMetrics(component string, id Identity) *metrics {
	return &metrics{
		labels: fmt.Sprintf("component=%s,shopset=%s,release=%s",
			quoteLabel(component), quoteLabel(id.ShopSet), quoteLabel(id.Release)),
		byCode:  map[int]uint64{},
		buckets: make([]uint64, len(bucketBounds())),
	}
}

// bucketBounds are upper bounds in seconds: a page is fast below 50 ms and a
// checkout may wait for a restarting orders store for seconds.
func bucketBounds() []float64 {
	return []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
}

func (m *metrics) observe(code int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.byCode[code]++
	if code >= http.StatusInternalServerError {
		m.errors++
	}
	for i, bound := range bucketBounds() {
		if took.Seconds() <= bound {
			m.buckets[i]++
		}
	}
	m.count++
	m.seconds += took.Seconds()
}

func (m *metrics) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Write([]byte(m.text()))
}

func (m *metrics) text() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	head := func(name, kind, help string) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
	}
	head("storefront_requests_total", "counter", "Requests answered, by status code.")
	for _, code := range slices.Sorted(maps.Keys(m.byCode)) {
		fmt.Fprintf(&b, "storefront_requests_total{%s,code=\"%d\"} %d\n", m.labels, code, m.byCode[code])
	}
	head("storefront_errors_total", "counter", "Requests answered with 500 or above.")
	fmt.Fprintf(&b, "storefront_errors_total{%s} %d\n", m.labels, m.errors)

	const latency = "storefront_request_duration_seconds"
	head(latency, "histogram", "Time to answer a request.")
	for i, bound := range bucketBounds() {
		le := strconv.FormatFloat(bound, 'g', -1, 64)
		fmt.Fprintf(&b, "%s_bucket{%s,le=\"%s\"} %d\n", latency, m.labels, le, m.buckets[i])
	}
	fmt.Fprintf(&b, "%s_bucket{%s,le=\"+Inf\"} %d\n", latency, m.labels, m.count)
	fmt.Fprintf(&b, "%s_sum{%s} %g\n%s_count{%s} %d\n", latency, m.labels, m.seconds, latency, m.labels, m.count)
	return b.String()
}

func quoteLabel(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value) + `"`
}
