package health

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/plan/routes"
)

// Config of a Fleet; all fields but the functions must be set.
type Config struct {
	Clock clock.WithTicker
	Log   *slog.Logger
	// Path of the probes, how often and how long, and how many in a row make a ShopSet fall and rise.
	Path              string
	Interval, Timeout time.Duration
	Fall, Rise        int
	// Changed is called when a ShopSet has become good or bad, Ejected when it is ejected. They must
	// not call back.
	Changed func()
	Ejected func(shopSet string)
}

// Fleet holds the Targets of all ShopSets in the table.
type Fleet struct {
	config Config
	panic  atomic.Bool
	client prober

	ejecting sync.Mutex // taken before mutex

	mutex   sync.RWMutex
	targets map[string]*Target
	tiers   map[string][]*Target
	stop    map[string]context.CancelFunc
	running context.Context // that of Run: targets that come later live as long
	probing sync.WaitGroup
}

// NewFleet makes an empty Fleet.
func NewFleet(config Config) *Fleet {
	return &Fleet{
		config: config, client: newProber(config.Path), targets: map[string]*Target{}, tiers: map[string][]*Target{}, stop: map[string]context.CancelFunc{},
	}
}

// Set makes the Targets those of a table. What is known of ShopSets that stay is kept.
func (f *Fleet) Set(list []routes.ShopSet) map[string]*Target {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	targets, tiers := make(map[string]*Target, len(list)), map[string][]*Target{}
	for _, s := range list {
		t := f.targets[s.Name]
		if t == nil {
			t = newTarget(f, s)
		} else {
			t.set(s)
		}
		targets[s.Name] = t
		tiers[s.Tier] = append(tiers[s.Tier], t)
	}
	for name, stop := range f.stop {
		if targets[name] == nil {
			stop()
			delete(f.stop, name)
		}
	}
	f.targets, f.tiers = targets, tiers
	f.start()
	return targets
}

// start probes those that are not probed yet. The lock is held.
func (f *Fleet) start() {
	if f.running == nil || f.running.Err() != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(f.targets)) {
		if f.stop[name] != nil {
			continue
		}
		ctx, cancel := context.WithCancel(f.running)
		f.stop[name] = cancel
		t := f.targets[name]
		f.probing.Go(func() { f.probe(ctx, t) })
	}
}

// Run probes until the context ends.
func (f *Fleet) Run(ctx context.Context) {
	f.mutex.Lock()
	f.running = ctx
	f.start()
	f.mutex.Unlock()
	ticker := f.config.Clock.NewTicker(tick)
	defer ticker.Stop()
	defer f.client.close()
	defer f.probing.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
		f.look(ctx, f.config.Clock.Now())
	}
}

// look finds out whether the edge should suspect itself, and which ShopSets are suspect.
func (f *Fleet) look(ctx context.Context, now time.Time) {
	f.mutex.RLock()
	defer f.mutex.RUnlock()
	bad := 0
	for _, t := range f.targets {
		if t.Bad(now) {
			bad++
		}
		if t.silentSince(now) > suspectAfter && t.fleet.client.begin(t) {
			f.probing.Go(func() { f.suspect(ctx, t) })
		}
	}
	if in := bad*2 > len(f.targets); in != f.panic.Load() {
		f.panic.Store(in)
		f.config.Log.Warn("more than half of the ShopSets look bad: this edge suspects itself and ejects none", "panic", in, "bad", bad, "shopsets", len(f.targets))
		f.config.Changed()
	}
}

// Panic is true while the edge suspects itself.
func (f *Fleet) Panic() bool { return f.panic.Load() }

// mayEject keeps at least half of a tier in service.
func (f *Fleet) mayEject(tier string, now time.Time) bool {
	f.mutex.RLock()
	defer f.mutex.RUnlock()
	out := 1
	for _, t := range f.tiers[tier] {
		if t.Bad(now) {
			out++
		}
	}
	return out*2 <= len(f.tiers[tier])
}

func (f *Fleet) changed(t *Target, good bool, reason string) {
	if good {
		f.config.Log.Info("ShopSet is good again", "shopset", t.Name)
	} else {
		f.config.Log.Warn("ShopSet looks bad", "shopset", t.Name, "reason", reason)
	}
	f.config.Changed()
}

func (f *Fleet) ejections(t *Target) { f.config.Ejected(t.Name) }
