package edge

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"shopset.dev/shopset/internal/edge/health"
	"shopset.dev/shopset/internal/plan/routes"
)

// Result is what became of an Attempt.
type Result struct {
	Err     error
	Sent    bool // any byte of the request was written
	Status  int  // 0 if no answer came
	Latency time.Duration
	Aborted bool // the client went away: says nothing about the ShopSet
}

// ErrLost is the Err of a Result that ended because AwaitLoss gave true.
var ErrLost = errors.New("the ShopSet stopped answering")

// Attempt is one try at one address of a ShopSet.
type Attempt struct {
	ShopSet, Address string
	// ConnectTimeout is never 0. ResponseTimeout, to the first byte of the answer, is 0 for no bound.
	ConnectTimeout, ResponseTimeout time.Duration

	request *Request
	shopSet *shopSet
	lane    *lane
	lost    <-chan struct{} // nil if no other ShopSet could take over
	heard   bool
	done    bool
}

func (r *Request) attempt(s *shopSet, l *lane, now time.Time) *Attempt {
	connect := r.class.ConnectMillis
	if connect == 0 {
		connect = routes.DefaultClass("").ConnectMillis
	}
	r.current = &Attempt{
		ShopSet: s.Name, Address: s.Address(now),
		ConnectTimeout: time.Duration(connect) * time.Millisecond, ResponseTimeout: time.Duration(r.class.ResponseMillis) * time.Millisecond,
		request: r, shopSet: s, lane: l,
	}
	if lost := s.Begin(now); len(r.candidates) > 1 && r.attempts < mostAttempts {
		r.current.lost = lost
	}
	return r.current
}

// MayBeLost is false if AwaitLoss would never give true.
func (a *Attempt) MayBeLost() bool { return a.lost != nil }

// AwaitLoss waits until the ShopSet is found not to answer while this attempt waits (for example because
// its cluster froze, and the connection was open already) and another could serve the request: then it
// gives true. It gives false when the channel is closed. A GET, HEAD or OPTIONS that got no byte of an
// answer yet should then be given up with ErrLost, and retried; anything else waits on. It may run
// beside all other methods, once.
func (a *Attempt) AwaitLoss(until <-chan struct{}) bool {
	lost := a.lost
	for {
		select {
		case <-until:
			return false
		case <-lost:
		}
		if a.elsewhere(a.request.edge.clock.Now()) {
			return true
		}
		// Patience is best: one that was frozen may thaw. It is found lost again as long as it is silent.
		lost = a.shopSet.Lost()
	}
}

// elsewhere is true if another ShopSet could serve the request.
func (a *Attempt) elsewhere(now time.Time) bool {
	return slices.ContainsFunc(a.request.candidates, func(s *shopSet) bool {
		return s != a.shopSet && s.HasAddress() && !s.Bad(now)
	})
}

// Answered tells that the first byte of an answer has come. Calling it is optional, and worthwhile
// where Done comes much later: WebSockets, long downloads.
func (a *Attempt) Answered() {
	if a.heard {
		return
	}
	a.heard = true
	a.shopSet.Heard(true, a.request.edge.clock.Now())
}

// Done tells what became of the attempt. Call it once, when the exchange is over.
func (a *Attempt) Done(res Result) {
	if a.done {
		return
	}
	a.done = true
	now := a.request.edge.clock.Now()
	if !a.heard {
		a.heard = true
		a.shopSet.Heard(res.Status != 0, now)
	}
	a.shopSet.End(now)
	a.lane.inFlight.Add(-1)
	a.request.last = res
	if res.Aborted {
		return
	}
	if res.Status != 0 {
		a.lane.latency.Observe(res.Latency.Seconds())
	}
	a.shopSet.Observe(outcomeOf(res), a.Address, a.request.route.Shop, now)
}

func outcomeOf(res Result) health.Outcome {
	switch {
	case res.Err != nil && !res.Sent:
		return health.NoConnection
	case res.Err != nil || res.Status == 0:
		return health.NoAnswer
	case res.Status >= http.StatusInternalServerError:
		return health.ServerError
	}
	return health.Answered
}
