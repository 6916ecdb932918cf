package verify

import (
	"fmt"

	"shopset.dev/shopset/internal/plan/release"
)

const checkApps = "apps branch agrees"

// appsBranches asks whether every released commit exists, and whether the apps branches stand
// where the tiers are.
func appsBranches(f *facts) []result {
	var out []result
	for i := range f.tiers {
		t := &f.tiers[i]
		r := result{Check: checkApps, Branch: t.Tier.Branch}
		cur := t.Current()
		missing := f.missing(t, &r)
		switch {
		case cur == nil:
			r.doubt(nil, "the branch of the system repository holds no release (base, configurations/ and platform/)")
		case t.AppsHead == "":
			r.refute(nil, "%s has no branch %s", f.apps, t.Tier.Branch)
		case missing:
			r.mention(nil, "the head of the apps branch was not compared: what the tier runs is not there")
		case i == 0:
			lowestHead(t, &r)
		default:
			if stray := release.StrayHead(&f.tiers[i-1].Tier, &t.Tier); stray != "" {
				r.refute([]commit{t.appsHead}, "%s", stray)
			}
		}
		out = append(out, r.judged(verdictIf(cur != nil)))
	}
	return out
}

// missing looks for released commits that are not in the apps repository; it tells whether the
// present one is among them.
func (f *facts) missing(t *tier, r *result) bool {
	seen := map[string]bool{}
	for n := range t.History {
		tenure := &t.History[n]
		if id := string(tenure.Apps); tenure.AppsTree == "" && !seen[id] {
			seen[id] = true
			if f.appsComplete {
				r.refute(t.blame(tenure), "apps commit %s, which it names, does not exist in %s", id, f.apps)
				continue
			}
			r.doubt(t.blame(tenure), "apps commit %s, which it names, is not in %s; a plain clone lacks the release pins: "+
				"git -C %s fetch origin '+refs/shopset/releases/*:refs/shopset/releases/*'", id, f.apps, f.apps)
		}
	}
	cur := t.Current()
	return cur != nil && cur.AppsTree == ""
}

// lowestHead compares the head of the lowest tier's apps branch, which may well be ahead.
func lowestHead(t *tier, r *result) {
	cur := t.Current()
	switch {
	case t.AppsHead == string(cur.Apps), t.AppsHeadTree == cur.AppsTree, t.behind:
	case t.ahead:
		r.mention([]commit{t.appsHead}, "its head waits to enter the tier")
	default:
		r.refute([]commit{t.appsHead}, "%s", fmt.Sprintf("apps branch %s is at %.8s, which does not descend from %s that the tier runs: the branch was rewritten",
			t.Tier.Branch, t.AppsHead, cur.Apps.Short()))
	}
}
