package evidence

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNoClusterIsDownByOneWord: whatever happens, a cluster is Down only if for all of the last
// DownAfter the control plane and every fresh edge missed it, and a ShopSet only with its cluster
// or if every fresh edge missed it for as long.
func TestNoClusterIsDownByOneWord(t *testing.T) {
	downs := 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newWorld()
		agreed, last := map[string]int{}, map[string]State{}
		lost := map[string]int{}
		for range 120 {
			disturb(r, w)
			got := w.pass(1)
			for _, c := range []string{"a", "b", "c"} {
				if missedByBoth(w, c) {
					agreed[c]++
				} else {
					agreed[c] = 0
				}
				for _, s := range []string{c + "-1", c + "-2"} {
					if edgesMiss(w, s) {
						lost[s]++
					} else {
						lost[s] = 0
					}
					if stateOf(got, s) == Down && last[s] != Down && lost[s] < 11 && stateOf(got, c) != Down {
						t.Fatalf("seed %d: ShopSet %s is down after %d seconds", seed, s, lost[s])
					}
				}
				if stateOf(got, c) == Down && last[c] != Down {
					downs++
					if agreed[c] < 11 {
						t.Fatalf("seed %d: cluster %s is down after %d seconds of agreement", seed, c, agreed[c])
					}
				}
				last[c] = stateOf(got, c)
				for _, s := range []string{c + "-1", c + "-2"} {
					last[s] = stateOf(got, s)
				}
			}
		}
	}
	if downs == 0 {
		t.Error("no cluster was ever down: this tests nothing")
	}
}

func missedByBoth(w *world, cluster string) bool {
	return w.api[cluster] == "connection refused" && edgesMiss(w, cluster+"-1") && edgesMiss(w, cluster+"-2")
}

// edgesMiss tells whether all edges that speak, and at least one, miss a ShopSet.
func edgesMiss(w *world, shopSet string) bool {
	speaks := false
	for _, misses := range w.edges {
		if misses == nil {
			continue
		}
		speaks = true
		found := false
		for _, m := range misses {
			found = found || m == shopSet || m == shopSet[:1]
		}
		if !found {
			return false
		}
	}
	return speaks
}

// disturb changes something now and then, for some seconds each.
func disturb(r *rand.Rand, w *world) {
	if r.IntN(6) > 0 {
		return
	}
	c := []string{"a", "b", "c"}[r.IntN(3)]
	e := []string{"e1", "e2"}[r.IntN(2)]
	switch r.IntN(8) {
	case 0:
		w.api[c] = "connection refused"
	case 1:
		w.api[c] = ""
	case 2:
		w.api[c] = "!no such host"
	case 3:
		w.edges[e] = append(w.edges[e], c)
	case 4:
		w.edges[e] = []string{}
	case 5:
		w.edges[e] = nil
	case 6:
		w.edges[e] = append(w.edges[e], c+"-1")
	default:
		w.miss(c)
	}
}

// TestAlternatingEvidenceDoesNotFlap: however evidence alternates, a verdict changes at most once in
// and once out within UpAfter.
func TestAlternatingEvidenceDoesNotFlap(t *testing.T) {
	for _, period := range []int{1, 2, 3, 5, 9, 14, 25} {
		w := newWorld()
		w.pass(5)
		changes, was := 0, Up
		const seconds = 600
		for s := range seconds {
			if (s/period)%2 == 0 {
				w.api["b"] = "connection refused"
				w.edges["e1"], w.edges["e2"] = []string{"b"}, []string{"b"}
			} else {
				w.heal("b")
			}
			if is := stateOf(w.pass(1), "b"); is != was {
				changes++
				was = is
			}
		}
		// Unknown, Down and Returning may follow each other once in a period; with a period below
		// DownAfter nothing but Unknown and Returning can.
		if most := 4 + 4*seconds/(2*max(period, 5)); changes > most {
			t.Errorf("period %d s: %d changes in %d s, want at most %d", period, changes, seconds, most)
		}
		if was == Up && period < 30 {
			t.Errorf("period %d s: up although it was missed all the time", period)
		}
	}
}

func TestTheOrderOfTheInputDoesNotMatter(t *testing.T) {
	w := newWorld()
	w.pass(3)
	w.miss("b")
	w.edges["e1"] = append(w.edges["e1"], "c-1")
	w.second++
	in := w.input()
	want := Judge(in)
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		r.Shuffle(len(in.ShopSets), func(i, j int) { in.ShopSets[i], in.ShopSets[j] = in.ShopSets[j], in.ShopSets[i] })
		r.Shuffle(len(in.Clusters), func(i, j int) { in.Clusters[i], in.Clusters[j] = in.Clusters[j], in.Clusters[i] })
		r.Shuffle(len(in.Edges), func(i, j int) { in.Edges[i], in.Edges[j] = in.Edges[j], in.Edges[i] })
		r.Shuffle(len(in.APIs), func(i, j int) { in.APIs[i], in.APIs[j] = in.APIs[j], in.APIs[i] })
		if diff := cmp.Diff(want, Judge(in)); diff != "" {
			t.Fatalf("another order, another verdict:\n%s", diff)
		}
	}
}
