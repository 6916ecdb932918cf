package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// heaviest bounds a weight and a capacity, so that sums of a million of them fit into an int64: a
// thousand million requests per second, in thousandths.
const heaviest = int64(1e12)

// levelCluster is the level of the domain that every cluster is, unless a Domain has it already.
const levelCluster = "cluster"

// The kinds that findings name.
const (
	kindDomain  = "FailureDomain"
	kindCluster = "WorkloadCluster"
	kindShopSet = "ShopSet"
	kindClass   = "ShopClass"
	kindGroup   = "Group"
)

// found adds a problem of the input. next says what a person can do about it.
func (p *planner) found(kind, name, field, problem, next string) {
	p.plan.Findings = append(p.plan.Findings, Finding{Kind: kind, Name: name, Field: field, Problem: problem, Next: next})
}

// unique sorts a copy of items by name, and by the rest where names are equal; of several of one
// name it keeps the first and says so.
func unique[T any](p *planner, kind string, items []T, name func(*T) string, rest func(a, b *T) int) []T {
	order := make([]int32, len(items))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		if c := cmp.Compare(name(&items[a]), name(&items[b])); c != 0 {
			return c
		}
		return rest(&items[a], &items[b])
	})
	sorted := make([]T, 0, len(items))
	for _, i := range order {
		if n := len(sorted); n > 0 && name(&sorted[n-1]) == name(&items[i]) {
			p.found(kind, name(&items[i]), "name", "there are several of this name; one is looked at",
				"give each a name of its own, or remove those that are not meant")
			continue
		}
		sorted = append(sorted, items[i])
	}
	return sorted
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// bounded returns a weight or a capacity that can be added up, and says where it is not what was given.
func (p *planner) bounded(kind, name, field string, v int64) int64 {
	switch {
	case v < 0:
		p.found(kind, name, field, fmt.Sprintf("%s is negative: %s", field, strconv.FormatInt(v, 10)),
			"set it to what it is in thousandths of a request per second; until then it counts as 0")
		return 0
	case v > heaviest:
		p.found(kind, name, field, fmt.Sprintf("%s is above %s requests/s", field, rate(heaviest)),
			"check its unit: it is in thousandths of a request per second")
		return heaviest
	}
	return v
}

// tidyFindings orders findings and drops repetitions.
func tidyFindings(findings []Finding) []Finding {
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Field, b.Field),
			cmp.Compare(a.Problem, b.Problem), cmp.Compare(a.Next, b.Next))
	})
	return slices.Compact(findings)
}
