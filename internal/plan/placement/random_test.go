package placement

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// shape bounds random fleets.
type shape struct {
	sets, groups int
	// heavy groups have different weights.
	heavy bool
	// home gives some groups a home.
	home bool
	// ranks gives classes different priorities.
	ranks bool
}

// random makes a fleet from a number: the same one from the same number.
func random(seed uint64, sh shape) Input {
	r := rand.New(rand.NewPCG(seed, 7))
	in := Input{
		Domains: []Domain{{Name: "east", Level: "site"}, {Name: "west", Level: "site"}},
		Classes: []Class{
			{Name: "one", Tier: "prod", Copies: 1},
			{Name: "two", Tier: "prod", Copies: 2},
			{Name: "sites", Tier: "prod", Copies: 2, Spread: []Spread{{Level: "site", Required: true}}},
			{Name: "beta", Tier: "beta", Copies: 1},
		},
	}
	if sh.ranks {
		for i := range in.Classes {
			in.Classes[i].Priority = r.IntN(3)
		}
	}
	if r.IntN(3) == 0 {
		in.Classes[1].Spread = []Spread{{Level: "site"}}
	}
	clusters := 2 + r.IntN(3)
	for c := range clusters {
		cl := Cluster{Name: fmt.Sprintf("c%d", c), Domain: []string{"east", "west", ""}[r.IntN(3)]}
		if r.IntN(5) == 0 {
			cl.Capacity = int64(1 + r.IntN(sh.groups))
		}
		in.Clusters = append(in.Clusters, cl)
	}
	n := 2 + r.IntN(sh.sets-1)
	scale := int64(1)
	if sh.heavy {
		scale = 10
	}
	for s := range n {
		one := ShopSet{Name: fmt.Sprintf("s%d", s), Tier: "prod", Cluster: fmt.Sprintf("c%d", r.IntN(clusters)),
			Capacity: scale * int64(1+r.IntN(2*sh.groups/n+1)), State: Active}
		switch r.IntN(12) {
		case 0:
			one.State = Draining
		case 1:
			one.State = Down
		case 2:
			one.State = Cordoned
		case 3:
			one.Dedicated = true
		case 4:
			one.Tier = "beta"
		}
		in.ShopSets = append(in.ShopSets, one)
	}
	for g := range 1 + r.IntN(sh.groups) {
		one := Group{Name: fmt.Sprintf("g%02d", g), Class: in.Classes[r.IntN(4)].Name, Weight: 1, Shops: 1}
		if r.IntN(2) == 0 {
			one.Class = "two"
		}
		if sh.heavy {
			one.Weight = int64(1 + r.IntN(15))
		}
		for range r.IntN(3) {
			if s := fmt.Sprintf("s%d", r.IntN(n+1)); !slices.Contains(one.Current, s) {
				one.Current = append(one.Current, s)
			}
		}
		switch r.IntN(12) {
		case 0:
			// Never to what is of another tier: that is bad input, and has tests of its own.
			if s := in.ShopSets[r.IntN(n)]; s.Tier == "prod" && one.Class != "beta" {
				one.Pin = []string{s.Name}
			}
		case 1:
			one.Avoid = []string{fmt.Sprintf("c%d", r.IntN(clusters))}
		}
		if sh.home && r.IntN(4) == 0 {
			one.Home = []string{fmt.Sprintf("s%d", r.IntN(n))}
		}
		in.Groups = append(in.Groups, one)
	}
	return in
}

// after is the same fleet once a plan has been carried out.
func after(in Input, plan Plan) Input {
	at := map[string][]string{}
	for _, p := range plan.Placements {
		at[p.Group] = p.ShopSets
	}
	in.Groups = slices.Clone(in.Groups)
	for i := range in.Groups {
		in.Groups[i].Current = at[in.Groups[i].Name]
	}
	return in
}

// shuffled is the same fleet with every slice in another order.
func shuffled(seed uint64, in Input) Input {
	r := rand.New(rand.NewPCG(seed, 11))
	in.Domains, in.Clusters, in.ShopSets = slices.Clone(in.Domains), slices.Clone(in.Clusters), slices.Clone(in.ShopSets)
	in.Classes, in.Groups = slices.Clone(in.Classes), slices.Clone(in.Groups)
	r.Shuffle(len(in.Domains), func(i, j int) { in.Domains[i], in.Domains[j] = in.Domains[j], in.Domains[i] })
	r.Shuffle(len(in.Clusters), func(i, j int) { in.Clusters[i], in.Clusters[j] = in.Clusters[j], in.Clusters[i] })
	r.Shuffle(len(in.ShopSets), func(i, j int) { in.ShopSets[i], in.ShopSets[j] = in.ShopSets[j], in.ShopSets[i] })
	r.Shuffle(len(in.Classes), func(i, j int) { in.Classes[i], in.Classes[j] = in.Classes[j], in.Classes[i] })
	r.Shuffle(len(in.Groups), func(i, j int) { in.Groups[i], in.Groups[j] = in.Groups[j], in.Groups[i] })
	return in
}

// told writes a fleet and its plan in few lines.
func told(in Input, plan Plan) string {
	var b strings.Builder
	for _, c := range in.Clusters {
		fmt.Fprintf(&b, "cluster %s in %q takes %d\n", c.Name, c.Domain, c.Capacity)
	}
	for _, c := range in.Classes {
		fmt.Fprintf(&b, "class %s of %s: %d copies, %v, priority %d\n", c.Name, c.Tier, c.Copies, c.Spread, c.Priority)
	}
	for _, s := range in.ShopSets {
		fmt.Fprintf(&b, "ShopSet %s of %s on %s takes %d, %s, dedicated %v\n", s.Name, s.Tier, s.Cluster, s.Capacity, s.State, s.Dedicated)
	}
	at := map[string][]string{}
	for _, p := range plan.Placements {
		at[p.Group] = p.ShopSets
	}
	for _, g := range in.Groups {
		fmt.Fprintf(&b, "group %s of %s, %d: %v home %v pin %v avoid %v → %v\n", g.Name, g.Class, g.Weight, g.Current, g.Home, g.Pin, g.Avoid, at[g.Name])
	}
	for _, m := range plan.Moves {
		fmt.Fprintf(&b, "move %+v\n", m)
	}
	for _, m := range plan.Switches {
		fmt.Fprintf(&b, "switch %+v\n", m)
	}
	fmt.Fprintf(&b, "debts %+v\nunplaced %+v\n", plan.Debts, plan.Unplaced)
	return b.String()
}
