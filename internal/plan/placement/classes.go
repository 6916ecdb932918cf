package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

func (p *planner) indexClasses(given []Class) map[string]int32 {
	sorted := unique(p, kindClass, given, func(c *Class) string { return c.Name }, func(a, b *Class) int {
		return cmp.Or(cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.Copies, b.Copies), cmp.Compare(a.Priority, b.Priority),
			slices.CompareFunc(a.Spread, b.Spread, func(x, y Spread) int {
				return cmp.Or(cmp.Compare(x.Level, y.Level), compareBool(x.Required, y.Required))
			}))
	})
	tiers := map[string]bool{}
	for i := range p.sets {
		tiers[p.sets[i].Tier] = true
	}
	levels := map[string]bool{levelCluster: true}
	for i := range p.nodes {
		levels[p.nodes[i].level] = true
	}
	at := make(map[string]int32, len(sorted))
	for i, given := range sorted {
		c := class{Class: given, known: true}
		if c.Copies < 1 {
			p.found(kindClass, c.Name, "domains", "it asks for "+strconv.Itoa(c.Copies)+" domains; it counts as 1",
				"set domains to 1 or more")
			c.Copies = 1
		}
		if !tiers[c.Tier] {
			p.found(kindClass, c.Name, "tier", "no ShopSet is of its tier "+strconv.Quote(c.Tier)+", so its shops have no place",
				"add a ShopSet of that tier, or name a tier that has some")
		}
		for _, s := range c.Spread {
			if !levels[s.Level] {
				p.found(kindClass, c.Name, "spread", "no domain is of the level "+strconv.Quote(s.Level)+"; there every cluster counts as a domain",
					"add FailureDomains of that level, or name a level that has some")
			}
		}
		p.spread(&c)
		p.sayTooFew(&c)
		at[c.Name] = int32(i)
		p.classes = append(p.classes, c)
	}
	return at
}

// spread computes in which zone of a class each ShopSet is. Domains are nested, so ShopSets that
// differ at every required level are those that differ at the outermost one that they have.
func (p *planner) spread(c *class) {
	var required []string
	named := false
	for _, s := range c.Spread {
		named = named || s.Level == levelCluster
		if s.Required {
			required = append(required, s.Level)
		}
	}
	// Two copies in one cluster are no redundancy: unless the class says otherwise, clusters differ.
	if len(required) == 0 && !named {
		required = append(required, levelCluster)
	}
	c.zone = make([]int32, len(p.sets))
	for s := range p.sets {
		c.zone[s] = p.outermost(int32(s), required)
	}
	for _, spread := range c.Spread {
		if spread.Required {
			continue
		}
		wish := make([]int32, len(p.sets))
		for s := range p.sets {
			wish[s] = p.outermost(int32(s), []string{spread.Level})
		}
		c.wishes = append(c.wishes, wish)
	}
}

// outermost returns the domain of a ShopSet that is outermost among those of some levels: a node, or
// above the nodes a number for its cluster, or above those one for itself if there are no levels.
func (p *planner) outermost(s int32, levels []string) int32 {
	if len(levels) == 0 {
		return int32(len(p.nodes)+len(p.clusters)) + s //nolint:gosec // fewer than 2³¹
	}
	best := -1
	path := p.sets[s].path
	for _, level := range levels {
		if at := p.atLevel(path, level); at != none {
			best = max(best, slices.Index(path, at))
		}
	}
	if best < 0 {
		return int32(len(p.nodes)) + p.sets[s].cluster //nolint:gosec // fewer than 2³¹
	}
	return path[best]
}

// sayTooFew says when a class asks for more domains than its tier has, whatever their state.
func (p *planner) sayTooFew(c *class) {
	zones := map[int32]bool{}
	for s := range p.sets {
		if p.sets[s].Tier == c.Tier && p.sets[s].Capacity > 0 && !p.sets[s].Dedicated {
			zones[c.zone[s]] = true
		}
	}
	if len(zones) > 0 && len(zones) < c.Copies {
		p.found(kindClass, c.Name, "domains",
			fmt.Sprintf("it asks for %d domains%s, and tier %s has %d", c.Copies, c.levelWords(), c.Tier, len(zones)),
			"add ShopSets of that tier in other domains, or ask for fewer domains or a narrower level")
	}
}

// levelWords says at which level the copies of a class differ.
func (c *class) levelWords() string {
	for _, s := range c.Spread {
		if s.Required {
			return " at level " + s.Level
		}
	}
	return ""
}
