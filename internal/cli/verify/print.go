package verify

import (
	"fmt"
	"slices"
	"strings"

	"shopset.dev/shopset/internal/cli/output"
)

func (o *options) print(format output.Format, r report) error {
	switch format {
	case output.JSON, output.YAML:
		return output.Document(o.streams.Out, format, r)
	case output.Name:
		return output.Names(o.streams.Out, r.names())
	case output.Table, output.Wide:
	}
	lines := r.sheet().Lines(o.streams.Colour())
	return output.Names(o.streams.Out, append(lines, r.details(format == output.Wide)...))
}

// sheet is a matrix: a row a check, a column a branch.
func (r report) sheet() output.Sheet {
	s := output.Sheet{Head: append([]string{"CHECK"}, r.Branches...)}
	rows := map[string]int{}
	for _, one := range r.Results {
		at, there := rows[one.Check]
		if !there {
			at = len(s.Rows)
			rows[one.Check] = at
			row := make([]output.Cell, len(s.Head))
			row[0] = output.Text(one.Check)
			s.Rows = append(s.Rows, row)
		}
		if column := slices.Index(r.Branches, one.Branch); column >= 0 {
			s.Rows[at][column+1] = one.cell()
		}
	}
	return s
}

func (r result) cell() output.Cell {
	style := map[verdict]output.Style{proven: output.Good, refuted: output.Bad, unknown: output.Waiting, idle: output.Faint}[r.Verdict]
	return output.Cell{Text: string(r.Verdict), Style: style}
}

// details tell what was found; what changes no verdict only when all is asked for.
func (r report) details(all bool) []string {
	var out []string
	for _, one := range r.Results {
		for _, f := range one.Findings {
			if f.Verdict == idle && !all {
				continue
			}
			word := string(f.Verdict)
			if f.Verdict == idle {
				word = "note"
			}
			out = append(out, "", output.OneLine(fmt.Sprintf("%s: %s, %s: %s", word, one.Check, one.Branch, f.Message)))
			for _, c := range f.Commits {
				out = append(out, output.OneLine(fmt.Sprintf("  %s commit %s", c.Repository, c)))
			}
		}
	}
	return out
}

// names lists what is not proven, as check/branch.
func (r report) names() []string {
	var out []string
	for _, one := range r.Results {
		if one.Verdict == refuted || one.Verdict == unknown {
			out = append(out, strings.ReplaceAll(one.Check, " ", "-")+"/"+one.Branch)
		}
	}
	return out
}
