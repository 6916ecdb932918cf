package service

import (
	"testing"
	"time"
)

func TestMetricsAreInThePrometheusTextFormat(t *testing.T) {
	m := newMetrics("api", Identity{ShopSet: `a"1`, Release: "1.0.0"})
	m.observe(200, 30*time.Millisecond)
	m.observe(500, 20*time.Second)
	m.observe(200, 700*time.Millisecond)
	const want = `# HELP storefront_requests_total Requests answered, by status code.
# TYPE storefront_requests_total counter
storefront_requests_total{component="api",shopset="a\"1",release="1.0.0",code="200"} 2
storefront_requests_total{component="api",shopset="a\"1",release="1.0.0",code="500"} 1
# HELP storefront_errors_total Requests answered with 500 or above.
# TYPE storefront_errors_total counter
storefront_errors_total{component="api",shopset="a\"1",release="1.0.0"} 1
# HELP storefront_request_duration_seconds Time to answer a request.
# TYPE storefront_request_duration_seconds histogram
storefront_request_duration_seconds_bucket{component="api",shopset="a\"1",release="1.0.0",le="0.005"} 0
storefront_request_duration_seconds_bucket{component="api",shopset="a\"1",release="1.0.0",le="0.01"} 0
storefront_request_duration_seconds_bucket{component="api",shopset="a\"1",release="1.0.0",le="0.025"} 0
storefront_request_duration_seconds_bucket{component="api",shopset="a\"1",release="1.0.0",le="0.05"} 1
storefront_request_duration_seconds_bucket{component="api",shopset="a\"1",release="1.0.0",le="0.1"} 1
storefront_request_duration_seconds_bucket{component="api",shopset="a\"1",release="1.0.0",le="0.25"} 1
storefront_request_duration_seconds_bucket{component="api",shopset="a\"1",release="1.0.0",le="0.5"} 1
storefront_request_duration_seconds_bucket{component="api",shopset="a\"1",release="1.0.0",le="1"} 2
storefront_request_duration_seconds_bucket{component="api",shopset="a\"1",release="1.0.0",le="2.5"} 2
storefront_request_duration_seconds_bucket{component="api",shopset="a\"1",release="1.0.0",le="5"} 2
storefront_request_duration_seconds_bucket{component="api",shopset="a\"1",release="1.0.0",le="10"} 2
storefront_request_duration_seconds_bucket{component="api",shopset="a\"1",release="1.0.0",le="+Inf"} 3
storefront_request_duration_seconds_sum{component="api",shopset="a\"1",release="1.0.0"} 20.73
storefront_request_duration_seconds_count{component="api",shopset="a\"1",release="1.0.0"} 3
`
	if got := m.text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
