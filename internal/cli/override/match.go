package override

import (
	"maps"
	"slices"
	"strings"

	"shopset.dev/shopset/internal/plan/routes"
)

// hit is what a match is about.
type hit struct {
	hosts  int
	shops  map[string]bool
	groups map[string]bool
	// serving ShopSets of today.
	serving map[string]bool
}

func (h hit) served() []string { return slices.Sorted(maps.Keys(h.serving)) }

// matching finds the rows of a table that a match is about.
func matching(t routes.Table, match string) hit {
	h := hit{shops: map[string]bool{}, groups: map[string]bool{}, serving: map[string]bool{}}
	serving, ofShopSet := strings.CutPrefix(match, routes.ShopSetMatch)
	first := map[string]string{}
	for _, g := range t.Groups {
		if len(g.ShopSets) > 0 {
			first[g.Name] = g.ShopSets[0]
		}
	}
	for _, host := range t.Hosts {
		switch {
		case ofShopSet && first[host.Group] != serving:
			continue
		case !ofShopSet && host.Name != match && host.Group != match:
			continue
		}
		h.hosts++
		h.shops[host.Shop] = true
		h.groups[host.Group] = true
		if s := first[host.Group]; s != "" {
			h.serving[s] = true
		}
	}
	return h
}
