package placement

import (
	"fmt"
	"math/rand/v2"

	"shopset.dev/shopset/internal/plan/placement"
)

// Size of a fleet. Clusters are the innermost domains; about a tenth as many sites are around them, and
// three platforms around those.
type Size struct {
	Name                             string
	Groups, Shops, ShopSets, Domains int
}

// Sizes are what is measured, the largest last.
func Sizes() []Size {
	return []Size{
		{Name: "shops=10k", Groups: 4096, Shops: 10_000, ShopSets: 60, Domains: 12},
		{Name: "shops=100k", Groups: 16384, Shops: 100_000, ShopSets: 300, Domains: 40},
		{Name: "shops=1M", Groups: 65536, Shops: 1_000_000, ShopSets: 1000, Domains: 100},
	}
}

// fullness is how much of the capacity is used at the start: so little that a whole platform of three
// may die.
const fullness = 0.5

// Fleet makes a fleet of a size in which nothing is placed yet: two tiers, classes with one, two and
// three copies, weights that differ eightfold. It is the same each time.
func Fleet(size Size) placement.Input {
	r := rand.New(rand.NewPCG(1, uint64(size.Groups)))
	in := placement.Input{Classes: []placement.Class{
		{Name: "free", Tier: "prod", Copies: 1, Priority: 0},
		{Name: "standard", Tier: "prod", Copies: 2, Priority: 10},
		{Name: "gold", Tier: "prod", Copies: 3, Priority: 20, Spread: []placement.Spread{
			{Level: "cluster", Required: true}, {Level: "site"}}},
		{Name: "trial", Tier: "beta", Copies: 1, Priority: 0},
		{Name: "early", Tier: "beta", Copies: 2, Priority: 10, Spread: []placement.Spread{{Level: "site", Required: true}}},
	}}
	for i := range 3 {
		in.Domains = append(in.Domains, placement.Domain{Name: fmt.Sprintf("platform-%d", i), Level: "platform"})
	}
	sites := max(6, size.Domains/10)
	for i := range sites {
		in.Domains = append(in.Domains, placement.Domain{Name: fmt.Sprintf("site-%02d", i), Level: "site", Parent: fmt.Sprintf("platform-%d", i%3)})
	}
	for i := range size.Domains {
		in.Clusters = append(in.Clusters, placement.Cluster{Name: fmt.Sprintf("cluster-%03d", i), Domain: fmt.Sprintf("site-%02d", i%sites)})
	}
	total := map[string]int64{}
	for i := range size.Groups {
		class := in.Classes[[]int{0, 0, 1, 1, 1, 1, 2, 3, 4, 1}[i%10]]
		shops := size.Shops / size.Groups
		if i < size.Shops%size.Groups {
			shops++
		}
		weight := int64(shops) * int64(50+r.IntN(351))
		total[class.Tier] += weight
		in.Groups = append(in.Groups, placement.Group{Name: fmt.Sprintf("%s/%05x", class.Name, i), Class: class.Name, Weight: weight, Shops: shops})
	}
	beta := size.ShopSets / 5
	for i := range size.ShopSets {
		// Every cluster gets its share of both tiers.
		tier, n := "prod", size.ShopSets-beta
		if i >= n {
			tier, n = "beta", beta
		}
		in.ShopSets = append(in.ShopSets, placement.ShopSet{
			Name: fmt.Sprintf("%s-%04d", tier, i), Tier: tier, Cluster: fmt.Sprintf("cluster-%03d", i%size.Domains),
			Capacity: int64(float64(total[tier]) / float64(n) / fullness), State: placement.Active,
		})
	}
	return in
}
