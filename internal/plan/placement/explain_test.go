package placement

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestShortages(t *testing.T) {
	for name, tc := range map[string]struct {
		story
		want []string
	}{
		"the cut: what is full, and what does not take load": {
			story: story{sets: []string{"a-2 a 1200000", "b-2 b 1200000 Down", "c-3 c 600000"}, groups: []string{
				"g1 one 1200000 a-2", "g2 one 600000 c-3", "g3 one 840000 -", "g4 one 400000 b-2"}},
			want: []string{"tier prod lacks 1,240 requests/s outside of b for 2 groups of class one: a-2 (1,200), c-3 (600) are full; " +
				"b-2 is down; add capacity to tier prod, or lower what it must serve"},
		},
		"a drain without room says what stays": {
			story: story{sets: []string{"a-1 a 100000", "b-1 b 100000 Draining"}, groups: []string{"g1 one 90000 a-1", "g2 one 40000 b-1"}},
			want: []string{"1 group of class one (10 shops, 40 requests/s) cannot leave b-1: a-1 (100) is full but for 10 requests/s in parts that are too small; " +
				"b-1 is draining; add capacity to tier prod elsewhere first"},
		},
		"a drain without another domain says what stays": {
			story: story{sets: []string{"a-1 a 100000", "b-1 b 100000 Draining"}, groups: []string{"g1 two 40000 a-1,b-1"}},
			want: []string{"1 group of class two (10 shops, 40 requests/s) cannot leave b-1: its copies need 2 domains, and tier prod has " +
				"ShopSets that take load in 1; add capacity to tier prod elsewhere first"},
		},
		"redundancy that cannot be had": {
			story: story{sets: []string{"a-1 a 100000", "b-1 b 100000 Cordoned"}, groups: []string{"g1 two 40000 -"}},
			want: []string{"1 group of class two (10 shops, 40 requests/s) lack copies: the class asks for 2 domains, and tier prod has " +
				"ShopSets that take them in 1 (b-1 is cordoned); add a ShopSet of tier prod in another domain"},
		},
		"nobody takes load at all": {
			story: story{sets: []string{"a-1 a 100000 Down"}, groups: []string{"g1 one 40000 a-1"}},
			want: []string{"tier prod lacks 40 requests/s outside of a for 1 group of class one: no ShopSet of tier prod takes it: a-1 is down; " +
				"add capacity to tier prod, or lower what it must serve"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, s := range Make(tc.input(t)).Shortages {
				got = append(got, s.Message)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFindings(t *testing.T) {
	for name, tc := range map[string]struct {
		story
		change func(*Input)
		want   []string
		// served are how many groups are served all the same.
		served int
	}{
		"a class asks for more domains than there are": {
			story:  story{sets: []string{"a-1 a 100", "b-1 b 100"}, classes: []Class{{Name: "five", Tier: "prod", Copies: 5}}, groups: []string{"g1 five 10 -"}},
			want:   []string{"ShopClass five domains: it asks for 5 domains, and tier prod has 2"},
			served: 1,
		},
		"a capacity of zero": {
			story:  story{sets: []string{"a-1 a 0", "b-1 b 100"}, groups: []string{"g1 one 10 a-1"}},
			want:   []string{"ShopSet a-1 capacity: its capacity is 0, so it takes no shops", "ShopClass two domains: it asks for 2 domains, and tier prod has 1"},
			served: 1,
		},
		"domains in a circle, and their clusters go on": {
			story: story{domains: []string{"east site west", "west site east"}, clusters: []string{"a east", "b west"},
				sets: []string{"a-1 a 100", "b-1 b 100"}, groups: []string{"g1 two 10 a-1,b-1"}},
			want: []string{"FailureDomain east parent: it is around itself: east in west in east; it counts as a domain at the top",
				"FailureDomain west parent: it is around itself: west in east in west; it counts as a domain at the top"},
			served: 1,
		},
		"a class that does not exist: its groups stay where they are": {
			story:  story{sets: []string{"a-1 a 100", "b-1 b 100"}, groups: []string{"g1 gone 10 a-1", "g2 gone 10 -"}},
			want:   []string{`Group g1 class: its class "gone" does not exist; it stays where it is`, `Group g2 class: its class "gone" does not exist; it stays where it is`},
			served: 1,
		},
		"a tier without ShopSets": {
			story: story{sets: []string{"a-1 a 100"}, classes: []Class{{Name: "one", Tier: "gone", Copies: 1}}, groups: []string{"g1 one 10 -"}},
			want:  []string{`ShopClass one tier: no ShopSet is of its tier "gone", so its shops have no place`},
		},
		"names that lead nowhere": {
			story: story{domains: []string{"east site nowhere"}, clusters: []string{"a east", "b gone"}, sets: []string{"a-1 a 100", "b-1 b 100"},
				groups: []string{"g1 one 10 a-1 pin=gone,a-1 avoid=nothing"}},
			want: []string{"FailureDomain east parent: its parent nowhere does not exist; it counts as a domain at the top",
				"Group g1 avoid: it avoids nothing, which is no domain, cluster or ShopSet", "Group g1 pin: it is pinned to gone, which does not exist",
				"WorkloadCluster b failureDomain: its domain gone does not exist; it counts as a domain of its own"},
			served: 1,
		},
		"a pin that cannot be: the group stays": {
			story:  story{sets: []string{"a-1 a 100", "b-1 b 100"}, groups: []string{"g1 one 10 a-1 pin=gone", "g2 one 10 - pin=gone"}},
			want:   []string{"Group g1 pin: it is pinned to gone, which does not exist", "Group g2 pin: it is pinned to gone, which does not exist"},
			served: 1,
		},
		"a pin to another tier": {
			story:  story{sets: []string{"a-1 a 100", "b-1 b 100"}, groups: []string{"g1 one 10 a-1 pin=b-1"}},
			change: func(in *Input) { in.ShopSets[1].Tier = "beta" },
			want: []string{"Group g1 pin: it is pinned to b-1 of tier beta, and its class one is of tier prod",
				"ShopClass two domains: it asks for 2 domains, and tier prod has 1"},
			served: 1,
		},
		"a cluster that does not exist: its ShopSets keep what they have": {
			story:  story{sets: []string{"a-1 a 100", "b-1 b 100"}, groups: []string{"g1 one 10 a-1", "g2 one 10 -", "g3 one 10 -"}},
			change: func(in *Input) { in.Clusters = in.Clusters[1:] },
			want:   []string{"ShopSet a-1 cluster: its cluster a does not exist; it keeps what it has and takes nothing new"},
			served: 3,
		},
		"a weight and a capacity below nothing": {
			story:  story{sets: []string{"a-1 a 100", "b-1 b -5", "c-1 c 100"}, groups: []string{"g1 one -10 -"}},
			want:   []string{"Group g1 weight: weight is negative: -10", "ShopSet b-1 capacity: capacity is negative: -5", "ShopSet b-1 capacity: its capacity is 0, so it takes no shops"},
			served: 1,
		},
		"numbers that nobody can mean": {
			story:  story{sets: []string{"a-1 a 9000000000000000000", "b-1 b 100"}, groups: []string{"g1 one 9000000000000000000 -", "g2 one 9000000000000000000 -"}},
			want:   []string{"Group g1 weight: weight is above 1,000,000,000 requests/s", "Group g2 weight: weight is above 1,000,000,000 requests/s", "ShopSet a-1 capacity: capacity is above 1,000,000,000 requests/s"},
			served: 1,
		},
		"several of one name": {
			story: story{sets: []string{"a-1 a 100", "a-1 a 100", "b-1 b 100"}, groups: []string{"g1 one 10 a-1", "g1 one 10 a-1"}},
			want: []string{"Group g1 name: there are several of this name; one is looked at",
				"ShopSet a-1 name: there are several of this name; one is looked at"},
			served: 1,
		},
		"a level that no domain has: there every cluster is one": {
			story: story{sets: []string{"a-1 a 100", "b-1 b 100"}, groups: []string{"g1 two 10 -"},
				classes: []Class{{Name: "two", Tier: "prod", Copies: 2, Spread: []Spread{{Level: "moon", Required: true}}}}},
			want:   []string{`ShopClass two spread: no domain is of the level "moon"; there every cluster counts as a domain`},
			served: 1,
		},
		"no copies asked for": {
			story:  story{sets: []string{"a-1 a 100"}, classes: []Class{{Name: "none", Tier: "prod"}}, groups: []string{"g1 none 10 -"}},
			want:   []string{"ShopClass none domains: it asks for 0 domains; it counts as 1"},
			served: 1,
		},
		"a state that nobody knows": {
			story:  story{sets: []string{"a-1 a 100 Sleeping", "b-1 b 100"}, groups: []string{"g1 one 10 a-1"}},
			want:   []string{"ShopSet a-1 state: nothing is known of the state Sleeping; it counts as Cordoned"},
			served: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := tc.input(t)
			if tc.change != nil {
				tc.change(&in)
			}
			plan := Make(in)
			var got []string
			for _, f := range plan.Findings {
				got = append(got, fmt.Sprintf("%s %s %s: %s", f.Kind, f.Name, f.Field, f.Problem))
				if f.Next == "" || strings.HasSuffix(f.Next, ".") {
					t.Errorf("what shall one do about it? %+v", f)
				}
			}
			slices.Sort(tc.want)
			slices.Sort(got)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if served := len(plan.Placements) - len(plan.Unplaced); served != tc.served {
				t.Errorf("%d groups are served, not %d: %v", served, tc.served, brief(plan))
			}
		})
	}
}

func TestRate(t *testing.T) {
	for milli, want := range map[int64]string{0: "0", 500: "0.5", 1_240_000: "1,240", 1_000_001: "1,000.001", -2_500: "-2.5", 123_456_789_000: "123,456,789"} {
		if got := rate(milli); got != want {
			t.Errorf("%d is written %q, not %q", milli, got, want)
		}
	}
}
