package placement

import (
	"fmt"
	"math"
	"slices"
)

// naive tries every answer for a small fleet whose groups all weigh 1. It says whether everything can
// be had that is asked for, and with how few moves. It shares no code with the planner.
func naive(in Input) (feasible bool, moves int) {
	sets := map[string]int{}
	for i, s := range in.ShopSets {
		sets[s.Name] = i
	}
	// loads that can be reached, each as what every ShopSet serves, and the least moves for it
	reached := map[[6]int]int{{}: 0}
	for _, g := range in.Groups {
		best := naiveOptions(in, g, sets)
		next := map[[6]int]int{}
		for loads, cost := range reached {
			for s, more := range best {
				if more == math.MaxInt {
					continue
				}
				after := loads
				after[s]++
				if !naiveFits(in, after) {
					continue
				}
				if old, seen := next[after]; !seen || cost+more < old {
					next[after] = cost + more
				}
			}
		}
		reached = next
	}
	moves = math.MaxInt
	for _, cost := range reached {
		moves = min(moves, cost)
	}
	return len(reached) > 0, moves
}

func naiveFits(in Input, loads [6]int) bool {
	clusters := map[string]int64{}
	for i, s := range in.ShopSets {
		if int64(loads[i]) > s.Capacity {
			return false
		}
		clusters[s.Cluster] += int64(loads[i])
	}
	for _, c := range in.Clusters {
		if c.Capacity > 0 && clusters[c.Name] > c.Capacity {
			return false
		}
	}
	return true
}

// naiveOptions returns, for each ShopSet that could serve a group, the least moves that takes.
func naiveOptions(in Input, g Group, at map[string]int) []int {
	best := make([]int, len(in.ShopSets))
	for i := range best {
		best[i] = math.MaxInt
	}
	var class Class
	for _, c := range in.Classes {
		if c.Name == g.Class {
			class = c
		}
	}
	copies := class.Copies
	if len(g.Pin) > 0 {
		copies = min(copies, len(g.Pin))
	}
	for mask := 1; mask < 1<<len(in.ShopSets); mask++ {
		var chosen []int
		for i := range in.ShopSets {
			if mask>>i&1 == 1 {
				chosen = append(chosen, i)
			}
		}
		if len(chosen) != copies || !naiveHolds(in, class, g, chosen) {
			continue
		}
		moves := 0
		for _, i := range chosen {
			if !slices.Contains(g.Current, in.ShopSets[i].Name) {
				moves++
			}
		}
		for _, i := range chosen {
			best[i] = min(best[i], moves)
		}
	}
	return best
}

func naiveHolds(in Input, class Class, g Group, chosen []int) bool {
	for k, i := range chosen {
		s := in.ShopSets[i]
		if problem := naiveForbidden(in, class, g, s); problem != "" {
			return false
		}
		if s.State == Cordoned && !slices.Contains(g.Current, s.Name) || s.State == Draining || s.State == Down {
			return false
		}
		for _, j := range chosen[:k] {
			if naiveClash(in, class, s, in.ShopSets[j]) {
				return false
			}
		}
	}
	return true
}

// naiveForbidden says what keeps a ShopSet from ever holding a group.
func naiveForbidden(in Input, class Class, g Group, s ShopSet) string {
	domains := append(naiveDomains(in, s), s.Name, s.Cluster)
	switch {
	case s.Tier != class.Tier:
		return "it is of another tier"
	case s.Capacity <= 0:
		return "it has no capacity"
	case len(g.Pin) > 0 && !slices.Contains(g.Pin, s.Name):
		return "the group is pinned elsewhere"
	case len(g.Pin) == 0 && s.Dedicated:
		return "it is dedicated"
	case slices.ContainsFunc(g.Avoid, func(a string) bool { return slices.Contains(domains, a) }):
		return "the group avoids it"
	}
	return ""
}

