package placement

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzGarbage spoils fleets in every way that a person can: names that are empty, double or lead
// nowhere, circles, numbers out of all proportion. There must be a plan all the same, the same one in
// whatever order, and no ShopSet above its capacity.
func FuzzGarbage(f *testing.F) {
	for seed := range uint64(1000) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		in := spoiled(seed)
		plan := Make(in)
		for _, l := range plan.Loads {
			if l.Serving > max(0, l.Capacity) && !anyFixed(in) && in.Freeze == "" {
				t.Fatalf("%+v\n%s", l, told(in, plan))
			}
		}
		if len(plan.Moves) < plan.MustMove {
			t.Fatalf("the lower bound is %d and there are %d moves\n%s", plan.MustMove, len(plan.Moves), told(in, plan))
		}
		if diff := cmp.Diff(plan, Make(shuffled(seed, in))); diff != "" {
			t.Fatalf("another order of the input gives another plan: %s\n%s", diff, told(in, plan))
		}
		steps := Steps(in, plan, int(seed%130)-10)
		for _, step := range steps {
			if len(step) == 0 {
				t.Fatal("a step is empty")
			}
		}
	})
}

// anyFixed says whether some groups stay where they are because their class does not exist.
func anyFixed(in Input) bool {
	classes := map[string]bool{}
	for _, c := range in.Classes {
		classes[c.Name] = true
	}
	for _, g := range in.Groups {
		if !classes[g.Class] {
			return true
		}
	}
	return false
}

func spoiled(seed uint64) Input {
	in := random(seed, shape{sets: 8, groups: 20, heavy: seed%2 == 0, home: true, ranks: seed%3 == 0})
	r := rand.New(rand.NewPCG(seed, 5))
	names := []string{"", "east", "west", "c0", "c1", "s0", "s1", "g00", "one", "prod", "nowhere", "cluster", "site"}
	numbers := []int64{0, 1, -1, 7, math.MaxInt64, math.MinInt64, heaviest, heaviest + 1}
	name := func() string { return names[r.IntN(len(names))] }
	num := func() int64 { return numbers[r.IntN(len(numbers))] }
	in.Domains = append(in.Domains, Domain{Name: name(), Parent: name(), Level: name()}, Domain{Name: name(), Parent: name(), Level: name()})
	for range 1 + r.IntN(6) {
		g := &in.Groups[r.IntN(len(in.Groups))]
		s := &in.ShopSets[r.IntN(len(in.ShopSets))]
		c := &in.Classes[r.IntN(len(in.Classes))]
		k := &in.Clusters[r.IntN(len(in.Clusters))]
		d := &in.Domains[r.IntN(len(in.Domains))]
		switch r.IntN(20) {
		case 0:
			d.Parent = name()
		case 1:
			d.Level = name()
		case 2:
			d.Name = name()
		case 3:
			k.Domain = name()
		case 4:
			k.Name = name()
		case 5:
			k.Capacity = num()
		case 6:
			s.Name = name()
		case 7:
			s.Tier = name()
		case 8:
			s.Cluster = name()
		case 9:
			s.Capacity = num()
		case 10:
			s.State = State(name())
		case 11:
			c.Copies = r.IntN(300) - 100
		case 12:
			c.Spread = append(c.Spread, Spread{Level: name(), Required: r.IntN(2) == 0})
		case 13:
			c.Tier = name()
		case 14:
			g.Class = name()
		case 15:
			g.Weight = num()
		case 16:
			g.Current = append(g.Current, name(), name())
		case 17:
			g.Pin = append(g.Pin, name())
		case 18:
			g.Avoid = append(g.Avoid, name())
		case 19:
			g.Home = append(g.Home, name(), name())
		}
	}
	if r.IntN(4) == 0 {
		in.Freeze = name()
	}
	in.Rebalance = r.IntN(4) == 0
	return in
}
