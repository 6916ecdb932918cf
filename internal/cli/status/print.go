package status

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/output"
)

// lines lays a view out as tables.
func (v view) lines(format output.Format, now time.Time, colour bool) []string {
	wide := format == output.Wide
	lines := v.tierSheet(wide, now).Lines(colour)
	if wide {
		lines = append(append(lines, ""), v.shopSetSheet().Lines(colour)...)
	}
	return lines
}

func (v view) tierSheet(wide bool, now time.Time) output.Sheet {
	s := output.Sheet{Head: []string{"TIER", "LEVEL", "RELEASE", "PHASE", "LIVE", "SINCE", "REASON"}}
	if wide {
		s.Head = []string{"TIER", "LEVEL", "RELEASE", "PHASE", "LIVE", "SINCE", "QUEUED", "BRANCH", "REASON"}
	}
	for _, t := range v.Tiers {
		row := []output.Cell{
			output.Text(t.Tier), output.Text(strconv.Itoa(int(t.Level))), output.Text(t.Release),
			{Text: t.Phase, Style: t.style()}, output.Text(t.Live), output.Text(age(t.Since, now)),
		}
		if wide {
			row = append(row, output.Text(short(t.Queued)), output.Text(t.Branch))
		}
		s.Rows = append(s.Rows, append(row, output.Text(t.Reason)))
	}
	return s
}

func (v view) shopSetSheet() output.Sheet {
	s := output.Sheet{Head: []string{"SHOPSET", "TIER", "CONFIGURATION", "CLUSTER", "RELEASE", "HEALTH", "LIVE", "REASON"}}
	for _, r := range v.ShopSets {
		s.Rows = append(s.Rows, []output.Cell{
			output.Text(r.ShopSet), output.Text(r.Tier), output.Text(r.Configuration), output.Text(r.Cluster), output.Text(r.Release),
			{Text: r.Health, Style: healthStyle(r.Health)}, output.Text(strconv.FormatBool(r.Live)), output.Text(r.Reason),
		})
	}
	return s
}

func short(commit string) string { return v1alpha1.ObjectID(commit).Short() }

func (t tierRow) style() output.Style {
	if t.OrderViolated != "" {
		return output.Bad
	}
	switch v1alpha1.TierPhase(t.Phase) {
	case v1alpha1.TierProven:
		return output.Good
	case v1alpha1.TierUpdating, v1alpha1.TierSoaking:
		return output.Waiting
	case v1alpha1.TierDegraded, v1alpha1.TierBlocked:
		return output.Bad
	case v1alpha1.TierEmpty:
	}
	return output.Faint
}

func healthStyle(health string) output.Style {
	switch health {
	case "Healthy":
		return output.Good
	case "Degraded", "Missing":
		return output.Bad
	}
	return output.Waiting
}

func (v view) names() []string {
	var out []string
	for _, t := range v.Tiers {
		out = append(out, "tier."+v1alpha1.GroupVersion.Group+"/"+t.Tier)
	}
	return out
}

// line tells of one tier in a log.
func (t tierRow) line(at time.Time) string {
	parts := []string{at.UTC().Format(time.RFC3339), "tier/" + t.Tier, orDash(t.Phase), "release " + orDash(t.Release), "live " + orDash(t.Live)}
	if t.Queued != "" {
		parts = append(parts, "queued "+short(t.Queued))
	}
	return fmt.Sprintf("%s: %s", strings.Join(parts, " "), orDash(t.Reason))
}

// line tells of one ShopSet in a log.
func (r shopSetRow) line(at time.Time) string {
	return fmt.Sprintf("%s shopset/%s %s release %s live %t: %s", at.UTC().Format(time.RFC3339), r.ShopSet, orDash(r.Health),
		orDash(r.Release), r.Live, orDash(r.Reason))
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return output.OneLine(text)
}
