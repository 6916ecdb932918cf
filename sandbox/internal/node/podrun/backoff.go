package podrun

import "time"

const (
	// firstDelay is shorter than the kubelet's 10 s: somebody is watching.
	firstDelay = time.Second
	// maxDelay and calmRun are the kubelet's.
	maxDelay = 5 * time.Minute
	calmRun  = 10 * time.Minute
)

// Backoff spaces restarts of a container: the first follows at once, each later
// one after twice the delay of the one before. A long run starts it anew.
type Backoff struct {
	started bool
	delay   time.Duration
}

// Next is the delay before the restart of a container that ran for ran.
func (b *Backoff) Next(ran time.Duration) time.Duration {
	if ran >= calmRun {
		*b = Backoff{}
	}
	switch {
	case !b.started:
		b.started = true
	case b.delay == 0:
		b.delay = firstDelay
	default:
		b.delay = min(2*b.delay, maxDelay)
	}
	return b.delay
}
