package workload

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// observer observes one cluster.
type observer struct {
	Config
	namespace string
	target    Target
	// tell is called, without the lock, when something has changed that matters.
	tell func()

	mu   sync.Mutex
	seen Seen
	// edges are the statuses as they were received, by ConfigMap.
	edges map[string]status
	// watching is whose changes count; those of a watch that was given up do not.
	watching *watches
}

// run observes until the context ends. A new version of the Secret makes a new connection.
func (o *observer) run(ctx context.Context) {
	for ctx.Err() == nil {
		c, err := o.connect(ctx)
		if err != nil {
			text := err.Error()
			o.noted(result{problem: text, local: true})
			o.pause(ctx, o.ReadSecretEvery)
			continue
		}
		o.observe(ctx, c)
	}
}

// connect reads the kubeconfig.
func (o *observer) connect(ctx context.Context) (*connection, error) {
	secret, err := o.secret(ctx)
	if err != nil {
		return nil, err
	}
	content := secret.Data[KubeconfigKey]
	if len(content) == 0 {
		return nil, fmt.Errorf("Secret %s/%s has no key %s: add it", o.namespace, o.target.Secret, KubeconfigKey) //nolint:staticcheck // ST1005: begins with a kind, as users write it
	}
	config, err := parseKubeconfig(content)
	if err != nil {
		return nil, fmt.Errorf("Secret %s/%s: %s: %w", o.namespace, o.target.Secret, KubeconfigKey, err) //nolint:staticcheck // ST1005: as above
	}
	c, err := newConnection(config, secret.ResourceVersion)
	if err != nil {
		return nil, fmt.Errorf("Secret %s/%s: %s: %w", o.namespace, o.target.Secret, KubeconfigKey, err) //nolint:staticcheck // ST1005: as above
	}
	return c, nil
}

func (o *observer) secret(ctx context.Context) (*corev1.Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var s corev1.Secret
	key := client.ObjectKey{Namespace: o.namespace, Name: o.target.Secret}
	if err := o.Secrets.Get(ctx, key, &s); err != nil {
		return nil, fmt.Errorf("reading Secret %s: %w: create it, or let the controller read it (config/fleet-access)", key, err)
	}
	return &s, nil
}

// observe probes and watches over one connection until the Secret changes.
func (o *observer) observe(ctx context.Context, c *connection) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer c.prober.CloseIdleConnections()
	stop := func() {}
	defer func() { stop() }()
	reachable, read := false, o.Clock.Now()
	for ctx.Err() == nil {
		r := c.probe(ctx, o.ProbeTimeout)
		if ctx.Err() != nil {
			return
		}
		if now := r.problem == ""; now && !reachable {
			// What hung while the cluster was away might go on hanging.
			stop()
			stop = o.watch(ctx, c)
		}
		reachable = r.problem == ""
		o.noted(r)
		if o.Clock.Since(read) >= o.ReadSecretEvery {
			read = o.Clock.Now()
			if s, err := o.secret(ctx); err == nil && s.ResourceVersion != c.version {
				return
			}
		}
		o.pause(ctx, o.ProbeEvery)
	}
}

// pause waits for about as long: many observers must not all ask at the same moment.
func (o *observer) pause(ctx context.Context, d time.Duration) {
	const part = 5                                                // the pauses differ by up to a fifth
	d += time.Duration(rand.Int64N(int64(d)/part+1)) - d/(2*part) //nolint:gosec // G404: nobody gains by guessing it
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// watch begins to watch over new connections, and gives what ends that.
func (o *observer) watch(ctx context.Context, c *connection) func() {
	set, closeIdle, err := c.clientset()
	if err != nil {
		o.unwatched(err)
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.watching = startWatches(ctx, set, o.target, o.changed, o.unwatched)
	return func() {
		cancel()
		closeIdle()
	}
}

// noted takes over what a probe found.
func (o *observer) noted(r result) {
	o.mu.Lock()
	before, s, now := o.seen, &o.seen, o.Clock.Now()
	reachable := r.problem == ""
	if s.At.IsZero() || s.Reachable != reachable {
		s.Since, s.InARow = now, 0
	}
	s.At, s.Reachable, s.Problem, s.Local = now, reachable, r.problem, ""
	s.InARow++
	if r.local {
		s.Local = r.problem
	}
	matters := before.At.IsZero() || before.Reachable != s.Reachable || (before.Local == "") != (s.Local == "")
	o.mu.Unlock()
	if matters {
		o.tell()
	}
}

// unwatched notes why a list or a watch failed. While the API server does not answer that is no news.
func (o *observer) unwatched(err error) {
	o.mu.Lock()
	matters := o.seen.Reachable && o.seen.Unwatched == ""
	if o.seen.Reachable {
		o.seen.Unwatched = err.Error()
	}
	o.mu.Unlock()
	if matters {
		o.tell()
	}
}

// changed takes over what a watch holds, once it holds all.
func (o *observer) changed(w *watches) {
	if w == nil || !w.isSynced() {
		return
	}
	o.mu.Lock()
	if o.watching != w {
		o.mu.Unlock()
		return
	}
	addresses := w.addresses()
	edges, err := w.edges(o.edges, o.Clock.Now())
	text := ""
	if err != nil {
		text = err.Error()
	}
	matters := !o.seen.Listed || o.seen.Unwatched != text || !maps.EqualFunc(o.seen.Addresses, addresses, slices.Equal) || telling(o.edges, edges)
	o.edges = edges
	o.seen.Listed, o.seen.Addresses, o.seen.Unwatched = true, addresses, text
	o.seen.Edges = nil
	for _, name := range slices.Sorted(maps.Keys(edges)) {
		o.seen.Edges = append(o.seen.Edges, edges[name].Edge)
	}
	o.mu.Unlock()
	if matters {
		o.tell()
	}
}

// telling tells whether the statuses differ in what somebody decides by: an edge that is new or was
// silent for long, health, the table in force, and whether there is traffic.
func telling(before, after map[string]status) bool {
	if len(before) != len(after) {
		return true
	}
	for name, now := range after {
		was, ok := before[name]
		if !ok || was.Status.Ready != now.Status.Ready || was.Status.Panic != now.Status.Panic ||
			was.Status.Table.Epoch != now.Status.Table.Epoch || len(was.Status.ShopSets) != len(now.Status.ShopSets) ||
			now.Received.Sub(was.Received) > silentFor {
			return true
		}
		for i := range now.Status.ShopSets {
			a, b := &was.Status.ShopSets[i], &now.Status.ShopSets[i]
			if a.Name != b.Name || a.Healthy != b.Healthy || a.Drained != b.Drained || (a.InFlight == 0) != (b.InFlight == 0) {
				return true
			}
		}
	}
	return false
}

// look gives what is known now.
func (o *observer) look() Seen {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen.clone()
}
