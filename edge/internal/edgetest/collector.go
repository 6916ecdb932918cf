package edgetest

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Collector takes spans over OTLP and keeps them as they came.
type Collector struct {
	URL  string
	text buffer
}

// NewCollector starts a collector.
func NewCollector(t testing.TB) *Collector {
	t.Helper()
	c := new(Collector)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			plain, err := gzip.NewReader(r.Body)
			if err != nil {
				return
			}
			body = plain
		}
		_, _ = io.Copy(&c.text, body)
	}))
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// Received is what came so far, in protobuf, whose strings can be read.
func (c *Collector) Received() string { return c.text.String() }