// naiveClash says whether two ShopSets must not hold the same group.
func naiveClash(in Input, class Class, a, b ShopSet) bool {
	spread := class.Spread
	required := slices.ContainsFunc(spread, func(s Spread) bool { return s.Required })
	if !required && !slices.ContainsFunc(spread, func(s Spread) bool { return s.Level == "cluster" }) {
		spread = []Spread{{Level: "cluster", Required: true}}
	}
	for _, s := range spread {
		if s.Required && naiveDomain(in, a, s.Level) == naiveDomain(in, b, s.Level) {
			return true
		}
	}
	return a.Name == b.Name
}

func naiveDomains(in Input, s ShopSet) []string {
	var names []string
	for _, c := range in.Clusters {
		if c.Name != s.Cluster {
			continue
		}
		for at := c.Domain; at != ""; {
			names = append(names, at)
			up := ""
			for _, d := range in.Domains {
				if d.Name == at {
					up = d.Parent
				}
			}
			at = up
		}
	}
	return names
}

func naiveDomain(in Input, s ShopSet, level string) string {
	for _, name := range naiveDomains(in, s) {
		for _, d := range in.Domains {
			if d.Name == name && d.Level == level {
				return name
			}
		}
	}
	return "the cluster " + s.Cluster
}

// broken lists the hard constraints that a plan breaks.
func broken(in Input, plan Plan) []string {
	var problems []string
	sets, loads, clusters := map[string]ShopSet{}, map[string]int64{}, map[string]int64{}
	for _, s := range in.ShopSets {
		sets[s.Name] = s
	}
	classes, groups := map[string]Class{}, map[string]Group{}
	for _, c := range in.Classes {
		classes[c.Name] = c
	}
	for _, g := range in.Groups {
		groups[g.Name] = g
	}
	unplaced := map[string]bool{}
	for _, u := range plan.Unplaced {
		unplaced[u.Group] = true
	}
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for _, pl := range plan.Placements {
		g := groups[pl.Group]
		class, known := classes[g.Class]
		serves := false
		for k, name := range pl.ShopSets {
			s := sets[name]
			if s.State != Down && !serves {
				serves = true
				loads[name] += g.Weight
				clusters[s.Cluster] += g.Weight
			}
			if !known {
				continue
			}
			if why := naiveForbidden(in, class, g, s); why != "" {
				say("%s is on %s, but %s", g.Name, name, why)
			}
			if s.State != Active && s.State != "" && !slices.Contains(g.Current, name) {
				say("%s comes to %s, which is %s", g.Name, name, s.State)
			}
			for _, other := range pl.ShopSets[:k] {
				if naiveClash(in, class, s, sets[other]) {
					say("%s is on %s and %s, which clash", g.Name, other, name)
				}
			}
		}
		if serves == unplaced[g.Name] {
			say("%s: served is %v, in Unplaced is %v", g.Name, serves, unplaced[g.Name])
		}
	}
	for _, s := range in.ShopSets {
		if loads[s.Name] > s.Capacity {
			say("%s serves %d of %d", s.Name, loads[s.Name], s.Capacity)
		}
	}
	for _, c := range in.Clusters {
		if c.Capacity > 0 && clusters[c.Name] > c.Capacity {
			say("cluster %s serves %d of %d", c.Name, clusters[c.Name], c.Capacity)
		}
	}
	return problems
}

// inverted lists the groups that nobody serves although a less important one of the same weight or
// more is served where they could be.
func inverted(in Input, plan Plan) []string {
	classes, groups, sets := map[string]Class{}, map[string]Group{}, map[string]ShopSet{}
	for _, c := range in.Classes {
		classes[c.Name] = c
	}
	for _, g := range in.Groups {
		groups[g.Name] = g
	}
	for _, s := range in.ShopSets {
		sets[s.Name] = s
	}
	var problems []string
	for _, u := range plan.Unplaced {
		g := groups[u.Group]
		for _, p := range plan.Placements {
			other := groups[p.Group]
			if len(p.ShopSets) == 0 || classes[other.Class].Priority >= classes[g.Class].Priority || other.Weight < g.Weight {
				continue
			}
			s := sets[p.ShopSets[0]]
			if s.State == Active && naiveForbidden(in, classes[g.Class], g, s) == "" {
				problems = append(problems, fmt.Sprintf("%s is not served, and %s is, by %s", g.Name, other.Name, s.Name))
			}
		}
	}
	return problems
}
