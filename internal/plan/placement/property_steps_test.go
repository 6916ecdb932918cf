package placement

import (
	"slices"
	"testing"
)

// FuzzSteps carries out drains and other plans in steps and looks at every state between.
func FuzzSteps(f *testing.F) {
	for seed := range uint64(400) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		sh := shape{sets: 10, groups: 30, heavy: seed%2 == 0}
		in := random(seed, sh)
		in = after(in, Make(in))
		for i := range in.ShopSets {
			if in.ShopSets[i].Cluster == "c0" {
				in.ShopSets[i].State = Draining
			}
		}
		plan := Make(in)
		share := []int{1, 10, 25, 100}[seed%4]
		steps := Steps(in, plan, share)
		checkSteps(t, in, plan, steps)
	})
}

func checkSteps(t *testing.T, in Input, plan Plan, steps [][]string) {
	t.Helper()
	goal := map[string][]string{}
	for _, p := range plan.Placements {
		goal[p.Group] = p.ShopSets
	}
	start, end := states(in), states(after(in, plan))
	seen := map[string]bool{}
	now := in
	now.Groups = slices.Clone(in.Groups)
	for _, step := range steps {
		if len(step) == 0 {
			t.Fatal("a step is empty")
		}
		for _, name := range step {
			if seen[name] {
				t.Fatalf("%s changes twice", name)
			}
			seen[name] = true
			for i := range now.Groups {
				if now.Groups[i].Name == name {
					now.Groups[i].Current = goal[name]
				}
			}
		}
		for key, v := range states(now) {
			if v > max(0, start[key], end[key]) {
				t.Fatalf("%s is above its capacity by %d between, by %d at the start and by %d at the end\n%v\n%s",
					key, v, start[key], end[key], steps, told(in, plan))
			}
		}
	}
	for _, g := range now.Groups {
		if !slices.Equal(g.Current, goal[g.Name]) {
			t.Fatalf("%s is at %v after the last step, not at %v", g.Name, g.Current, goal[g.Name])
		}
	}
}

// states says by how much every ShopSet is above its capacity, as it is and if a domain dies.
func states(in Input) map[string]int64 {
	over := map[string]int64{}
	at := map[string]ShopSet{}
	dead := map[string]bool{"": true}
	for _, s := range in.ShopSets {
		at[s.Name] = s
		for _, d := range append(naiveDomains(in, s), "the cluster "+s.Cluster) {
			dead[d] = true
		}
	}
	for d := range dead {
		loads := map[string]int64{}
		for _, g := range in.Groups {
			for _, name := range g.Current {
				s, exists := at[name]
				if exists && s.State != Down && !slices.Contains(append(naiveDomains(in, s), "the cluster "+s.Cluster), d) {
					loads[name] += g.Weight
					break
				}
			}
		}
		for name, load := range loads {
			if load > at[name].Capacity {
				over[name+" without "+d] = load - at[name].Capacity
			}
		}
	}
	return over
}
