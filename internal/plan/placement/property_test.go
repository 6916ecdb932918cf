package placement

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzNaive compares the planner with a solver that tries everything, on small fleets of groups that
// all weigh 1: whether everything can be had, and with how few moves.
func FuzzNaive(f *testing.F) {
	for seed := range uint64(3000) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		in := random(seed, shape{sets: 5, groups: 6})
		plan := Make(in)
		if problems := broken(in, plan); len(problems) > 0 {
			t.Fatalf("the plan breaks constraints: %v\n%s", problems, told(in, plan))
		}
		feasible, moves := naive(in)
		complete := len(plan.Unplaced) == 0 && len(plan.Debts) == 0 && !leaning(in, plan)
		if feasible != complete {
			t.Fatalf("feasible is %v, the plan is complete: %v\n%s", feasible, complete, told(in, plan))
		}
		if feasible && moves != len(plan.Moves) {
			t.Fatalf("%d moves are enough, the plan has %d\n%s", moves, len(plan.Moves), told(in, plan))
		}
		if plan.MustMove > len(plan.Moves) {
			t.Fatalf("the lower bound is %d and there are %d moves\n%s", plan.MustMove, len(plan.Moves), told(in, plan))
		}
	})
}

// leaning says whether a plan leaves something on what is draining or down.
func leaning(in Input, plan Plan) bool {
	states := map[string]State{}
	for _, s := range in.ShopSets {
		states[s.Name] = s.State
	}
	for _, p := range plan.Placements {
		for _, s := range p.ShopSets {
			if states[s] == Draining || states[s] == Down {
				return true
			}
		}
	}
	return false
}

// FuzzProperties holds plans of larger fleets, with different weights and homes, to what must always
// be true.
func FuzzProperties(f *testing.F) {
	for seed := range uint64(1000) {
		f.Add(seed)
	}
	// These have failed once.
	for _, seed := range []uint64{1008892, 1012930, 2000245, 2006831, 2012778, 2001926} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		in := random(seed, shape{sets: 12, groups: 40, heavy: seed%2 == 0, home: seed%3 == 0, ranks: seed%5 < 3})
		if seed%4 == 1 {
			for i := range in.ShopSets {
				in.ShopSets[i].Capacity = in.ShopSets[i].Capacity*2/3 + 1
			}
		}
		in.Rebalance = seed%7 == 0
		plan := Make(in)
		if problems := broken(in, plan); len(problems) > 0 {
			t.Fatalf("the plan breaks constraints: %v\n%s", problems, told(in, plan))
		}
		if plan.MustMove > len(plan.Moves) {
			t.Fatalf("the lower bound is %d and there are %d moves\n%s", plan.MustMove, len(plan.Moves), told(in, plan))
		}
		if problems := inverted(in, plan); len(problems) > 0 {
			t.Fatalf("the less important goes first: %v\n%s", problems, told(in, plan))
		}
		if diff := cmp.Diff(plan, Make(shuffled(seed, in))); diff != "" {
			t.Fatalf("another order of the input gives another plan: %s", diff)
		}
		again := Make(after(in, plan))
		if len(again.Moves)+len(again.Switches) > 0 {
			t.Fatalf("the plan is carried out and there are still moves: %s\nbefore\n%s", told(after(in, plan), again), told(in, plan))
		}
	})
}
