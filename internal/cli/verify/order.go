package verify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/release"
)

const (
	checkHistory = "never skipped"
	checkNow     = "runs what was below"
)

// order asks of every tenure that ever was, and of the present one, whether it came from below.
func order(f *facts) []result {
	tiers := f.releases()
	var history, now []result
	for i := range f.tiers {
		ascents := release.Ascents(tiers, i)
		h := result{Check: checkHistory, Branch: tiers[i].Branch}
		n := result{Check: checkNow, Branch: tiers[i].Branch}
		asked := 0
		for at, a := range ascents {
			switch {
			case a.Skipped():
				h.refute(f.tiers[i].blame(a.Tenure), "%s", skipped(tiers[i].Branch, a))
				if at == 0 {
					n.refute(f.tiers[i].blame(a.Tenure), "%s", skipped(tiers[i].Branch, a))
				}
			case a.Below == nil:
				f.rewritten(i, a.Tenure, &h)
			default:
				asked++
			}
		}
		if exempt := len(ascents) - asked - len(h.Findings); i > 0 && exempt > 0 {
			h.mention(nil, "%d tenures are older than every tier below: there was nothing to come from", exempt)
		}
		history = append(history, h.judged(verdictIf(asked > 0)))
		now = append(now, n.judged(verdictIf(len(ascents) > 0 && ascents[0].Below != nil)))
	}
	return append(history, now...)
}

func verdictIf(asked bool) verdict {
	if asked {
		return proven
	}
	return idle
}

// skipped words what is wrong with a tenure.
func skipped(branch string, a release.Ascent) string {
	t := a.Tenure
	text := fmt.Sprintf("%s to %s, which %s had not run before", releaseText(t.Release.Release), branch, a.Below.Branch)
	var never []string
	for _, part := range []struct {
		name string
		same func(release.Release) bool
	}{
		{"the apps", func(r release.Release) bool {
			return r.Apps == t.Apps || (r.AppsTree != "" && r.AppsTree == t.AppsTree)
		}},
		{"the configurations", func(r release.Release) bool { return r.Configurations == t.Configurations }},
		{"the platform", func(r release.Release) bool { return r.Platform == t.Platform }},
	} {
		ran := func(h release.Tenure) bool { return !h.Entered.After(t.Entered) && part.same(h.Release) }
		if !slices.ContainsFunc(a.Below.History, ran) {
			never = append(never, part.name)
		}
	}
	switch {
	case a.After != nil:
		text += fmt.Sprintf(" (it did %s later)", a.After.Entered.Sub(t.Entered).Round(time.Second))
	case len(never) > 0:
		text += fmt.Sprintf(" (never there: %s)", strings.Join(never, ", "))
	default:
		text += " (each part was there, never all together)"
	}
	return "it brought " + text
}

func releaseText(r v1alpha1.Release) string {
	return fmt.Sprintf("apps %s, configurations %s and platform %s", r.Apps.Short(), r.Configurations.Short(), r.Platform.Short())
}

// rewritten finds a tenure that is older than the history of the very tier that it says it came
// from: then that history is not what it was.
func (f *facts) rewritten(i int, t *release.Tenure, r *result) {
	for b := range f.tiers[:i] {
		below := &f.tiers[b]
		if t.From == "" || below.Name != t.From || len(below.History) == 0 {
			continue
		}
		oldest := below.History[len(below.History)-1]
		r.refute(f.tiers[i].blame(t), "it says that it came from tier %s, whose branch %s begins only on %s: that branch was rewritten or made anew",
			t.From, below.Tier.Branch, oldest.Entered.UTC().Format(time.RFC3339))
	}
}
