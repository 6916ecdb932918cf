package workload

import (
	"context"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// KubeconfigKey is the key of a Secret that holds a kubeconfig.
const KubeconfigKey = "kubeconfig"

// silentFor is after how long a status that comes again is news, whatever it says.
const silentFor = 25 * time.Second

// Config is what Observers are made of. Times that are zero are set to what they are in production.
type Config struct {
	// Secrets reads Secrets, past any cache.
	Secrets client.Reader
	Clock   clock.PassiveClock
	// Changed is called with a fleet's namespace when something was seen there that matters. It
	// must not block.
	Changed func(namespace string)
	// ProbeEvery and ProbeTimeout are how often, and for how long, API servers are asked.
	ProbeEvery, ProbeTimeout time.Duration
	// ReadSecretEvery is how often kubeconfigs are looked at for changes.
	ReadSecretEvery time.Duration
}

// Observers observe the clusters of all fleets.
type Observers struct {
	Config
	mu sync.Mutex
	// ctx is that of Start; nil before.
	ctx     context.Context //nolint:containedctx // observers begin and end while it runs
	running sync.WaitGroup
	all     map[string]map[string]*observed // by namespace and cluster
}

type observed struct {
	*observer
	stop context.CancelFunc // nil until it runs
}

// New makes Observers that observe nothing yet.
func New(c Config) *Observers {
	if c.ProbeEvery <= 0 {
		c.ProbeEvery = 2 * time.Second
	}
	if c.ProbeTimeout <= 0 {
		c.ProbeTimeout = 2 * time.Second
	}
	if c.ReadSecretEvery <= 0 {
		c.ReadSecretEvery = 15 * time.Second
	}
	return &Observers{Config: c, all: map[string]map[string]*observed{}}
}

// Start observes until the context ends.
func (o *Observers) Start(ctx context.Context) error {
	o.mu.Lock()
	o.ctx = ctx
	for _, clusters := range o.all {
		for _, c := range clusters {
			o.begin(c)
		}
	}
	o.mu.Unlock()
	<-ctx.Done()
	o.running.Wait()
	return nil
}

// Observe says which clusters of a namespace are to be observed from now on; those of before that
// are not among them are forgotten. What was seen of a cluster stays when only its Secret changes.
func (o *Observers) Observe(namespace string, targets []Target) {
	o.mu.Lock()
	defer o.mu.Unlock()
	clusters := o.all[namespace]
	if clusters == nil {
		clusters = map[string]*observed{}
		o.all[namespace] = clusters
	}
	for name, c := range clusters {
		if !slices.ContainsFunc(targets, func(t Target) bool { return t.Cluster == name }) {
			c.end()
			delete(clusters, name)
		}
	}
	if len(targets) == 0 {
		delete(o.all, namespace)
	}
	for _, t := range targets {
		before := clusters[t.Cluster]
		if before != nil && before.target == t {
			continue
		}
		c := &observed{observer: &observer{Config: o.Config, namespace: namespace, target: t, edges: map[string]status{}}}
		c.tell = func() { o.Changed(namespace) }
		if before != nil {
			before.end()
			c.inherit(before.observer)
		}
		clusters[t.Cluster] = c
		o.begin(c)
	}
}

// begin must be called with the lock held.
func (o *Observers) begin(c *observed) {
	if o.ctx == nil || o.ctx.Err() != nil || c.stop != nil {
		return
	}
	ctx, stop := context.WithCancel(o.ctx)
	c.stop = stop
	o.running.Go(func() { c.run(ctx) })
}

func (c *observed) end() {
	if c.stop != nil {
		c.stop()
	}
}

// inherit takes over what was seen over another kubeconfig, or with other names.
func (o *observer) inherit(from *observer) {
	seen := from.look()
	if from.target.EntryService == o.target.EntryService {
		o.seen.Addresses = seen.Addresses
	}
	if from.target.EdgeNamespace == o.target.EdgeNamespace {
		from.mu.Lock()
		o.edges, o.seen.Edges = from.edges, seen.Edges
		from.mu.Unlock()
	}
	o.seen.At, o.seen.Reachable, o.seen.Since, o.seen.InARow = seen.At, seen.Reachable, seen.Since, seen.InARow
	o.seen.Problem, o.seen.Local = seen.Problem, seen.Local
}

// Seen gives what is known of the clusters of a namespace, by name. A cluster that is not observed
// is missing.
func (o *Observers) Seen(namespace string) map[string]Seen {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make(map[string]Seen, len(o.all[namespace]))
	for name, c := range o.all[namespace] {
		out[name] = c.look()
	}
	return out
}
