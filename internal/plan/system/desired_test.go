package system_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/system"
)

// climbed is a fleet of three tiers and five ShopSets.
func climbed(t *testing.T) *world {
	w := newWorld(t)
	w.ladder("dev", "beta", "prod")
	w.shopSet("b-2", "beta", "staging")
	w.shopSet("p-2", "prod", "staging")
	w.configuration("staging", "v1")
	w.additions = map[string][]byte{"monitor.yaml": []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: monitor}\n")}
	w.fleet.Spec.Apps.Path = "deploy"
	w.objects.Fleets = []v1alpha1.Fleet{*w.fleet}
	return w
}

// TestWhenClimbedIsWhereMakeEnds lets a release climb, commit by commit, until nothing is left to
// do, and compares what Git then holds with what was foretold before the first commit.
func TestWhenClimbedIsWhereMakeEnds(t *testing.T) {
	w := climbed(t)
	w.merge("a")
	want, err := system.WhenClimbed(w.input())
	if err != nil {
		t.Fatal(err)
	}
	w.settle()
	if w.running() != "aaa" || len(want.Findings) != 0 || len(want.Branches) != 4 {
		t.Fatalf("running %s, findings %v, %d branches", w.running(), want.Findings, len(want.Branches))
	}
	for _, c := range want.Branches {
		if diff := cmp.Diff(w.branches[c.Branch].files, c.Files); diff != "" {
			t.Errorf("branch %s (-Git +foretold):\n%s", c.Branch, diff)
		}
	}
	again, err := system.WhenClimbed(w.input())
	if diff := cmp.Diff(want.Branches, again.Branches); err != nil || diff != "" {
		t.Errorf("what Git holds must not matter: %v\n%s", err, diff)
	}
}

func TestWhenClimbedDoesNotDependOnOrder(t *testing.T) {
	w := climbed(t)
	want, err := system.WhenClimbed(w.input())
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(10) {
		mix := rand.New(rand.NewPCG(seed, 1))
		o := &w.objects
		shuffle(mix, o.Tiers)
		shuffle(mix, o.ShopSets)
		shuffle(mix, o.Configurations)
		shuffle(mix, o.WorkloadClusters)
		got, err := system.WhenClimbed(w.input())
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("seed %d: %v\n%s", seed, err, diff)
		}
	}
}

func shuffle[T any](mix *rand.Rand, items []T) {
	mix.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
}

func TestWhenClimbedLeavesOutWhatBreaksARule(t *testing.T) {
	w := climbed(t)
	w.shopSet("lost", "prod", "nowhere")
	got, err := system.WhenClimbed(w.input())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Findings) != 1 || got.Findings[0].Name != "lost" || got.Findings[0].Code != convention.CodeMissingReference {
		t.Errorf("findings %v, want one on lost", got.Findings)
	}
	for _, b := range got.Branches {
		for _, name := range []string{"overlays/lost/kustomization.yaml", "argocd/on-prod/lost.yaml"} {
			if _, rendered := b.Files[name]; rendered {
				t.Errorf("%s:%s was rendered", b.Branch, name)
			}
		}
	}
	empty, err := system.WhenClimbed(system.Input{Fleet: w.fleet})
	if err != nil || len(empty.Branches) != 0 {
		t.Errorf("a fleet without tiers has no branches: %v, %v", empty.Branches, err)
	}
}
