package placement

import (
	"cmp"
	"strings"
)

// node is a domain of the tree: one that was given, or the one that a cluster is by itself.
type node struct {
	name, level string
	// up is the domain around it, or -1.
	up int32
}

// indexDomains makes the nodes of the tree from Domains, and cuts what makes no tree.
func (p *planner) indexDomains(domains []Domain) map[string]int32 {
	sorted := unique(p, kindDomain, domains, func(d *Domain) string { return d.Name },
		func(a, b *Domain) int { return cmp.Or(cmp.Compare(a.Parent, b.Parent), cmp.Compare(a.Level, b.Level)) })
	at := make(map[string]int32, len(sorted))
	for i, d := range sorted {
		at[d.Name] = int32(i)
		p.nodes = append(p.nodes, node{name: d.Name, level: d.Level, up: -1})
	}
	for i, d := range sorted {
		if d.Parent == "" {
			continue
		}
		up, known := at[d.Parent]
		if !known {
			p.found(kindDomain, d.Name, "parent", "its parent "+d.Parent+" does not exist; it counts as a domain at the top",
				"create the FailureDomain "+d.Parent+", or name one that exists")
			continue
		}
		p.nodes[i].up = up
	}
	p.cutCycles()
	p.sayRepeatedLevels()
	return at
}

// cutCycles takes the parent away from every domain that is around itself. Those below keep theirs.
func (p *planner) cutCycles() {
	var inside []int32
	for i := range p.nodes {
		at := p.nodes[i].up
		for steps := 0; at >= 0 && at != int32(i) && steps <= len(p.nodes); steps++ {
			at = p.nodes[at].up
		}
		if at == int32(i) {
			inside = append(inside, at)
		}
	}
	for _, i := range inside {
		chain := []string{p.nodes[i].name}
		for at := p.nodes[i].up; at != i && len(chain) < 10; at = p.nodes[at].up {
			chain = append(chain, p.nodes[at].name)
		}
		chain = append(chain, p.nodes[i].name)
		p.found(kindDomain, p.nodes[i].name, "parent", "it is around itself: "+strings.Join(chain, " in ")+"; it counts as a domain at the top",
			"change the parent of one of them so that they make a tree")
	}
	for _, i := range inside {
		p.nodes[i].up = -1
	}
}

func (p *planner) sayRepeatedLevels() {
	for i := range p.nodes {
		for at := p.nodes[i].up; at >= 0; at = p.nodes[at].up {
			if p.nodes[at].level == p.nodes[i].level {
				p.found(kindDomain, p.nodes[i].name, "level", "it is of the level "+p.nodes[i].level+" and so is "+p.nodes[at].name+
					" around it; where ShopSets differ at that level, the outer one counts", "give it another level")
				break
			}
		}
	}
}

// within returns the nodes from the innermost outwards, starting at one.
func (p *planner) within(at int32) []int32 {
	var path []int32
	for ; at >= 0; at = p.nodes[at].up {
		path = append(path, at)
	}
	return path
}

// atLevel returns the outermost node of a level on a path, or -1.
func (p *planner) atLevel(path []int32, level string) int32 {
	for i := len(path) - 1; i >= 0; i-- {
		if p.nodes[path[i]].level == level {
			return path[i]
		}
	}
	return -1
}
