package release

import (
	"fmt"
	"strings"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
)

// answer is the outcome of asking whether something may enter a tier.
type answer struct {
	entry *Entry
	// queued is the apps commit that waits, and reason what for.
	queued, reason string
	again          time.Time
	refuse         []Refusal
}

func waits(queued v1alpha1.ObjectID, again time.Time, format string, args ...any) answer {
	return answer{queued: string(queued), again: again, reason: fmt.Sprintf(format, args...)}
}

// enterLowest asks whether the target may enter the lowest tier.
func enterLowest(t *Tier, v Verdict, target *Release, now time.Time) answer {
	if t.Blocked != "" || target == nil {
		return answer{}
	}
	cur := t.Current()
	if cur != nil && cur.Release.Release == target.Release {
		return answer{}
	}
	if cur != nil && cur.ByHand && t.tenureOf(*target) > 0 {
		return waits("", time.Time{}, "%s moved the tier back by hand (%.10s); it stays there until something newer is merged", cur.Actor, cur.Commit)
	}
	e := Entry{To: t.Name, Release: *target, Reason: entryReason(cur, *target), Evidence: []string{"merged to " + t.Branch}}
	return admit(nil, t, v, e, now)
}

// enterAbove asks whether what the tier below has proven may enter t.
func enterAbove(below, t *Tier, v Verdict, now time.Time) answer {
	if t.Blocked != "" || below.Blocked != "" {
		return answer{}
	}
	if a := followHead(below, t, now); a.entry != nil || a.reason != "" {
		return a
	}
	p := below.Proven
	cur := t.Current()
	if p == nil || (cur != nil && cur.Same(p.Release)) {
		return answer{refuse: refuseUnproven(below, t)}
	}
	asked := matching(t.Requests, string(p.Apps))
	if asked == nil && t.ahead(below, p.Release) {
		return answer{}
	}
	if asked == nil && t.movedAway(p.Release) {
		return waits("", time.Time{}, "%s moved the tier away from %s by hand (%.10s); it stays until something newer is proven on %s, or a Promotion asks",
			cur.Actor, p.Apps.Short(), cur.Commit, below.Name)
	}
	e := climbing(below, t, asked)
	if e.MoveApps && t.AppsHead != "" && !t.Contains[string(p.Apps)] {
		return waits(p.Apps, time.Time{}, "apps branch %s (at %.8s) cannot be fast-forwarded to %s: merge %s into the lowest tier's branch first",
			t.Branch, t.AppsHead, p.Apps.Short(), t.Branch)
	}
	a := admit(below, t, v, e, now)
	a.refuse = refuseUnproven(below, t)
	return a
}

// ahead tells that the tier runs something at least as new, by the order on the tier below.
func (t *Tier) ahead(below *Tier, r Release) bool {
	cur := t.Current()
	if cur == nil {
		return false
	}
	at := below.tenureOf(cur.Release)
	return at >= 0 && at <= below.tenureOf(r)
}

// movedAway tells that a person has moved the tier away from a release.
func (t *Tier) movedAway(r Release) bool {
	cur := t.Current()
	return cur != nil && cur.ByHand && t.tenureOf(r) >= 0
}

// climbing is the entry of what the tier below has proven, by a person's request if there is one.
func climbing(below, t *Tier, asked *Request) Entry {
	p := below.Proven
	e := Entry{
		To: t.Name, From: below.Name, Release: p.Release, Evidence: p.Evidence, MoveApps: t.AppsHead != string(p.Apps),
		Reason: fmt.Sprintf("proven on %s", below.Name),
	}
	if asked != nil {
		e.Request = asked.Name
		if asked.Reason != "" {
			e.Reason += ": " + asked.Reason
		}
	}
	return e
}

// followHead follows a person who moved the apps branch of t to something that the tier below
// has run: by a pull request, or by hand while no controller was there. It also resumes a
// promotion that stopped between its two pushes.
func followHead(below, t *Tier, now time.Time) answer {
	cur := t.Current()
	if t.AppsHead == "" || (cur != nil && t.AppsHead == string(cur.Apps)) {
		return answer{}
	}
	i := headTenure(below, t)
	if i < 0 {
		return answer{}
	}
	r := below.History[i].Release
	r.Apps = v1alpha1.ObjectID(t.AppsHead)
	if cur != nil {
		if t.tenureOf(r) >= 0 {
			return answer{} // the tier runs it, or somebody moved the tier away from it
		}
		if at := below.tenureOf(cur.Release); at >= 0 && at <= i {
			return answer{} // the branch lags behind what the tier runs
		}
	}
	if h := hold(step{now: now, to: t}); h.outcome != pass {
		return waits(r.Apps, h.again, "%s", h.reason)
	}
	e := Entry{To: t.Name, From: below.Name, Release: r, ByHand: true,
		Reason: fmt.Sprintf("apps branch %s was moved to it", t.Branch), Evidence: []string{"ran on " + below.Name}}
	if p := below.Proven; p != nil && p.Same(r) {
		e.Evidence = p.Evidence
	}
	return answer{entry: &e}
}

// admit asks what is about the tier that the entry leads to: its hold, its mode, and whether
// another candidate is there.
func admit(below, t *Tier, v Verdict, e Entry, now time.Time) answer {
	if h := hold(step{now: now, from: below, to: t}); h.outcome != pass {
		return waits(e.Release.Apps, h.again, "%s", h.reason)
	}
	if t.Manual && e.Request == "" {
		asked := matching(t.Requests, string(e.Release.Apps))
		if asked == nil {
			return waits(e.Release.Apps, time.Time{}, "%s is ready for tier %s, which is promoted by request: create a Promotion with spec.tier %s",
				e.Release.Apps.Short(), t.Name, t.Name)
		}
		e.Request = asked.Name
	}
	if v.Phase == v1alpha1.TierUpdating || v.Phase == v1alpha1.TierSoaking {
		return waits(e.Release.Apps, time.Time{}, "%s waits until %s is proven or degraded on tier %s",
			e.Release.Apps.Short(), v.Release.Apps.Short(), t.Name)
	}
	return answer{entry: &e}
}

func entryReason(cur *Tenure, r Release) string {
	var parts []string
	if cur == nil {
		return "first release"
	}
	if cur.Apps != r.Apps {
		parts = append(parts, "apps")
	}
	if cur.Configurations != r.Configurations {
		parts = append(parts, "configurations")
	}
	if cur.Platform != r.Platform {
		parts = append(parts, "platform")
	}
	return strings.Join(parts, " and ") + " changed"
}

func matching(requests []Request, apps string) *Request {
	for i := range requests {
		if strings.HasPrefix(apps, requests[i].Apps) {
			return &requests[i]
		}
	}
	return nil
}

// refuseUnproven answers requests for releases that the tier below has never run.
func refuseUnproven(below, t *Tier) []Refusal {
	var out []Refusal
	for _, r := range t.Requests {
		known := r.Apps == ""
		for i := range below.History {
			known = known || strings.HasPrefix(string(below.History[i].Apps), r.Apps)
		}
		if !known {
			out = append(out, Refusal{Request: r.Name, Reason: fmt.Sprintf("tier %s has never run %s: no tier is skipped", below.Name, r.Apps)})
		}
	}
	return out
}
