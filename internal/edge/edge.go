// Package edge is the core of ShopSet's edge: it says where a request goes, and learns from what
// became of it. It knows nothing of the web server around it.
//
// For each request the server calls Begin, then Next for each attempt and Done with its Result, asks
// MayRetry before another Next, and calls End. Everything else, such as the routing table and the
// health of the ShopSets, is kept up to date by Run.
package edge

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"

	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/edge/health"
	"shopset.dev/shopset/internal/edge/limit"
	"shopset.dev/shopset/internal/edge/table"
	"shopset.dev/shopset/internal/plan/routes"
)

// Edge routes requests. It is safe for concurrent use.
type Edge struct {
	config  Config
	clock   clock.WithTicker
	log     *slog.Logger
	store   *table.Store
	disk    *table.Disk // nil without a StateDir
	source  table.Source
	kube    kubernetes.Interface // nil if tables come from a folder
	fleet   *health.Fleet
	buckets *limit.Buckets
	metrics *metrics
	view    atomic.Pointer[view]
	wake    chan struct{} // there is something new to publish
}

// New makes an Edge; Run makes it work. It uses the last good table of StateDir from the start.
func New(config Config) (*Edge, error) {
	config, err := config.complete()
	if err != nil {
		return nil, fmt.Errorf("configuring the edge: %w", err)
	}
	e := &Edge{config: config, clock: config.Clock, log: config.Log, buckets: limit.NewBuckets(), wake: make(chan struct{}, 1)}
	if e.metrics, err = newMetrics(config.Registry, e); err != nil {
		return nil, fmt.Errorf("registering the metrics of the edge: %w", err)
	}
	e.fleet = health.NewFleet(health.Config{
		Clock: e.clock, Log: e.log, Path: config.Probe.Path, Interval: config.Probe.Interval, Timeout: config.Probe.Timeout,
		Fall: config.Probe.Fall, Rise: config.Probe.Rise, Changed: e.somethingNew, Ejected: e.metrics.ejected,
	})
	e.store = table.NewStore(table.Config{Clock: e.clock, Log: e.log, Swapped: e.adopt, Refused: e.metrics.refusedTable})
	if e.source, e.kube, err = config.Tables.open(e.clock); err != nil {
		return nil, err
	}
	if config.StateDir != "" {
		if e.disk, err = table.NewDisk(config.StateDir, e.log); err != nil {
			return nil, err
		}
		e.restore()
	}
	return e, nil
}

// restore begins with what was good before the last end. If that is lost the source will do.
func (e *Edge) restore() {
	update, err := e.disk.Load()
	switch {
	case err != nil:
		e.store.Refuse(table.Unreadable, err.Error())
	case update != nil:
		e.store.Offer(*update)
	}
}

// Run reads tables, probes and publishes until the context ends. Call it once.
func (e *Edge) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { e.fleet.Run(ctx) })
	if e.disk != nil {
		running.Go(func() { e.disk.Run(ctx) })
	}
	if e.kube != nil {
		running.Go(func() { e.publish(ctx) })
	}
	err := e.store.Run(ctx, e.source)
	cancel()
	return err
}

// adopt makes a table the one that requests see.
func (e *Edge) adopt(state *table.State) {
	before := e.view.Load()
	e.view.Store(e.newView(before, state))
	if e.disk != nil {
		e.disk.Put(state)
	}
	e.somethingNew()
}

func (e *Edge) somethingNew() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Ready is true once there is a table.
func (e *Edge) Ready() bool { return e.view.Load() != nil }

// HasHost is true if a certificate may be asked for.
func (e *Edge) HasHost(host string) bool {
	v := e.view.Load()
	if v == nil {
		return false
	}
	name, err := routes.NormalizeHost(host)
	if err != nil {
		return false
	}
	_, _, found := v.state.Table.Host(name)
	return found
}

// Begin routes a request: host as in the Host header, remote is the client's address (it decides
// nothing so far). Exactly one of the results is nil. End must be called on the Request, whatever
// happens.
func (e *Edge) Begin(host, remote string) (*Request, *Refusal) {
	_ = remote
	v := e.view.Load()
	if v == nil {
		return nil, e.metrics.refuse(&Refusal{Status: http.StatusServiceUnavailable, RetryAfter: tryAgain, Reason: "no table"})
	}
	now := e.clock.Now()
	name, err := routes.NormalizeHost(host)
	if err != nil {
		return nil, e.metrics.refuse(&Refusal{Status: http.StatusNotFound, Reason: "unknown host"})
	}
	route, found := v.state.Route(name, now)
	if !found {
		return nil, e.metrics.refuse(&Refusal{Status: http.StatusNotFound, Reason: "unknown host"})
	}
	class := v.class(route.Class)
	if wait, ok := e.buckets.Take(route.Shop, class.RatePerSecond, class.Burst, now); !ok {
		return nil, e.metrics.refuse(&Refusal{Status: http.StatusTooManyRequests, RetryAfter: wait, Reason: "rate limit"})
	}
	if route.Override != nil {
		route.Override.Count()
		e.metrics.overridden.Inc()
	}
	class.budget.Request(now)
	r := &Request{edge: e, route: route, class: class, candidates: make([]*shopSet, len(route.ShopSets))}
	for i, name := range route.ShopSets {
		r.candidates[i] = v.shopSets[name]
	}
	return r, nil
}
