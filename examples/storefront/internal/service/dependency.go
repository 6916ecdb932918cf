package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	probeEvery   = time.Second
	probeTimeout = 800 * time.Millisecond
	// firstProbes is the interval until the first answer: a release should not wait.
	firstProbes = 200 * time.Millisecond
	// fall is how many probes in a row must fail before a dependency is down.
	fall = 3
	// readyGrace is how long a component stays ready after a dependency last
	// answered. Without it the few seconds in which one component restarts
	// would take every component before it out of service too.
	readyGrace = 15 * time.Second
)

// Dependency is another component, probed in the background.
type Dependency struct {
	name      string
	health    string
	transport http.RoundTripper
	now       func() time.Time

	mu       sync.Mutex
	answered time.Time // zero until the first answer
	failures int       // in a row
	last     error
}

// NewDependency returns the component that answers at base; it is probed at
// /healthz of that host once Run watches it.
func NewDependency(name string, base *url.URL, now func() time.Time) *Dependency {
	return &Dependency{
		name: name, now: now, transport: NewTransport(probeTimeout),
		health: base.ResolveReference(&url.URL{Path: "/healthz"}).String(),
		last:   errors.New("not probed yet"),
	}
}

// Up reports whether it answered lately.
func (d *Dependency) Up() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.answered.IsZero() && d.failures < fall
}

// Ready returns nil if the dependency has answered within readyGrace. One that
// never answered is never ready: a release that cannot reach what it needs
// must not replace one that can.
func (d *Dependency) Ready() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.answered.IsZero() {
		return fmt.Errorf("%s has not answered yet: %w", d.name, d.last)
	}
	if silent := d.now().Sub(d.answered); silent > readyGrace {
		return fmt.Errorf("%s has not answered for %s: %w", d.name, silent.Round(time.Second), d.last)
	}
	return nil
}

// Observe takes the outcome of a probe, or of a request that could not connect.
func (d *Dependency) Observe(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = err
	if err != nil {
		d.failures++
		return
	}
	d.failures, d.answered = 0, d.now()
}

// AllReady is ready when each dependency is.
func AllReady(dependencies ...*Dependency) func() error {
	return func() error {
		var not []error
		for _, d := range dependencies {
			not = append(not, d.Ready())
		}
		return errors.Join(not...)
	}
}

// AnyReady is ready when at least one dependency is.
func AnyReady(dependencies ...*Dependency) func() error {
	return func() error {
		var not []error
		for _, d := range dependencies {
			err := d.Ready()
			if err == nil {
				return nil
			}
			not = append(not, err)
		}
		return errors.Join(not...)
	}
}

func (d *Dependency) watch(ctx context.Context) {
	for {
		err := d.probe(ctx)
		if ctx.Err() != nil {
			return
		}
		d.Observe(err)
		wait := probeEvery
		if err != nil && !d.Up() {
			wait = firstProbes
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (d *Dependency) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.health, nil)
	if err != nil {
		return err
	}
	res, err := d.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<10)) // read only so that the connection can be used again
	if res.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("%s answered %s", d.health, res.Status)
	}
	return nil
}
