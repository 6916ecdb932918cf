package routes

import (
	"cmp"
	"slices"
)

// A shrink is large, and has to be acknowledged, if more than a tenth and more than ten hosts are
// gone: what a mistake upstream looks like, not shops that close.
const (
	shrinkPercent = 10
	shrinkHosts   = 10
)

// Shrinks is true if a table with so few hosts after one with so many is to be doubted.
func Shrinks(before, after int) bool {
	gone := before - after
	return gone > shrinkHosts && gone*100 > before*shrinkPercent
}

// Difference names what differs between two tables, by the names of rows, sorted.
type Difference struct {
	Hosts, Groups, ShopSets, Classes Change
}

// Change is what differs in one table.
type Change struct {
	Added, Removed, Changed []string
}

// Empty is true if nothing differs.
func (c Change) Empty() bool { return len(c.Added)+len(c.Removed)+len(c.Changed) == 0 }

// Empty is true if nothing differs.
func (d Difference) Empty() bool {
	return d.Hosts.Empty() && d.Groups.Empty() && d.ShopSets.Empty() && d.Classes.Empty()
}

// Diff compares the rows of two tables.
func Diff(before, after Table) Difference {
	return Difference{
		Hosts:  change(before.Hosts, after.Hosts, hostKey, func(a, b Host) bool { return a == b }),
		Groups: change(before.Groups, after.Groups, groupKey, func(a, b Group) bool { return slices.Equal(a.ShopSets, b.ShopSets) }),
		ShopSets: change(before.ShopSets, after.ShopSets, func(s ShopSet) string { return s.Name }, func(a, b ShopSet) bool {
			return slices.Equal(appendShopSet(nil, a), appendShopSet(nil, b))
		}),
		Classes: change(before.Classes, after.Classes, func(c Class) string { return c.Name }, func(a, b Class) bool { return a == b }),
	}
}

func change[T any](before, after []T, key func(T) string, equal func(a, b T) bool) Change {
	order := func(a, b T) int { return cmp.Compare(key(a), key(b)) }
	before, after = sorted(before, order), sorted(after, order)
	var c Change
	for len(before) > 0 || len(after) > 0 {
		switch {
		case len(after) == 0 || len(before) > 0 && order(before[0], after[0]) < 0:
			c.Removed = append(c.Removed, key(before[0]))
			before = before[1:]
		case len(before) == 0 || order(before[0], after[0]) > 0:
			c.Added = append(c.Added, key(after[0]))
			after = after[1:]
		default:
			if !equal(before[0], after[0]) {
				c.Changed = append(c.Changed, key(after[0]))
			}
			before, after = before[1:], after[1:]
		}
	}
	return c
}

func sorted[T any](rows []T, order func(a, b T) int) []T {
	if slices.IsSortedFunc(rows, order) {
		return rows
	}
	rows = slices.Clone(rows)
	slices.SortFunc(rows, order)
	return rows
}

// Succeed gives the table that follows another: next with the epoch after that of before and its
// acknowledgement of a shrink carried along. It gives before itself, and false, if nothing differs
// and no new shrink is acknowledged.
func Succeed(before, next Table, acknowledge bool) (Table, bool) {
	shrinks := acknowledge && Shrinks(len(before.Hosts), len(next.Hosts))
	if !shrinks && Diff(before, next).Empty() {
		return before, false
	}
	next.Epoch, next.Shrunk, next.ShrunkEpoch = before.Epoch+1, shrinks, before.ShrunkEpoch
	if shrinks {
		next.ShrunkEpoch = next.Epoch
	}
	return next, true
}
