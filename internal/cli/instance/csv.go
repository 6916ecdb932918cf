package instance

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// table is one kind of rows in CSV.
type table struct {
	// columns besides the first, which is the row's name.
	columns, needed []string
	// take adds a row.
	take func(*rows, place, record)
}

// record is a row by column.
type record map[string]string

func (r record) list(column string) []string { return strings.Fields(r[column]) }

// tables are the kinds of rows by the first cell of their head.
func tables() map[string]table {
	return map[string]table{
		"shopset": {
			columns: []string{"tier", "cluster", "capacity", "domain", "state", "dedicated"},
			needed:  []string{"tier", "capacity", "domain"},
			take: func(to *rows, at place, r record) {
				to.ShopSets = append(to.ShopSets, shopSetRow{place: at, Name: r["shopset"], Tier: r["tier"], Cluster: r["cluster"],
					Capacity: numeral(r["capacity"]), Domain: r["domain"], State: r["state"], Dedicated: r["dedicated"] == "true"})
			},
		},
		"cluster": {
			columns: []string{"capacity"},
			needed:  []string{"capacity"},
			take: func(to *rows, at place, r record) {
				to.Clusters = append(to.Clusters, clusterRow{place: at, Name: r["cluster"], Capacity: numeral(r["capacity"])})
			},
		},
		"class": {
			columns: []string{"tier", "copies", "spread", "prefer", "priority"},
			needed:  []string{"tier"},
			take: func(to *rows, at place, r record) {
				to.Classes = append(to.Classes, classRow{place: at, Name: r["class"], Tier: r["tier"], Copies: numeral(r["copies"]),
					Spread: r.list("spread"), Prefer: r.list("prefer"), Priority: numeral(r["priority"])})
			},
		},
		"group": {
			columns: []string{"class", "weight", "shops", "current", "home", "pin", "avoid"},
			needed:  []string{"class", "weight"},
			take: func(to *rows, at place, r record) {
				to.Groups = append(to.Groups, groupRow{place: at, Name: r["group"], Class: r["class"], Weight: numeral(r["weight"]),
					Shops: numeral(r["shops"]), Current: r.list("current"), Home: r.list("home"), Pin: r.list("pin"), Avoid: r.list("avoid")})
			},
		},
	}
}

// IsCSV tells a table from YAML by the head of the first one.
func IsCSV(data []byte) bool {
	for line := range bytes.Lines(bytes.TrimPrefix(data, byteOrderMark)) {
		text := strings.TrimSpace(string(line[:min(len(line), 40)]))
		if text == "" || text[0] == '#' {
			continue
		}
		first, _, several := strings.Cut(text, ",")
		_, known := tables()[strings.TrimSpace(first)]
		return several && known
	}
	return false
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// CSV adds what a CSV file says.
func (r *Reader) CSV(name string, data []byte) error {
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, byteOrderMark)))
	in.FieldsPerRecord, in.Comment, in.TrimLeadingSpace, in.ReuseRecord = -1, '#', true, true
	var found rows
	known := tables()
	var kind string
	var head []string
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return r.add(name, found)
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		line, _ := in.FieldPos(0)
		at := place{fmt.Sprintf("%s, line %d", name, line)}
		if t, isHead := known[cells[0]]; isHead {
			kind, head = cells[0], slices.Clone(cells)
			if err := t.check(head); err != nil {
				return fmt.Errorf("%s: %w", at.at, err)
			}
			continue
		}
		row, err := named(head, cells)
		if err != nil {
			return fmt.Errorf("%s: %w", at.at, err)
		}
		known[kind].take(&found, at, row)
	}
}

// check looks at the head of a table.
func (t table) check(head []string) error {
	for i, column := range head[1:] {
		switch {
		case !slices.Contains(t.columns, column):
			return fmt.Errorf("there is no column %q in the table of a %s: the others are %s", clipped(column), head[0], strings.Join(t.columns, ", "))
		case slices.Contains(head[1:i+1], column):
			return fmt.Errorf("column %q is there twice", column)
		}
	}
	for _, column := range t.needed {
		if !slices.Contains(head, column) {
			return fmt.Errorf("the table of a %s needs the column %s", head[0], column)
		}
	}
	return nil
}

// named gives the cells of a row their columns' names. Cells at the end may be left out.
func named(head, cells []string) (record, error) {
	if head == nil {
		return nil, fmt.Errorf("%q is no head of a table: begin with a line such as group,class,weight", clipped(cells[0]))
	}
	if len(cells) > len(head) {
		return nil, fmt.Errorf("%d cells, and the head of the table has %d", len(cells), len(head))
	}
	out := make(record, len(cells))
	for i, cell := range cells {
		out[head[i]] = cell
	}
	if d := out["dedicated"]; d != "" && d != "true" && d != "false" {
		return nil, fmt.Errorf("dedicated: %q: want true, false or nothing", clipped(d))
	}
	return out, nil
}
