package release

import (
	"fmt"
	"time"
)

// violation names the commit that brought a release to tiers[i] which the tier below never ran.
func violation(tiers []Tier, i int) string {
	cur := tiers[i].Current()
	if cur == nil {
		return ""
	}
	below := predecessor(tiers, i, cur.Entered)
	if below == nil || below.tenureOf(cur.Release) >= 0 {
		return ""
	}
	return fmt.Sprintf("commit %.10s by %s brought apps %s, configurations %s and platform %s to %s, which tier %s has never run together: "+
		"merge it at the lowest tier and let it climb, or move %s back",
		cur.Commit, cur.Actor, cur.Apps.Short(), cur.Configurations.Short(), cur.Platform.Short(),
		tiers[i].Branch, below.Name, tiers[i].Branch)
}

// predecessor is the tier that must have run what entered tiers[i] at that time: the next lower
// one. A lower tier that was created only afterwards could not have run it: then the next lower
// one is asked; nil if there was none.
func predecessor(tiers []Tier, i int, entered time.Time) *Tier {
	for b := i - 1; b >= 0; b-- {
		below := &tiers[b]
		if len(below.History) > 0 && !below.History[len(below.History)-1].Entered.After(entered) {
			return below
		}
	}
	return nil
}

// Ascent says how one tenure came by its tier.
type Ascent struct {
	Tenure *Tenure
	// Below is the tier that must have run the release before; nil when there was none then.
	Below *Tier
	// Before is the newest tenure there that began no later; nil when a tier was skipped. After
	// is then the oldest one that began later, if any did.
	Before, After *Tenure
}

// Skipped says that the release came without having been on the tier below.
func (a Ascent) Skipped() bool { return a.Below != nil && a.Before == nil }

// Ascents tells of every tenure of tiers[i], the newest first. Tiers are ordered from the lowest
// up; what has no order of its own, such as two commits of one second, counts as in order.
func Ascents(tiers []Tier, i int) []Ascent {
	out := make([]Ascent, 0, len(tiers[i].History))
	for n := range tiers[i].History {
		t := &tiers[i].History[n]
		a := Ascent{Tenure: t, Below: predecessor(tiers, i, t.Entered)}
		if a.Below != nil {
			a.Before, a.After = around(a.Below, t)
		}
		out = append(out, a)
	}
	return out
}

// around finds the newest tenure of t's release that began no later than t, and the oldest of
// those that began later.
func around(below *Tier, t *Tenure) (before, after *Tenure) {
	for n := range below.History {
		switch h := &below.History[n]; {
		case !h.Same(t.Release):
		case h.Entered.After(t.Entered):
			after = h
		default:
			return h, after
		}
	}
	return nil, after
}

// StrayHead names the head of a tier's apps branch when it has neither been on the tier below nor
// is behind what has; empty if all is well.
func StrayHead(below, t *Tier) string {
	if t.AppsHead == "" || t.Current() == nil || below.Current() == nil || headTenure(below, t) >= 0 ||
		t.Contains[string(t.Current().Apps)] || t.Contains[string(below.Current().Apps)] {
		return ""
	}
	return fmt.Sprintf("apps branch %s is at %.8s, which tier %s has never run: merge it into %s and let it climb, or move %s back to %s",
		t.Branch, t.AppsHead, below.Name, below.Branch, t.Branch, t.Current().Apps.Short())
}

// headTenure finds the newest tenure on the tier below that has the head of t's apps branch, by
// commit or by tree; -1 if none.
func headTenure(below, t *Tier) int {
	for i := range below.History {
		if h := &below.History[i]; string(h.Apps) == t.AppsHead || (t.AppsHeadTree != "" && h.AppsTree == t.AppsHeadTree) {
			return i
		}
	}
	return -1
}
