package ladder_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/sandbox/internal/demo/ladder"
)

func at(seconds float64) time.Time {
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(seconds * float64(time.Second)))
}

func times(pairs map[string]float64) map[string]time.Time {
	out := map[string]time.Time{}
	for name, seconds := range pairs {
		out[name] = at(seconds)
	}
	return out
}

func three() ladder.Ladder {
	return ladder.Ladder{{"dev", []string{"c-2"}}, {"beta", []string{"a-1", "b-2"}}, {"prod", []string{"a-2"}}}
}

func TestViolations(t *testing.T) {
	for name, test := range map[string]struct {
		served, proven map[string]float64
		want           []string
	}{
		"each tier waits for the one below": {
			served: map[string]float64{"c-2": 1, "a-1": 3, "b-2": 4, "a-2": 6},
			proven: map[string]float64{"dev": 2, "beta": 5, "prod": 7},
		},
		"the last tier need not have proven it": {
			served: map[string]float64{"c-2": 1, "a-1": 3, "b-2": 4, "a-2": 6},
			proven: map[string]float64{"dev": 2, "beta": 5},
		},
		"the ShopSets of one tier may come in any order": {
			served: map[string]float64{"c-2": 1, "a-1": 4, "b-2": 3, "a-2": 6},
			proven: map[string]float64{"dev": 2, "beta": 5, "prod": 7},
		},
		"one ShopSet of a tier overtakes its sister below": {
			served: map[string]float64{"c-2": 1, "a-1": 3, "b-2": 6.5, "a-2": 6},
			proven: map[string]float64{"dev": 2, "beta": 5, "prod": 7},
			want:   []string{"a-2 served it 0.5 s before b-2 of tier beta below did"},
		},
		"a tier is served before the one below is proven": {
			served: map[string]float64{"c-2": 1, "a-1": 3, "b-2": 4, "a-2": 6},
			proven: map[string]float64{"dev": 3.5, "beta": 5, "prod": 7},
			want:   []string{"a-1 served it 0.5 s before tier dev below had proven it"},
		},
		"at the very moment of the proof is too early": {
			served: map[string]float64{"c-2": 1, "a-1": 3, "b-2": 4, "a-2": 5},
			proven: map[string]float64{"dev": 2, "beta": 5, "prod": 7},
			want:   []string{"a-2 served it 0.0 s before tier beta below had proven it"},
		},
		"a tier below was skipped": {
			served: map[string]float64{"c-2": 1, "a-2": 6},
			proven: map[string]float64{"dev": 2},
			want: []string{
				"a-1 (tier beta) was never seen to serve it",
				"b-2 (tier beta) was never seen to serve it",
				"a-2 served it although tier beta below has not proven it",
			},
		},
		"everything at once": {
			served: map[string]float64{"c-2": 1, "a-1": 1, "b-2": 1, "a-2": 1},
			proven: map[string]float64{"dev": 0.5, "beta": 0.5},
			want: []string{
				"a-1 served it 0.0 s before c-2 of tier dev below did",
				"b-2 served it 0.0 s before c-2 of tier dev below did",
				"a-2 served it 0.0 s before a-1 of tier beta below did",
				"a-2 served it 0.0 s before b-2 of tier beta below did",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := three().Violations(ladder.Climb{Served: times(test.served), Proven: times(test.proven)})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSkewIsTheTimeBetweenTheFirstAndTheLastOfATier(t *testing.T) {
	served := times(map[string]float64{"c-2": 1, "a-1": 3, "b-2": 4.5})
	want := []time.Duration{0, 1500 * time.Millisecond, 0}
	for i, rung := range three() {
		if got := rung.Skew(served); got != want[i] {
			t.Errorf("%s: got %v, want %v", rung.Tier, got, want[i])
		}
	}
}

func TestStringIsTheOrderOfTheShopSets(t *testing.T) {
	if got, want := three().String(), "c-2; a-1 with b-2; a-2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
