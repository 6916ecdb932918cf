package release

import (
	"time"

	"shopset.dev/shopset/api/v1alpha1"
)

// judge tells where a tier stands by the gates that are about the tier itself, and brings the
// soak clock and the proof in t up to date. again is when time alone may change the verdict.
func judge(t *Tier, now time.Time) (v Verdict, again time.Time) {
	v = Verdict{Tier: t.Name, Total: len(t.ShopSets), Proven: t.Proven}
	cur := t.Current()
	if t.Blocked != "" {
		v.Phase, v.Reason, v.HealthySince = v1alpha1.TierBlocked, t.Blocked, t.HealthySince
		if cur != nil {
			v.Release = &cur.Release
		}
		return v, again
	}
	if cur == nil {
		v.Phase, v.Reason = v1alpha1.TierEmpty, "waits for its first release"
		return v, again
	}
	v.Release = &cur.Release
	for _, ss := range t.ShopSets {
		if ss.AtRelease {
			v.Live++
		}
	}
	t.HealthySince = healthySince(t, now)
	v.Phase, v.Reason, again = askOwn(t, now)
	switch v.Phase {
	case v1alpha1.TierProven:
		if t.Proven == nil || !t.Proven.Same(cur.Release) {
			t.Proven = &Proven{Release: cur.Release, At: now, Evidence: evidence(t, now)}
		}
	case v1alpha1.TierDegraded:
		t.HealthySince = time.Time{}
		if t.Proven != nil && t.Proven.Same(cur.Release) {
			t.Proven = nil // it has gone bad since
		}
	case v1alpha1.TierEmpty, v1alpha1.TierUpdating, v1alpha1.TierSoaking, v1alpha1.TierBlocked:
	}
	v.HealthySince, v.Proven = t.HealthySince, t.Proven
	return v, again
}

// askOwn asks the gates about the tier itself, all but the hold of the tier above.
func askOwn(t *Tier, now time.Time) (phase v1alpha1.TierPhase, reason string, again time.Time) {
	s := step{now: now, from: t}
	for _, g := range chain() {
		r := g.check(s)
		switch r.outcome {
		case pass:
			continue
		case fail:
			return v1alpha1.TierDegraded, r.reason, r.again
		case wait:
			if t.Proven != nil && t.Proven.Same(t.History[0].Release) {
				return v1alpha1.TierProven, "proven; now " + r.reason, r.again
			}
			if allHealthy(t) || !t.HealthySince.IsZero() {
				return v1alpha1.TierSoaking, r.reason, r.again
			}
			return v1alpha1.TierUpdating, r.reason, r.again
		}
	}
	return v1alpha1.TierProven, "proven", time.Time{}
}

func evidence(t *Tier, now time.Time) []string {
	var out []string
	for _, g := range chain() {
		if r := g.check(step{now: now, from: t}); g.name != "hold" {
			out = append(out, g.name+": "+r.reason)
		}
	}
	return out
}

func allHealthy(t *Tier) bool {
	for _, ss := range t.ShopSets {
		if !ss.AtRelease || ss.Health != Healthy {
			return false
		}
	}
	return true
}

// healthySince is the start of the soak clock: when the last of the ShopSets had become live and
// healthy. Once started it goes on through Progressing and Unknown (a scaling ShopSet has not
// failed), and only degradation sets it back.
func healthySince(t *Tier, now time.Time) time.Time {
	if !allHealthy(t) || !t.HealthySince.IsZero() {
		return t.HealthySince
	}
	start := t.Since
	for _, ss := range t.ShopSets {
		if ss.HealthSince.Before(t.Since) {
			return now // the release changed nothing there: it counts from when it was seen
		}
		if ss.HealthSince.After(start) {
			start = ss.HealthSince
		}
	}
	if start.After(now) { // another machine's clock is ahead of ours
		start = now
	}
	return start
}
