package planview

import (
	"fmt"
	"slices"
	"strconv"

	"shopset.dev/shopset/internal/cli/output"
)

// Rows bounds how many rows of one table are printed.
type Rows int

// The bounds of the formats.
const (
	FewRows  Rows = 15
	ManyRows Rows = 500
)

// RowsOf is the bound of a format.
func RowsOf(f output.Format) Rows {
	if f == output.Wide {
		return ManyRows
	}
	return FewRows
}

// Section is a table with a heading.
type Section struct {
	Title string
	Sheet output.Sheet
}

// Lines lays sections out, one empty line before each. Empty tables are left out, and of long ones
// what is left out is counted.
func (n Rows) Lines(sections []Section, colour bool) []string {
	var out []string
	for _, s := range sections {
		total := len(s.Sheet.Rows)
		if total == 0 {
			continue
		}
		title := s.Title
		shown := min(total, int(n))
		s.Sheet.Rows = s.Sheet.Rows[:shown]
		out = append(append(out, "", title), s.Sheet.Lines(colour)...)
		if shown < total {
			out = append(out, fmt.Sprintf("… %d more: -o wide shows more, -o json all", total-shown))
		}
	}
	return out
}

// Sections are the tables of a plan; the uneventful ones only if all is set.
func (v View) Sections(all bool) []Section {
	sections := []Section{
		{"Tiers", tierSheet(v.Summary.Tiers)},
		{"Moves", moveSheet(v.Moves)},
		{"Switches", moveSheet(v.Switches)},
		{"Unplaced", unplacedSheet(v.Unplaced)},
		{"Less redundancy than asked for", debtSheet(v.Debts)},
		{"Shortages", shortageSheet(v.Shortages)},
		HeadroomSection(v.Headroom, all),
	}
	if all {
		sections = append(sections, Section{"Loads", loadSheet(v.Loads)})
	}
	return sections
}

// HeadroomSection tells what the loss of each domain would do; unless all is set only the worst of
// each level in each tier.
func HeadroomSection(rows []Headroom, all bool) Section {
	title := "Headroom, if a domain dies"
	if !all {
		rows = worst(rows)
		title = "Headroom, in the worst loss of one domain of each level"
	}
	s := output.Sheet{Head: []string{"TIER", "LEVEL", "DOMAIN", "SPILLED", "LOST", "FREE AFTER", "SHORTFALL", "ABOVE CAPACITY"}}
	for _, h := range rows {
		style := output.Good
		if h.Shortfall > 0 {
			style = output.Bad
		}
		s.Rows = append(s.Rows, []output.Cell{output.Text(h.Tier), output.Text(h.Level), output.Text(h.Domain), rate(h.Spilled), rate(h.Lost),
			rate(h.Free), {Text: h.Shortfall.String(), Style: style}, output.Text(h.Worst)})
	}
	return Section{title, s}
}

// worst keeps, of each tier and level, the domain whose loss leaves least.
func worst(rows []Headroom) []Headroom {
	var out []Headroom
	at := map[[2]string]int{}
	for _, h := range rows {
		key := [2]string{h.Tier, h.Level}
		i, known := at[key]
		switch {
		case !known:
			at[key] = len(out)
			out = append(out, h)
		case h.Shortfall > out[i].Shortfall || h.Shortfall == out[i].Shortfall && h.Free < out[i].Free:
			out[i] = h
		}
	}
	return slices.Clip(out)
}

func tierSheet(tiers []Tier) output.Sheet {
	s := output.Sheet{Head: []string{"TIER", "SHOPSETS", "SERVING", "CAPACITY", "MEAN", "FULLEST", "FILLED", "OVER MEAN"}}
	for _, t := range tiers {
		s.Rows = append(s.Rows, []output.Cell{output.Text(t.Tier), number(t.ShopSets), rate(t.Serving), rate(t.Capacity), percent(t.Mean),
			output.Text(t.Fullest), percent(t.Fill), percent(t.OverMean)})
	}
	return s
}

func moveSheet(moves []Move) output.Sheet {
	s := output.Sheet{Head: []string{"GROUP", "SHOPS", "RPS", "FROM", "TO", "REASON"}}
	for _, m := range moves {
		s.Rows = append(s.Rows, []output.Cell{output.Text(m.Group), number(m.Shops), rate(m.Rate), output.Text(m.From), output.Text(m.To), output.Text(m.Reason)})
	}
	return s
}

func unplacedSheet(rows []Unplaced) output.Sheet {
	s := output.Sheet{Head: []string{"GROUP", "SHOPS", "RPS", "REASON"}}
	for _, u := range rows {
		s.Rows = append(s.Rows, []output.Cell{{Text: u.Group, Style: output.Bad}, number(u.Shops), rate(u.Rate), output.Text(u.Reason)})
	}
	return s
}

func debtSheet(rows []Debt) output.Sheet {
	s := output.Sheet{Head: []string{"GROUP", "SHOPS", "RPS", "MISSING", "REASON"}}
	for _, d := range rows {
		s.Rows = append(s.Rows, []output.Cell{{Text: d.Group, Style: output.Waiting}, number(d.Shops), rate(d.Rate), number(d.Missing), output.Text(d.Reason)})
	}
	return s
}

func shortageSheet(rows []Shortage) output.Sheet {
	s := output.Sheet{Head: []string{"CLASS", "MISSING", "WHY"}}
	for _, r := range rows {
		s.Rows = append(s.Rows, []output.Cell{output.Text(r.Class), rate(r.Missing), output.Text(r.Message)})
	}
	return s
}

func loadSheet(rows []Load) output.Sheet {
	s := output.Sheet{Head: []string{"SHOPSET", "SERVING", "CAPACITY", "WORST", "IF THIS DIES"}}
	for _, l := range rows {
		s.Rows = append(s.Rows, []output.Cell{output.Text(l.ShopSet), rate(l.Serving), rate(l.Capacity), rate(l.Worst), output.Text(l.WorstDomain)})
	}
	return s
}

func rate(r Rate) output.Cell  { return output.Text(r.String()) }
func number(n int) output.Cell { return output.Text(strconv.Itoa(n)) }
func percent(p float64) output.Cell {
	return output.Text(strconv.FormatFloat(p, 'f', 1, 64) + " %")
}
