package instance

import (
	"errors"
	"fmt"
	"strings"

	"shopset.dev/shopset/internal/plan/placement"
)

// Limits on what is read. A million shops are 65,536 groups.
const (
	// FileLimit bounds one file, in bytes.
	FileLimit = 128 << 20
	rowLimit  = 2_000_000
	// problemLimit is how many problems are told at once.
	problemLimit = 20
	nameLimit    = 253
)

// Reader gathers files, and makes one input of them.
type Reader struct {
	rows     rows
	problems []error
	further  int
}

// add takes the rows of one file.
func (r *Reader) add(name string, more rows) error {
	if len(r.rows.Levels) > 0 && len(more.Levels) > 0 {
		return fmt.Errorf("reading %s: levels: another file has them already; name them once", name)
	}
	r.rows.Levels = append(r.rows.Levels, more.Levels...)
	r.rows.ShopSets = append(r.rows.ShopSets, more.ShopSets...)
	r.rows.Clusters = append(r.rows.Clusters, more.Clusters...)
	r.rows.Classes = append(r.rows.Classes, more.Classes...)
	r.rows.Groups = append(r.rows.Groups, more.Groups...)
	r.rows.Rebalance = r.rows.Rebalance || more.Rebalance
	if more.Freeze != "" {
		r.rows.Freeze = more.Freeze
	}
	if n := len(r.rows.ShopSets) + len(r.rows.Clusters) + len(r.rows.Classes) + len(r.rows.Groups); n > rowLimit {
		return fmt.Errorf("reading %s: more than %d rows; put shops together in groups", name, rowLimit)
	}
	return nil
}

// Input checks everything that was read. It reports up to twenty problems at once.
func (r *Reader) Input() (placement.Input, error) {
	r.problems, r.further = nil, 0
	b := builder{reader: r, levels: r.rows.Levels}
	in := b.build()
	if r.further > 0 {
		r.problems = append(r.problems, fmt.Errorf("… and %d more problems", r.further))
	}
	if len(r.problems) > 0 {
		return placement.Input{}, errors.Join(r.problems...)
	}
	return in, nil
}

// problem notes what is wrong with a field of a row.
func (r *Reader) problem(at place, field, format string, args ...any) {
	if len(r.problems) == problemLimit {
		r.further++
		return
	}
	r.problems = append(r.problems, fmt.Errorf("%s: %s: %s", at.at, field, fmt.Sprintf(format, args...)))
}

// name checks a name that a row gives or refers to.
func (r *Reader) name(at place, field, name string) bool {
	switch {
	case name == "":
		r.problem(at, field, "is missing")
	case len(name) > nameLimit:
		r.problem(at, field, "%q is longer than %d characters", clipped(name), nameLimit)
	case strings.ContainsFunc(name, odd):
		r.problem(at, field, "%q has characters besides letters, digits and - . _ / @", clipped(name))
	default:
		return true
	}
	return false
}

func odd(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-._/@", c)
}

// names checks a list of names, none of which may be there twice.
func (r *Reader) names(at place, field string, names []string) []string {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if r.name(at, field, name) && seen[name] {
			r.problem(at, field, "%q is there twice", name)
		}
		seen[name] = true
	}
	return names
}
