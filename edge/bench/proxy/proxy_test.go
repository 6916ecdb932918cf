package proxy

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	hostCount = 100_000
	turns     = 24
	turnSpan  = 500 * time.Millisecond

	mostLatency     = 1.05 // of plain Caddy's median
	leastThroughput = 0.90 // of plain Caddy's
)

// contestant with its turns.
type contestant struct {
	name, address string
	pid           int // 0: none of its own
	turns         []turn
}

// processorTime that the process has used so far; 0 where the kernel does not say.
func (c *contestant) processorTime() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond // Linux counts in hundredths for everybody
}

func (c *contestant) middle(value func(turn) float64) float64 {
	values := make([]float64, len(c.turns))
	for i, t := range c.turns {
		values[i] = value(t)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// perRequest is the processor time of a request, over all turns: the kernel counts coarsely.
func (c *contestant) perRequest() float64 {
	var used time.Duration
	requests := 0
	for _, t := range c.turns {
		used, requests = used+t.processor, requests+t.requests
	}
	return float64(used.Microseconds()) / float64(requests)
}

// against is the median ratio of turns that followed each other closely: what else the machine did
// then hit both.
func (c *contestant) against(other *contestant, value func(turn) float64) float64 {
	ratios := make([]float64, len(c.turns))
	for i, t := range c.turns {
		ratios[i] = value(t) / value(other.turns[i])
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

func perSecond(t turn) float64 { return t.perSecond }
func median(t turn) float64    { return float64(t.median.Microseconds()) }
func p99(t turn) float64       { return float64(t.p99.Microseconds()) }

// BenchmarkProxies compares latency with few connections and throughput with many.
func BenchmarkProxies(b *testing.B) {
	hosts := make([]string, hostCount)
	for i := range hosts {
		hosts[i] = fmt.Sprintf("shop-%06d.example", i)
	}
	backend := server(b)
	all := []*contestant{
		startEdge(b, backend, hosts),
		startCaddy(b, backend),
	}
	if haproxy := startHAProxy(b, backend, hosts); haproxy != nil {
		all = append(all, haproxy)
	}
	all = append(all, &contestant{name: "direct", address: backend})
	for _, size := range []struct {
		name        string
		connections int
		judge       func(b *testing.B, edge, caddy *contestant)
	}{
		{"latency-4-connections", 4, judgeLatency},
		{"throughput-64-connections", 64, judgeThroughput},
	} {
		b.Run(size.name, func(b *testing.B) {
			for b.Loop() {
				compete(b, all, hosts, size.connections)
			}
			for _, c := range all {
				b.ReportMetric(c.middle(perSecond), c.name+"-req/s")
				b.ReportMetric(c.middle(median), c.name+"-p50-us")
				b.ReportMetric(c.middle(p99), c.name+"-p99-us")
				if c.pid != 0 {
					b.ReportMetric(c.perRequest(), c.name+"-cpu-us/req")
				}
			}
			size.judge(b, all[0], all[1])
		})
	}
}

// compete gives each its turns, in an order that changes.
func compete(b *testing.B, all []*contestant, hosts []string, connections int) {
	for _, c := range all {
		load(b, c.address, hosts, connections, turnSpan) // to warm up
		c.turns = nil
	}
	for n := range turns {
		for i := range all {
			c := all[(i+n)%len(all)]
			before := c.processorTime()
			t := load(b, c.address, hosts, connections, turnSpan)
			t.processor = c.processorTime() - before
			c.turns = append(c.turns, t)
		}
	}
}

func judgeLatency(b *testing.B, edge, caddy *contestant) {
	ratio := edge.against(caddy, median)
	b.ReportMetric(ratio, "edge/caddy-p50")
	if ratio > mostLatency {
		b.Errorf("the edge's median latency is %.2f times plain Caddy's, want at most %.2f", ratio, mostLatency)
	}
}

func judgeThroughput(b *testing.B, edge, caddy *contestant) {
	ratio := edge.against(caddy, perSecond)
	b.ReportMetric(ratio, "edge/caddy-req/s")
	if ratio < leastThroughput {
		b.Errorf("the edge's throughput is %.2f of plain Caddy's, want at least %.2f", ratio, leastThroughput)
	}
}
