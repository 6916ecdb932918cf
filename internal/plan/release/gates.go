package release

import (
	"fmt"
	"time"
)

// outcome is a gate's answer.
type outcome int

const (
	pass outcome = iota
	wait
	fail
)

// result is a gate's answer with the sentence that explains it. again is when time alone may
// change a wait; zero if only an event can.
type result struct {
	outcome outcome
	reason  string
	again   time.Time
}

// step is a release's way from one tier to the next: from is nil below the lowest tier.
type step struct {
	now      time.Time
	from, to *Tier
}

// gate is one small question about a step.
type gate struct {
	name  string
	check func(step) result
}

// chain is the order in which the gates are asked; the first that does not pass is the reason
// that people read. to's gate comes first: a hold is a person's word. The others are about from.
func chain() []gate {
	return []gate{
		{"hold", hold},
		{"live", live},
		{"healthy", healthy},
		{"soak", soak},
	}
}

func hold(s step) result {
	if s.to == nil {
		return result{reason: "no tier above"}
	}
	h := s.to.held(s.now)
	if h == nil {
		return result{reason: "not held"}
	}
	r := result{outcome: wait, reason: fmt.Sprintf("tier %s is held: %s", s.to.Name, h.Reason)}
	if h.Owner != "" {
		r.reason = fmt.Sprintf("tier %s is held by %s: %s", s.to.Name, h.Owner, h.Reason)
	}
	if h.Until != nil {
		r.again = h.Until.Time
		r.reason += " (until " + h.Until.UTC().Format(time.RFC3339) + ")"
	}
	return r
}

func live(s step) result {
	if s.from == nil {
		return result{reason: "merged"}
	}
	if len(s.from.ShopSets) == 0 {
		return result{reason: "no ShopSet in the tier, passed"}
	}
	n := 0
	var first *ShopSet
	for i := range s.from.ShopSets {
		ss := &s.from.ShopSets[i]
		switch {
		case ss.Broken:
			return result{outcome: fail, reason: fmt.Sprintf("ShopSet %s on %s cannot take the release: %s", ss.Name, ss.Cluster, ss.Why)}
		case ss.AtRelease:
			n++
		case first == nil:
			first = ss
		}
	}
	if first == nil {
		return result{reason: fmt.Sprintf("on %d of %d ShopSets", n, n)}
	}
	reason := fmt.Sprintf("live on %d of %d ShopSets; %s on %s: %s", n, len(s.from.ShopSets), first.Name, first.Cluster, first.Why)
	deadline := s.from.Since.Add(s.from.ProgressDeadline)
	if !s.now.Before(deadline) {
		return result{outcome: fail, reason: fmt.Sprintf("not live within %s: %s", s.from.ProgressDeadline, reason)}
	}
	return result{outcome: wait, reason: reason, again: deadline}
}

func healthy(s step) result {
	if s.from == nil || len(s.from.ShopSets) == 0 {
		return result{reason: "nothing to watch"}
	}
	var settled time.Time
	for _, ss := range s.from.ShopSets {
		switch {
		case ss.AtRelease && ss.Health == Degraded:
			return result{outcome: fail, reason: fmt.Sprintf("ShopSet %s on %s is Degraded: %s", ss.Name, ss.Cluster, ss.Why)}
		case !ss.AtRelease || ss.Health != Healthy:
			r := result{outcome: wait, reason: fmt.Sprintf("ShopSet %s on %s is %s", ss.Name, ss.Cluster, ss.Health)}
			if s.from.HealthySince.IsZero() { // it has not been healthy with this release yet
				r.again = s.from.Since.Add(s.from.ProgressDeadline)
				if !s.now.Before(r.again) {
					r.outcome, r.reason = fail, fmt.Sprintf("not healthy within %s: %s", s.from.ProgressDeadline, r.reason)
				}
			}
			return r
		}
		if end := ss.HealthSince.Add(s.from.Settle); end.After(settled) {
			settled = end
		}
	}
	if s.now.Before(settled) {
		return result{outcome: wait, reason: fmt.Sprintf("healthy, settling for %s", s.from.Settle), again: settled}
	}
	return result{reason: fmt.Sprintf("%d ShopSets healthy since %s", len(s.from.ShopSets), s.from.HealthySince.UTC().Format(time.RFC3339))}
}

func soak(s step) result {
	if s.from == nil || s.from.Soak == 0 || len(s.from.ShopSets) == 0 {
		return result{reason: "no soak asked for"}
	}
	if s.from.HealthySince.IsZero() {
		return result{outcome: wait, reason: "soak has not begun"}
	}
	end := s.from.HealthySince.Add(s.from.Soak)
	if s.now.Before(end) {
		return result{outcome: wait, again: end, reason: fmt.Sprintf("soaking for %s until %s", s.from.Soak, end.UTC().Format(time.RFC3339))}
	}
	return result{reason: fmt.Sprintf("soaked for %s", s.from.Soak)}
}
