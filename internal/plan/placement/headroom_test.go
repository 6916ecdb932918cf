package placement

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// roomy makes a fleet that keeps its headroom even while one cluster is drained, with little to spare.
func roomy(seed uint64) Input {
	r := rand.New(rand.NewPCG(seed, 3))
	clusters, perCluster := 5+r.IntN(6), 1+r.IntN(3)
	in := Input{Classes: []Class{
		{Name: "one", Tier: "prod", Copies: 1}, {Name: "two", Tier: "prod", Copies: 2}, {Name: "three", Tier: "prod", Copies: 3},
	}}
	total := int64(0)
	for i := range 60 * clusters {
		g := Group{Name: fmt.Sprintf("g%04d", i), Class: in.Classes[1+r.IntN(2)].Name, Weight: int64(5 + r.IntN(20)), Shops: 1}
		total += g.Weight
		in.Groups = append(in.Groups, g)
	}
	sets := int64(clusters * perCluster)
	// After a drain and a loss, the rest carries everything and is at 94 %.
	capacity := total * 100 / 94 / (sets - 2*int64(perCluster))
	for c := range clusters {
		in.Clusters = append(in.Clusters, Cluster{Name: fmt.Sprintf("c%02d", c)})
		for k := range perCluster {
			in.ShopSets = append(in.ShopSets, ShopSet{Name: fmt.Sprintf("s%02d-%d", c, k), Tier: "prod", Cluster: fmt.Sprintf("c%02d", c), Capacity: capacity, State: Active})
		}
	}
	return in
}

// A fleet with room for it has its headroom at the start, after a drain, between all steps of the
// drain, and after the return, and no ShopSet is much fuller than the others.
func TestHeadroomThroughADrain(t *testing.T) {
	for seed := range uint64(40) {
		in := roomy(seed)
		plan := Make(in)
		short(t, seed, "at the start", plan)
		in = after(in, plan)
		drained := in
		drained.ShopSets = append([]ShopSet(nil), in.ShopSets...)
		for i := range drained.ShopSets {
			if drained.ShopSets[i].Cluster == "c00" {
				drained.ShopSets[i].State = Draining
			}
		}
		drain := Make(drained)
		short(t, seed, "after the drain", drain)
		if len(drain.Moves) != drain.MustMove {
			t.Errorf("seed %d: the drain moves %d, and must %d", seed, len(drain.Moves), drain.MustMove)
		}
		steps := Steps(drained, drain, 20)
		checkSteps(t, drained, drain, steps)
		if len(steps) < 5 || len(steps) > 9 {
			t.Errorf("seed %d: %d steps of at most 20 %%", seed, len(steps))
		}
		back := after(in, drain)
		for i := range back.Groups {
			back.Groups[i].Home = in.Groups[i].Current
		}
		home := Make(back)
		short(t, seed, "after the return", home)
		if len(home.Moves) != len(drain.Moves) || len(home.Moves) != home.MustMove {
			t.Errorf("seed %d: the return moves %d, and must %d; the drain moved %d", seed, len(home.Moves), home.MustMove, len(drain.Moves))
		}
		checkSteps(t, back, home, Steps(back, home, 20))
		for i, p := range home.Placements {
			if fmt.Sprint(p.ShopSets) != fmt.Sprint(in.Groups[i].Current) {
				t.Errorf("seed %d: %s is on %v, and was on %v before the drain", seed, p.Group, p.ShopSets, in.Groups[i].Current)
			}
		}
	}
}

func short(t *testing.T, seed uint64, when string, plan Plan) {
	t.Helper()
	if len(plan.Debts)+len(plan.Unplaced)+len(plan.Shortages) > 0 {
		t.Errorf("seed %d: %s something is missing: %v", seed, when, plan.Shortages)
	}
	for _, h := range plan.Headroom {
		if h.Shortfall > 0 {
			t.Errorf("seed %d: %s headroom is short: %+v", seed, when, h)
		}
	}
	load, room, most := int64(0), int64(0), int64(0)
	for _, l := range plan.Loads {
		if l.Serving > 0 {
			load, room, most = load+l.Serving, room+l.Capacity, max(most, l.Serving*1000/l.Capacity)
		}
	}
	if mean := load * 1000 / room; most > mean*105/100 {
		t.Errorf("seed %d: %s the fullest ShopSet is at %d, and the mean is %d (thousandths)", seed, when, most, mean)
	}
}

// A cluster that is smaller than its ShopSets together bounds what comes to it when another dies.
func TestAClusterBoundsWhatSpills(t *testing.T) {
	s := story{sets: []string{"a-1 a 100", "b-1 b 100", "c-1 c 100", "c-2 c 100"}}
	for i := range 8 {
		s.groups = append(s.groups, fmt.Sprintf("g%d two 10 %s", i, []string{"a-1", "b-1"}[i%2]))
	}
	in := s.input(t)
	in.Clusters[2].Capacity = 20
	plan := Make(in)
	for _, h := range plan.Headroom {
		if h.Shortfall > 0 {
			t.Errorf("%+v in %+v", h, plan.Placements)
		}
	}
	for i := range in.Groups {
		in.Groups[i].Current = []string{"a-1", "c-1"}
	}
	in.Groups[7].Current = []string{"a-1", "c-2"}
	for _, h := range Make(in).Headroom {
		if h.Domain == "a" && h.Shortfall != 60 {
			t.Errorf("80 come to a cluster that takes 20: %+v", h)
		}
	}
}
