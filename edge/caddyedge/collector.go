package caddyedge

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// headroom is how much garbage may pile up before it is collected. A small table would
	// otherwise make the collector run every few hundred requests; a large one has as much by itself.
	headroom     = 64 << 20
	adaptEvery   = 10 * time.Second
	usualPercent = 100
	mostPercent  = 1600
)

// adaptCollector keeps the collector from running more often than headroom says, until the context
// ends. Whoever sets GOGC knows better.
func adaptCollector(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	defer debug.SetGCPercent(usualPercent)
	ticker := time.NewTicker(adaptEvery)
	defer ticker.Stop()
	for percent := usualPercent; ; {
		if wanted := percentFor(liveHeap()); wanted != percent {
			debug.SetGCPercent(wanted)
			percent = wanted
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// percentFor a live heap of so many bytes, in steps, so that it does not change all the time.
func percentFor(live uint64) int {
	percent := mostPercent
	for percent > usualPercent && live*uint64(percent)/100 > headroom {
		percent /= 2
	}
	return percent
}

// liveHeap is what the last collection left.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
