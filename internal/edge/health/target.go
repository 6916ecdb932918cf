package health

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"shopset.dev/shopset/internal/plan/routes"
)

// Rank orders the ShopSets of a group: the smaller the better.
type Rank int

const (
	// Good serves.
	Good Rank = iota
	// Ramping is back since a moment: this request is not of its share.
	Ramping
	// Drained shall serve only if nothing better does.
	Drained
	// Ejected failed requests in a row.
	Ejected
	// Down fails its probes.
	Down
)

const (
	ramp          = 10 * time.Second
	smallestShare = 0.1
	// flapsIn is how long a time of being down counts against the next return.
	flapsIn = 10 * time.Minute
	holdFor = 5 * time.Second // × how many times it was down before
	// longest bounds hold-downs and ejections.
	longest = 300 * time.Second
)

// Target is the health of one ShopSet. It is safe for concurrent use.
type Target struct {
	Name  string
	fleet *Fleet

	// What a request looks at; times are Unix nanoseconds, 0 is never.
	drained      atomic.Bool
	down         atomic.Bool
	ejectedUntil atomic.Int64
	returned     atomic.Int64
	shares       atomic.Uint64 // counts requests while ramping
	turn         atomic.Uint64 // counts picks of an address
	addresses    atomic.Pointer[[]*address]
	lost         atomic.Pointer[chan struct{}]

	inFlight, waiting              atomic.Int64
	lastRequest, lastAnswer, since atomic.Int64 // since: of the first of those that wait

	tier atomic.Pointer[string]

	// The mutex may be held while that of the fleet is taken, never the other way round.
	mutex  sync.Mutex
	probes probes
	outlier
	changed time.Time // when it last became good or bad
	reason  string    // why it is down
	downs   []time.Time
}

// probes are counts in a row.
type probes struct {
	passes, fails int
	any           bool
}

type address struct {
	hostPort string
	bad      atomic.Bool  // its last probe failed
	skip     atomic.Int64 // until then, because a connection failed
}

func newTarget(f *Fleet, s routes.ShopSet) *Target {
	t := &Target{Name: s.Name, fleet: f, changed: f.config.Clock.Now()}
	t.renew()
	t.set(s)
	return t
}

// renew makes the channel that the next loss will close.
func (t *Target) renew() {
	lost := make(chan struct{})
	t.lost.Store(&lost)
}

// set takes over what the table says.
func (t *Target) set(s routes.ShopSet) {
	t.tier.Store(&s.Tier)
	t.drained.Store(s.State == routes.Drained)
	known := map[string]*address{}
	if old := t.addresses.Load(); old != nil {
		for _, a := range *old {
			known[a.hostPort] = a
		}
	}
	list := make([]*address, 0, len(s.Addresses))
	for _, hostPort := range s.Addresses {
		a := known[hostPort]
		if a == nil {
			a = &address{hostPort: hostPort}
		}
		list = append(list, a)
	}
	t.addresses.Store(&list)
}

// Rank says how good the ShopSet is for a request now. It may be asked once for a request: shares
// are counted.
func (t *Target) Rank(now time.Time) Rank {
	switch {
	case t.down.Load():
		return Down
	case t.ejected(now):
		return Ejected
	case t.drained.Load():
		return Drained
	case t.leavesOut(now):
		return Ramping
	}
	return Good
}

// Bad is true if it is down or ejected; panic or not.
func (t *Target) Bad(now time.Time) bool {
	return t.down.Load() || now.UnixNano() < t.ejectedUntil.Load()
}

func (t *Target) ejected(now time.Time) bool {
	return now.UnixNano() < t.ejectedUntil.Load() && !t.fleet.panic.Load()
}

// leavesOut is true if the next request is above the share of a ShopSet that has just returned.
func (t *Target) leavesOut(now time.Time) bool {
	back := max(t.returned.Load(), t.ejectedUntil.Load())
	if back == 0 {
		return false
	}
	passed := time.Duration(now.UnixNano() - back)
	if passed < 0 || passed >= ramp {
		return false
	}
	share := max(float64(passed)/float64(ramp), smallestShare)
	n := float64(t.shares.Add(1))
	return int64(n*share) == int64((n-1)*share)
}

// HasAddress is true if there is one to pick.
func (t *Target) HasAddress() bool { return len(*t.addresses.Load()) > 0 }

// Address picks one in turn, those that answered last first; empty if there is none.
func (t *Target) Address(now time.Time) string {
	list := *t.addresses.Load()
	if len(list) == 0 {
		return ""
	}
	if len(list) == 1 {
		return list[0].hostPort
	}
	turn := t.turn.Add(1)
	for i := range uint64(len(list)) {
		a := list[(turn+i)%uint64(len(list))]
		if !a.bad.Load() && now.UnixNano() >= a.skip.Load() {
			return a.hostPort
		}
	}
	return list[turn%uint64(len(list))].hostPort
}

// avoid leaves an address out for a while.
func (t *Target) avoid(hostPort string, until time.Time) {
	for _, a := range *t.addresses.Load() {
		if a.hostPort == hostPort {
			a.skip.Store(until.UnixNano())
		}
	}
}

// probed notes the result of one round of probes; nil is good.
func (t *Target) probed(failure error, now time.Time) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if errors.Is(failure, errNoAddress) {
		t.probes = probes{}
		return
	}
	limits := t.fleet.config
	t.probes.any = true
	if failure != nil {
		t.probes.passes, t.probes.fails = 0, t.probes.fails+1
		if t.down.Load() {
			t.reason = fmt.Sprintf("probe failed: %v", failure)
		} else if t.probes.fails >= limits.Fall {
			t.fall(fmt.Sprintf("%d probes in a row failed: %v", t.probes.fails, failure), now)
		}
		return
	}
	t.lastAnswer.Store(now.UnixNano())
	t.probes.passes, t.probes.fails = t.probes.passes+1, 0
	if !t.down.Load() {
		return
	}
	if held := t.heldUntil(now); now.Before(held) {
		t.reason = fmt.Sprintf("answers again; held down until %s because it was down %d times", held.UTC().Format(time.RFC3339), len(t.downs))
	} else if t.probes.passes >= limits.Rise {
		t.rise(now)
	}
}

func (t *Target) fall(reason string, now time.Time) {
	t.down.Store(true)
	t.changed, t.reason = now, reason
	for len(t.downs) > 0 && now.Sub(t.downs[0]) > flapsIn {
		t.downs = t.downs[1:]
	}
	const mostCounted = 100
	if len(t.downs) < mostCounted {
		t.downs = append(t.downs, now)
	}
	t.giveUp()
	t.fleet.changed(t, false, reason)
}

func (t *Target) rise(now time.Time) {
	t.down.Store(false)
	t.changed, t.reason = now, ""
	t.returned.Store(now.UnixNano())
	t.fleet.changed(t, true, "probes pass")
}

// heldUntil ends the hold-down: none the first time, longer each time that it was down.
func (t *Target) heldUntil(now time.Time) time.Time {
	if len(t.downs) == 0 {
		return now
	}
	return t.changed.Add(min(holdFor*time.Duration(len(t.downs)-1), longest))
}

// giveUp tells those who wait for an answer.
func (t *Target) giveUp() {
	lost := t.lost.Load()
	t.renew()
	close(*lost)
}
