package convention

import (
	"slices"
	"strings"
)

func domainParents(o Objects) []Finding {
	domains := names(o.FailureDomains)
	var found []Finding
	for _, d := range o.FailureDomains {
		if d.Spec.Parent != "" && !domains[d.Spec.Parent] {
			others := make(map[string]bool, len(domains))
			for name := range domains {
				if name != d.Name {
					others[name] = true
				}
			}
			found = append(found, missing(KindFailureDomain, d.Name, "spec.parent",
				KindFailureDomain, d.Spec.Parent, others))
		}
	}
	return found
}

// domainCycles puts a finding on each FailureDomain of a cycle, not on those that merely
// lead into one: repairing the cycle repairs them.
func domainCycles(o Objects) []Finding {
	parent := make(map[string]string, len(o.FailureDomains))
	for _, d := range o.FailureDomains {
		parent[d.Name] = d.Spec.Parent
	}
	cycleOf := make(map[string][]string)
	visited := make(map[string]bool, len(parent))
	for _, d := range o.FailureDomains {
		var path []string
		for name := d.Name; name != "" && !visited[name]; name = parent[name] {
			visited[name] = true
			path = append(path, name)
		}
		if len(path) == 0 {
			continue
		}
		// The walk ended at a known domain: it closed a cycle if that is on this very path.
		if at := slices.Index(path, parent[path[len(path)-1]]); at >= 0 {
			markCycle(cycleOf, path[at:])
		}
	}
	var found []Finding
	for _, d := range o.FailureDomains {
		if cycle := cycleOf[d.Name]; cycle != nil {
			found = append(found, newFinding(KindFailureDomain, d.Name, "spec.parent", CodeParentCycle,
				"its parents lead back to it: "+strings.Join(cycle, " → "),
				"set spec.parent of one of them to a domain outside the cycle, or to nothing"))
		}
	}
	return found
}

// markCycle notes for each member the cycle as seen from it: a → b → a, b → a → b.
func markCycle(cycleOf map[string][]string, members []string) {
	for i, name := range members {
		cycle := slices.Concat(members[i:], members[:i], []string{name})
		cycleOf[name] = cycle
	}
}
