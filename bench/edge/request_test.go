package edge

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"shopset.dev/shopset/internal/edge"
	"shopset.dev/shopset/internal/plan/routes"
)

// BenchmarkRequest is all that the core does for one request, in a table of 100,000 hosts: routing,
// rate limit, health, circuit, counters. The server around it is not in it.
func BenchmarkRequest(b *testing.B) {
	const shops = 100_000
	t := million(1)
	t.Hosts = t.Hosts[:shops]
	t.Classes[0].RatePerSecond = 1_000_000_000
	folder := b.TempDir()
	files, err := routes.Encode(t)
	if err != nil {
		b.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	// Probes of addresses that do not exist would only disturb.
	e, err := edge.New(edge.Config{Name: "bench", Tables: edge.TablesConfig{Dir: folder}, Probe: edge.ProbeConfig{Interval: time.Hour, Timeout: time.Hour}})
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- e.Run(b.Context()) }()
	for deadline := time.Now().Add(time.Minute); !e.Ready(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("no table after a minute: %+v", e.Status().Table)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	began := processorTime()
	for i := range b.N {
		n := i * 7919 % shops
		request, refusal := e.Begin(host(n), "192.0.2.1:1234")
		if refusal != nil {
			b.Fatalf("%s: %+v", host(n), refusal)
		}
		attempt, refusal := request.Next()
		if refusal != nil {
			b.Fatalf("%s: %+v", host(n), refusal)
		}
		if want := t.Groups[n%groups].ShopSets[0]; attempt.ShopSet != want || request.Shop() != fmt.Sprintf("shop-%06d", n) && i < shops {
			b.Fatalf("%s goes to %s, want %s", host(n), attempt.ShopSet, want)
		}
		attempt.Done(edge.Result{Status: http.StatusOK, Sent: true, Latency: time.Millisecond})
		request.End()
	}
	// For machines that others use too.
	b.ReportMetric(float64(processorTime()-began)/float64(b.N), "processor-ns/op")
}
