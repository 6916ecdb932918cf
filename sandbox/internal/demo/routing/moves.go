// Package routing looks at routing tables from outside, as they lie on a cluster from which edges
// read, and counts what is moved from one to the next.
package routing

import (
	"fmt"
	"slices"
	"strings"

	"shopset.dev/shopset/internal/plan/routes"
)

// Moves are the differences between two tables, by groups that are in both.
type Moves struct {
	// Moved counts, by group, the ShopSets that hold it now and did not before.
	Moved map[string]int
	// Switched are the groups that another of the ShopSets which held them before serves now, sorted.
	Switched []string
}

// Between compares two tables.
func Between(before, after routes.Table) Moves {
	held := map[string][]string{}
	for _, group := range before.Groups {
		held[group.Name] = group.ShopSets
	}
	m := Moves{Moved: map[string]int{}}
	for _, group := range after.Groups {
		was, known := held[group.Name]
		if !known {
			continue
		}
		for _, shopSet := range group.ShopSets {
			if !slices.Contains(was, shopSet) {
				m.Moved[group.Name]++
			}
		}
		if len(was) > 0 && len(group.ShopSets) > 0 && was[0] != group.ShopSets[0] && slices.Contains(was, group.ShopSets[0]) {
			m.Switched = append(m.Switched, group.Name)
		}
	}
	slices.Sort(m.Switched)
	return m
}

// Total is the number of moves.
func (m Moves) Total() int {
	total := 0
	for _, n := range m.Moved {
		total += n
	}
	return total
}

// Served are the ShopSets of each group, by its name.
func Served(t routes.Table) map[string][]string {
	served := map[string][]string{}
	for _, group := range t.Groups {
		served[group.Name] = group.ShopSets
	}
	return served
}

// Holding counts the groups that a ShopSet serves (it comes first) and holds (it is in the row).
func Holding(t routes.Table, shopSets ...string) (serves, holds int) {
	for _, group := range t.Groups {
		for i, name := range group.ShopSets {
			if slices.Contains(shopSets, name) {
				holds++
				if i == 0 {
					serves++
				}
				break
			}
		}
	}
	return serves, holds
}

// Differences tells of the groups that are not held by the same ShopSets in the same order, sorted.
func Differences(before, after routes.Table) []string {
	var found []string
	was, is := Served(before), Served(after)
	for name, shopSets := range was {
		if !slices.Equal(shopSets, is[name]) {
			found = append(found, fmt.Sprintf("%s was on %s and is on %s", name, strings.Join(shopSets, ","), strings.Join(is[name], ",")))
		}
	}
	for name, shopSets := range is {
		if _, known := was[name]; !known {
			found = append(found, fmt.Sprintf("%s was nowhere and is on %s", name, strings.Join(shopSets, ",")))
		}
	}
	slices.Sort(found)
	return found
}
