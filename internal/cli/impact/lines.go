package impact

import (
	"fmt"
	"strings"

	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/planview"
)

// Sentences tell the report in a few words: the blast radius.
func (r Report) Sentences() []string {
	if len(r.ShopSets) == 0 {
		return []string{fmt.Sprintf("%s concerns no ShopSet", r.Event)}
	}
	out := []string{
		fmt.Sprintf("%s concerns %s", r.Event, few(r.ShopSets)),
		fmt.Sprintf("%s of %d hit: taken over by others %d, with a standby less %d, without service %d",
			shops(r.Hit.Shops), r.All.Shops, r.Taken.Shops, r.Thinned.Shops, r.Lost.Shops),
	}
	without := 0
	for _, g := range r.WithoutRedundancy {
		without += g.Shops
	}
	if without > 0 {
		out = append(out, fmt.Sprintf("%s should be redundant and would be held by one ShopSet only", shops(without)))
	}
	return out
}

// Lines lay the report out for a terminal.
func (r Report) Lines(format output.Format, colour bool) []string {
	wide := format == output.Wide
	rows := planview.RowsOf(format)
	sections := []planview.Section{
		{Title: "Who is hit", Sheet: r.classSheet()},
		{Title: "Who serves them then", Sheet: r.takerSheet()},
		{Title: "Without service at once", Sheet: groupSheet(r.WithoutService, output.Bad, wide)},
		{Title: "Without the redundancy that their class asks for", Sheet: groupSheet(r.WithoutRedundancy, output.Waiting, wide)},
	}
	if len(r.Steps) > 0 {
		sections = append(sections, planview.Section{Title: "Steps of the drain", Sheet: r.stepSheet()})
	}
	lines := append(r.Sentences(), rows.Lines(sections, colour)...)
	lines = append(lines, "", "Afterwards, by the controller:")
	for _, sentence := range r.Afterwards.Summary.Lines() {
		lines = append(lines, "  "+sentence)
	}
	return append(lines, rows.Lines(r.Afterwards.Sections(wide), colour)...)
}

func (r Report) classSheet() output.Sheet {
	s := output.Sheet{Head: []string{"CLASS", "SHOPS", "HIT", "TAKEN OVER", "STANDBY LESS", "WITHOUT SERVICE"}}
	for _, c := range r.Classes {
		s.Rows = append(s.Rows, []output.Cell{output.Text(c.Class), number(c.All.Shops), number(c.Hit.Shops), number(c.Taken.Shops),
			number(c.Thinned.Shops), {Text: fmt.Sprint(c.Lost.Shops), Style: badIf(c.Lost.Shops > 0)}})
	}
	return s
}

func (r Report) takerSheet() output.Sheet {
	s := output.Sheet{Head: []string{"SHOPSET", "CLUSTER", "TAKES SHOPS", "TAKES RPS", "SERVES THEN", "OF CAPACITY"}}
	for _, t := range r.Takers {
		s.Rows = append(s.Rows, []output.Cell{output.Text(t.ShopSet), output.Text(t.Cluster), number(t.Takes.Shops), output.Text(t.Takes.Rate.String()),
			{Text: t.After.String(), Style: badIf(t.After > t.Capacity)}, output.Text(t.Capacity.String())})
	}
	return s
}

func (r Report) stepSheet() output.Sheet {
	s := output.Sheet{Head: []string{"STEP", "GROUPS", "SHOPS", "RPS", "HEADROOM SHORT BY", "IF THIS DIES"}}
	for i, step := range r.Steps {
		s.Rows = append(s.Rows, []output.Cell{number(i + 1), number(step.Groups), number(step.Shops), output.Text(step.Rate.String()),
			{Text: step.Shortfall.String(), Style: badIf(step.Shortfall > 0)}, output.Text(step.At)})
	}
	return s
}

func groupSheet(groups []Group, style output.Style, wide bool) output.Sheet {
	s := output.Sheet{Head: []string{"GROUP", "SHOPS", "RPS", "HELD BY", "NAMES"}}
	for _, g := range groups {
		names := few(g.Names)
		if wide {
			names = strings.Join(g.Names, ", ")
		}
		s.Rows = append(s.Rows, []output.Cell{{Text: g.Group, Style: style}, number(g.Shops), output.Text(g.Rate.String()),
			output.Text(strings.Join(g.Left, ", ")), output.Text(names)})
	}
	return s
}

// few names the first few.
func few(names []string) string {
	const most = 8
	if len(names) > most {
		return fmt.Sprintf("%s and %d others", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

func shops(n int) string {
	if n == 1 {
		return "1 shop"
	}
	return fmt.Sprintf("%d shops", n)
}

func number(n int) output.Cell { return output.Text(fmt.Sprint(n)) }

func badIf(bad bool) output.Style {
	if bad {
		return output.Bad
	}
	return output.Plain
}
