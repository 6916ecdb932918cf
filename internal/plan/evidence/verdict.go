package evidence

import (
	"slices"
	"strings"
	"time"

	"shopset.dev/shopset/internal/plan/placement"
)

// grace is how long doubts, or signs of life of what is down, must last to count: one lost probe
// changes nothing.
const grace = 3 * time.Second

// finding is what the sides say now about one subject, taken together.
type finding int

const (
	// partial: neither seen by all nor missed by all who must agree.
	partial finding = iota
	seen
	missed
)

// next leads a verdict on: what was believed, and what is found now.
func next(before *Verdict, name string, found finding, reason string, now time.Time, limits Limits) Verdict {
	v := Verdict{Name: name, State: Unknown, New: true, Since: now}
	if before != nil {
		v = *before
	}
	v.Reason = reason
	v.count(found, now)
	state := v.state(found, now, limits)
	if state != v.State {
		v.State, v.Since = state, now
	}
	if state == Up {
		v.New = false
	}
	return v
}

// count starts and stops the clocks.
func (v *Verdict) count(found finding, now time.Time) {
	start := func(clock *time.Time, runs bool) {
		switch {
		case !runs:
			*clock = time.Time{}
		case clock.IsZero():
			*clock = now
		}
	}
	start(&v.MissedSince, found == missed)
	start(&v.HeardSince, found != missed)
	start(&v.SeenSince, found == seen)
	if found != seen {
		start(&v.DoubtedSince, true)
	} else if lasts(v.SeenSince, now, grace) {
		v.DoubtedSince = time.Time{}
	}
}

// lasts tells whether a clock runs and has done so for long enough.
func lasts(since, now time.Time, long time.Duration) bool {
	return !since.IsZero() && now.Sub(since) >= long
}

func (v *Verdict) state(found finding, now time.Time, limits Limits) State {
	switch {
	case lasts(v.MissedSince, now, limits.DownAfter):
		return Down
	case found == seen && v.New:
		return Up
	case v.State == Down && !lasts(v.HeardSince, now, grace):
		return Down
	case found != seen && v.State == Up && !lasts(v.DoubtedSince, now, grace):
		return Up
	case found != seen:
		return Unknown
	case v.State == Up || lasts(v.SeenSince, now, limits.UpAfter):
		return Up
	case v.State == Returning || lasts(v.SeenSince, now, grace):
		return Returning
	default:
		return Unknown
	}
}

// changes gives the moments at which the verdict would change without any new observation.
func (v *Verdict) changes(limits Limits) []time.Time {
	var at []time.Time
	for _, c := range []struct {
		since time.Time
		after time.Duration
		when  bool
	}{
		{v.MissedSince, limits.DownAfter, v.State != Down},
		{v.SeenSince, limits.UpAfter, v.State == Returning || v.State == Unknown},
		{v.SeenSince, grace, v.State == Unknown},
		{v.HeardSince, grace, v.State == Down},
		{v.DoubtedSince, grace, v.State == Up},
	} {
		if c.when && !c.since.IsZero() {
			at = append(at, c.since.Add(c.after))
		}
	}
	return at
}

// States are what the verdicts mean to the planner, by ShopSet.
func (v Verdicts) States() map[string]placement.State {
	states := make(map[string]placement.State, len(v.ShopSets))
	for _, s := range v.ShopSets {
		switch s.State {
		case Up:
			states[s.Name] = placement.Active
		case Down:
			states[s.Name] = placement.Down
		default:
			states[s.Name] = placement.Cordoned
		}
	}
	return states
}

// Cluster finds the verdict on a cluster.
func (v Verdicts) Cluster(name string) (Verdict, bool) { return find(v.Clusters, name) }

// ShopSet finds the verdict on a ShopSet.
func (v Verdicts) ShopSet(name string) (Verdict, bool) { return find(v.ShopSets, name) }

func find(verdicts []Verdict, name string) (Verdict, bool) {
	i, ok := slices.BinarySearchFunc(verdicts, name, func(v Verdict, name string) int { return strings.Compare(v.Name, name) })
	if !ok {
		return Verdict{}, false
	}
	return verdicts[i], true
}
