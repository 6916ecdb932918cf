package limit

import (
	"sync/atomic"
	"time"
)

const (
	// window is how many seconds a Budget looks back.
	window = 10
	// floor of retries a second that are always allowed: without it a quiet class had none.
	floor = 3
)

// Budget bounds retries to a share of the requests of the last ten seconds. The zero value is
// ready for use. Counts may be off by a few at the turn of a second.
type Budget struct {
	seconds [window]second
}

type second struct {
	at                atomic.Int64
	requests, retries atomic.Int64
}

// Request counts a request.
func (b *Budget) Request(now time.Time) {
	b.second(now.Unix()).requests.Add(1)
}

// Retry counts a retry that is made whatever the budget says.
func (b *Budget) Retry(now time.Time) {
	b.second(now.Unix()).retries.Add(1)
}

// Allow counts a retry if the budget has room for it.
func (b *Budget) Allow(percent int, now time.Time) bool {
	unix := now.Unix()
	var requests, retries int64
	for i := range b.seconds {
		if s := &b.seconds[i]; s.at.Load() > unix-window {
			requests += s.requests.Load()
			retries += s.retries.Load()
		}
	}
	if retries >= max(floor*window, requests*int64(percent)/100) {
		return false
	}
	b.Retry(now)
	return true
}

func (b *Budget) second(unix int64) *second {
	s := &b.seconds[(unix%window+window)%window]
	if at := s.at.Load(); at != unix && s.at.CompareAndSwap(at, unix) {
		s.requests.Store(0)
		s.retries.Store(0)
	}
	return s
}
