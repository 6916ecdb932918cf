package edge

import (
	"errors"
	"net/http"
	"time"

	"shopset.dev/shopset/internal/edge/health"
	"shopset.dev/shopset/internal/edge/table"
)

// Refusal says that a request is not served, and what to answer instead.
type Refusal struct {
	Status     int           // 404 unknown host, 429 rate limit, 503 no table or nothing answers
	RetryAfter time.Duration // 0: no such header; round it up to seconds
	Reason     string
}

const (
	// tryAgain is when a client may come back: health is known anew by then.
	tryAgain = 2 * time.Second
	// mostAttempts for one request, at no more than two ShopSets.
	mostAttempts = 3

	noAddress, circuitOpen = "no address known", "circuit open"
)

// Request is one request of a client. It is for one goroutine at a time.
type Request struct {
	edge       *Edge
	route      table.Route
	class      *class
	candidates []*shopSet // in the order of the table

	attempts      int
	first, second *shopSet // those that were tried
	hopeless      bool     // nothing looked good: one attempt, no more
	current       *Attempt
	last          Result
	unreplayed    bool
}

// Next gives the next attempt to make: the first, or, after Done of the one before, a retry. It
// gives a Refusal when nothing is left to try.
func (r *Request) Next() (*Attempt, *Refusal) {
	now := r.edge.clock.Now()
	if r.attempts > 0 {
		if r.attempts == mostAttempts || r.hopeless && !errors.Is(r.last.Err, ErrLost) {
			return nil, r.refuse("nothing answers")
		}
		if !r.withinBudget(now) {
			return nil, r.refuse("retry budget spent")
		}
	}
	chosen, lane, reason := r.choose(now)
	if chosen == nil {
		return nil, r.refuse(reason)
	}
	if r.attempts > 0 {
		r.current.lane.retries.Inc()
	}
	r.attempts++
	return r.attempt(chosen, lane, now), nil
}

func (r *Request) refuse(reason string) *Refusal {
	return r.edge.metrics.refuse(&Refusal{Status: http.StatusServiceUnavailable, RetryAfter: tryAgain, Reason: reason})
}

// withinBudget is about retries that add load: not those of requests that reached no ShopSet, nor
// those from one that is known to be bad or lost, which have to go elsewhere as its other requests do.
func (r *Request) withinBudget(now time.Time) bool {
	from := r.current.shopSet
	if r.last.Err != nil && !r.last.Sent || errors.Is(r.last.Err, ErrLost) || from.Bad(now) {
		r.class.budget.Retry(now)
		return true
	}
	return r.class.budget.Allow(r.class.RetryPercent, now)
}

// choose takes the best ShopSet first, then the best other one that is not down, then the better of
// the two once more. Those whose circuit is open are left out.
func (r *Request) choose(now time.Time) (*shopSet, *lane, string) {
	reason := noAddress
	switch r.attempts {
	case 0:
		return r.best(health.Down, now, &reason)
	case 1:
		if s, lane, _ := r.best(health.Ejected, now, &reason); s != nil {
			return s, lane, ""
		}
		fallthrough
	default:
		for _, s := range r.lastTry(now) {
			if !s.HasAddress() {
				continue
			}
			if lane := s.enter(r); lane != nil {
				r.attempts = mostAttempts - 1 // so that this one is the last
				return s, lane, ""
			}
			reason = circuitOpen
		}
	}
	return nil, nil, reason
}

// best enters the ShopSet of the smallest rank, in the order of the table, that was not tried yet.
func (r *Request) best(worst health.Rank, now time.Time, reason *string) (*shopSet, *lane, string) {
	ranks := make([]health.Rank, len(r.candidates))
	for i, s := range r.candidates {
		ranks[i] = s.Rank(now)
	}
	for rank := health.Good; rank <= worst; rank++ {
		if rank == health.Ejected && *reason == circuitOpen {
			break // what is too much for the good is no work for the bad
		}
		for i, s := range r.candidates {
			if ranks[i] != rank || s == r.first || !s.HasAddress() {
				continue
			}
			lane := s.enter(r)
			if lane == nil {
				*reason = circuitOpen
				continue
			}
			if r.first == nil {
				r.first, r.hopeless = s, rank >= health.Ejected
			} else {
				r.second = s
			}
			return s, lane, ""
		}
	}
	return nil, nil, *reason
}

// lastTry orders the ShopSets that were tried: the one that looks better now first.
func (r *Request) lastTry(now time.Time) []*shopSet {
	switch {
	case r.second == nil:
		return []*shopSet{r.first}
	case r.first.Bad(now) && !r.second.Bad(now):
		return []*shopSet{r.second, r.first}
	}
	return []*shopSet{r.first, r.second}
}

// enter counts the request of a class at a ShopSet, unless its circuit is open.
func (s *shopSet) enter(r *Request) *lane {
	l := s.lane(r.edge.metrics, r.class.Name)
	if n := l.inFlight.Add(1); r.class.MaxInFlight > 0 && n > int64(r.class.MaxInFlight) {
		l.inFlight.Add(-1)
		return nil
	}
	return l
}

// End closes the books. Call it once, always, after Done of the last Attempt.
func (r *Request) End() {
	if r.current == nil {
		return
	}
	r.current.Done(Result{Aborted: true}) // if it was forgotten
	r.current.lane.codes[codeOf(r.last)].Inc()
}

// Shop, Class and Group say whose request it is.
func (r *Request) Shop() string  { return r.route.Shop }
func (r *Request) Class() string { return r.route.Class }
func (r *Request) Group() string { return r.route.Group }

// ShopSet of the current attempt; empty before the first.
func (r *Request) ShopSet() string {
	if r.current == nil {
		return ""
	}
	return r.current.ShopSet
}

// MayRetry says whether the request may be sent again after this result, if nothing of the answer
// has been passed on to the client: after a connection that did not come about always, otherwise
// only GET, HEAD and OPTIONS, after an error or a status of 502, 503 or 504.
func (r *Request) MayRetry(method string, res Result) bool {
	switch {
	case res.Aborted:
		return false
	case res.Err != nil && !res.Sent:
		return true
	case method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions:
		return res.Err != nil || res.Status >= http.StatusBadGateway && res.Status <= http.StatusGatewayTimeout
	}
	if res.Err != nil && !r.unreplayed && r.current != nil {
		// It may have had its effect. Nobody but the shopper can know whether to do it again.
		r.unreplayed = true
		r.edge.metrics.unreplayed.WithLabelValues(r.current.ShopSet, r.class.Name).Inc()
	}
	return false
}
