package table

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"shopset.dev/shopset/internal/edgestatus"
	"shopset.dev/shopset/internal/plan/routes"
)

// Override is a row of the override table that is ready for use.
type Override struct {
	routes.Override
	until time.Time
	// use are the ShopSets that the table knows; empty if none. Problem says what is wrong.
	use     []string
	problem string
	// requests outlives swaps of the table, as long as the row stays the same.
	requests *atomic.Int64
}

// Count notes that the row decided a request.
func (o *Override) Count() { o.requests.Add(1) }

// Overrides are the rows of the override table.
type Overrides struct {
	text  string
	rows  []*Override
	match map[string]*Override
}

// newOverrides fits rows to a table, which may be nil. Counters of equal rows go on.
func newOverrides(text string, rows []routes.Override, t *Table, before *Overrides) *Overrides {
	o := &Overrides{text: text, match: map[string]*Override{}}
	for _, row := range rows {
		until, err := time.Parse(time.RFC3339, row.Until)
		if err != nil {
			continue // DecodeOverrides has parsed it
		}
		fitted := &Override{Override: row, until: until, requests: &atomic.Int64{}}
		if old := before.find(row.Match); old != nil && slices.Equal(old.ShopSets, row.ShopSets) && old.Until == row.Until {
			fitted.requests = old.requests
		}
		fitted.fit(t)
		o.rows = append(o.rows, fitted)
		o.match[row.Match] = fitted
	}
	return o
}

func (o *Overrides) find(match string) *Override {
	if o == nil {
		return nil
	}
	return o.match[match]
}

// fit finds out what of the row the table knows.
func (o *Override) fit(t *Table) {
	if t == nil {
		return
	}
	var unknown []string
	for _, name := range o.ShopSets {
		if t.shopSets[name] {
			o.use = append(o.use, name)
		} else {
			unknown = append(unknown, name)
		}
	}
	name, isShopSet := strings.CutPrefix(o.Match, routes.ShopSetMatch)
	known := isShopSet && t.shopSets[name]
	switch {
	case isShopSet:
	case strings.Contains(o.Match, "/"):
		_, known = t.Group(o.Match)
	default:
		_, _, known = t.Host(o.Match)
	}
	switch {
	case !known:
		o.problem = fmt.Sprintf("%s is not in the table: the row has no effect", o.Match)
	case len(o.use) == 0:
		o.problem = fmt.Sprintf("the table has no ShopSet %s: the row has no effect", strings.Join(unknown, ", "))
	case len(unknown) > 0:
		o.problem = fmt.Sprintf("the table has no ShopSet %s: the rest of the row is in force", strings.Join(unknown, ", "))
	}
}

// decide finds the row for a request: that of the host before that of the group before that of
// the ShopSet that would serve it.
func (o *Overrides) decide(host, group, serving string, now time.Time) *Override {
	if o == nil || len(o.rows) == 0 {
		return nil
	}
	for _, match := range [...]string{host, group, routes.ShopSetMatch + serving} {
		if row := o.match[match]; row != nil && len(row.use) > 0 && now.Before(row.until) {
			return row
		}
	}
	return nil
}

// Status lists the rows in their order.
func (o *Overrides) Status(now time.Time) []edgestatus.Override {
	if o == nil {
		return nil
	}
	var list []edgestatus.Override
	for _, row := range o.rows {
		list = append(list, edgestatus.Override{
			Match: row.Match, ShopSets: row.ShopSets, Until: row.until, Owner: row.Owner, Reason: row.Reason,
			Expired: !now.Before(row.until), Problem: row.problem, Requests: row.requests.Load(),
		})
	}
	return list
}

// InForce counts the rows that have an effect now.
func (o *Overrides) InForce(now time.Time) int {
	n := 0
	if o != nil {
		for _, row := range o.rows {
			if len(row.use) > 0 && now.Before(row.until) {
				n++
			}
		}
	}
	return n
}
