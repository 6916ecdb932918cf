package report

import (
	"fmt"
	"strings"
)

// FigureHeader is the header of the table of figures.
func FigureHeader() []string { return []string{"act", "measured", "", "limit", ""} }

// FigureRows is the table of all figures, those over all acts last.
func (r *Report) FigureRows() [][]string {
	var rows [][]string
	for _, act := range r.Acts {
		for _, f := range act.Figures {
			rows = append(rows, f.row(act.Name))
		}
	}
	for _, f := range r.Figures {
		rows = append(rows, f.row("all"))
	}
	return rows
}

func (f Figure) row(act string) []string {
	row := []string{act, f.Name, number(f.Value, f.Unit), "", ""}
	if f.Limit > 0 {
		row[3], row[4] = "< "+number(f.Limit, f.Unit), "held"
		if f.Over() {
			row[4] = "OVER"
		}
	}
	return row
}

func number(value float64, unit string) string {
	text := fmt.Sprintf("%.2f", value)
	if unit == "" || unit == "requests" {
		text = fmt.Sprintf("%.0f", value)
	}
	return strings.TrimSpace(text + " " + unit)
}

// ClaimHeader is the header of the table of claims.
func ClaimHeader() []string { return []string{"act", "claim", ""} }

// ClaimRows is the table of all claims.
func (r *Report) ClaimRows() [][]string {
	var rows [][]string
	for _, act := range r.Acts {
		for _, c := range act.Claims {
			verdict := "held"
			if !c.Held {
				verdict = "BROKEN"
			}
			rows = append(rows, []string{act.Name, c.Text, verdict})
		}
	}
	return rows
}
