package health

import (
	"time"

	"shopset.dev/shopset/internal/edgestatus"
)

// Begin counts a request that is sent to the ShopSet. The channel is closed if it is lost.
func (t *Target) Begin(now time.Time) <-chan struct{} {
	t.inFlight.Add(1)
	t.lastRequest.Store(now.UnixNano())
	if t.waiting.Add(1) == 1 {
		t.since.Store(now.UnixNano())
	}
	return t.Lost()
}

// Lost is closed when requests that wait for an answer are found to wait in vain the next time.
func (t *Target) Lost() <-chan struct{} { return *t.lost.Load() }

// Heard notes that a request has got an answer, or waits no more; answer says which.
func (t *Target) Heard(answer bool, now time.Time) {
	t.waiting.Add(-1)
	if answer {
		t.lastAnswer.Store(now.UnixNano())
	}
}

// End counts a request that is over.
func (t *Target) End(now time.Time) {
	t.inFlight.Add(-1)
	t.lastRequest.Store(now.UnixNano())
}

// silentSince says how long somebody has been waiting without the ShopSet answering anything.
func (t *Target) silentSince(now time.Time) time.Duration {
	if t.waiting.Load() <= 0 {
		return 0
	}
	return time.Duration(now.UnixNano() - max(t.since.Load(), t.lastAnswer.Load()))
}

// Status of the ShopSet.
func (t *Target) Status(now time.Time) edgestatus.ShopSetStatus {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	s := edgestatus.ShopSetStatus{
		Name: t.Name, Healthy: true, Unprobed: !t.probes.any, Since: t.changed, Drained: t.drained.Load(), InFlight: t.inFlight.Load(),
	}
	if last := t.lastRequest.Load(); last != 0 {
		s.LastRequest = time.Unix(0, last)
	}
	until := time.Unix(0, t.ejectedUntil.Load())
	switch {
	case t.down.Load():
		s.Healthy, s.Reason = false, t.reason
	case now.Before(until):
		s.Healthy, s.Reason = false, "ejected until "+until.UTC().Format(time.RFC3339)+": "+t.why
	case !t.HasAddress():
		s.Healthy, s.Reason = false, "no address is known"
	case s.Unprobed:
		s.Reason = "not probed yet"
	}
	if s.Healthy && until.After(t.changed) && !until.After(now) {
		s.Since = until
	}
	return s
}
