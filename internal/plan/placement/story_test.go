package placement

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// story is a fleet in few words. ShopSets are "name cluster capacity [state] [dedicated]", groups
// "name class weight current,current [home=a,b] [pin=a,b] [avoid=a,b]" with - for nowhere, clusters
// "name domain [capacity]", domains "name level [parent]".
type story struct {
	domains, clusters, sets, groups []string
	classes                         []Class
	rebalance                       bool
	freeze                          string
}

func (s story) input(t *testing.T) Input {
	t.Helper()
	in := Input{Classes: s.classes, Rebalance: s.rebalance, Freeze: s.freeze}
	if in.Classes == nil {
		in.Classes = []Class{{Name: "one", Tier: "prod", Copies: 1}, {Name: "two", Tier: "prod", Copies: 2}}
	}
	for _, line := range s.domains {
		f := append(strings.Fields(line), "")
		in.Domains = append(in.Domains, Domain{Name: f[0], Level: f[1], Parent: f[2]})
	}
	named := map[string]bool{}
	for _, line := range s.clusters {
		f := append(strings.Fields(line), "", "0")
		in.Clusters = append(in.Clusters, Cluster{Name: f[0], Domain: f[1], Capacity: number(t, f[2]+strings.Repeat("0", len(f[2])/9))})
		named[f[0]] = true
	}
	for _, line := range s.sets {
		f := strings.Fields(line)
		one := ShopSet{Name: f[0], Tier: "prod", Cluster: f[1], Capacity: number(t, f[2]), State: Active}
		for _, word := range f[3:] {
			if word == "dedicated" {
				one.Dedicated = true
			} else {
				one.State = State(word)
			}
		}
		if !named[f[1]] {
			in.Clusters = append(in.Clusters, Cluster{Name: f[1]})
			named[f[1]] = true
		}
		in.ShopSets = append(in.ShopSets, one)
	}
	for _, line := range s.groups {
		in.Groups = append(in.Groups, groupOf(t, line))
	}
	return in
}

func groupOf(t *testing.T, line string) Group {
	t.Helper()
	f := strings.Fields(line)
	g := Group{Name: f[0], Class: f[1], Weight: number(t, f[2]), Shops: 10}
	if f[3] != "-" {
		g.Current = strings.Split(f[3], ",")
	}
	for _, word := range f[4:] {
		key, value, _ := strings.Cut(word, "=")
		switch list := strings.Split(value, ","); key {
		case "home":
			g.Home = list
		case "pin":
			g.Pin = list
		case "avoid":
			g.Avoid = list
		}
	}
	return g
}

func number(t *testing.T, text string) int64 {
	t.Helper()
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// brief writes what a plan changes and lacks, a line for each.
func brief(plan Plan) []string {
	var lines []string
	for _, m := range plan.Moves {
		must := ""
		if m.Must {
			must = "must "
		}
		lines = append(lines, fmt.Sprintf("%smove %s %s→%s: %s", must, m.Group, m.From, m.To, m.Reason))
	}
	for _, s := range plan.Switches {
		lines = append(lines, fmt.Sprintf("switch %s %s→%s: %s", s.Group, s.From, s.To, s.Reason))
	}
	for _, d := range plan.Debts {
		lines = append(lines, fmt.Sprintf("debt %s %d: %s", d.Group, d.Missing, d.Reason))
	}
	for _, u := range plan.Unplaced {
		lines = append(lines, fmt.Sprintf("unplaced %s: %s", u.Group, u.Reason))
	}
	return lines
}

func TestStories(t *testing.T) {
	sites := []Class{{Name: "two", Tier: "prod", Copies: 2, Spread: []Spread{{Level: "site", Required: true}}}}
	for name, tc := range map[string]struct {
		story
		want   []string
		places map[string]string
	}{
		"nothing is wrong, so nothing moves, however uneven it is": {
			story: story{sets: []string{"a-1 a 100", "b-1 b 100", "c-1 c 100"}, groups: []string{"g1 two 40 a-1,b-1", "g2 two 40 a-1,b-1"}},
		},
		"a drained ShopSet is left, its standby serves, and a third stands by": {
			story:  story{sets: []string{"a-1 a 100", "b-1 b 100 Draining", "c-1 c 100"}, groups: []string{"g1 two 40 b-1,a-1"}},
			want:   []string{"must move g1 b-1→c-1: b-1 is draining", "switch g1 b-1→a-1: b-1 is draining"},
			places: map[string]string{"g1": "a-1 c-1"},
		},
		"what has nowhere to go stays on the drained ShopSet and is served": {
			story:  story{sets: []string{"a-1 a 100", "b-1 b 100 Draining"}, groups: []string{"g1 one 90 a-1", "g2 one 40 b-1"}},
			places: map[string]string{"g2": "b-1"},
		},
		"a standby stays on the drained ShopSet if no other domain has room for it": {
			story:  story{sets: []string{"a-1 a 100", "b-1 b 100 Draining"}, groups: []string{"g1 two 40 a-1,b-1"}},
			places: map[string]string{"g1": "a-1 b-1"},
		},
		"a dead ShopSet is replaced": {
			story:  story{sets: []string{"a-1 a 100", "b-1 b 100 Down", "c-1 c 100"}, groups: []string{"g1 two 40 b-1,a-1", "g2 one 10 b-1"}},
			want:   []string{"must move g1 b-1→c-1: b-1 is down", "must move g2 b-1→c-1: b-1 is down", "switch g1 b-1→a-1: b-1 is down"},
			places: map[string]string{"g1": "a-1 c-1", "g2": "c-1"},
		},
		"a dead ShopSet that nothing can replace stays listed last": {
			story: story{sets: []string{"a-1 a 100", "b-1 b 100 Down"}, groups: []string{"g1 two 40 b-1,a-1"}},
			want: []string{"switch g1 b-1→a-1: b-1 is down",
				"debt g1 1: tier prod has ShopSets that take it in only 1 domain: b-1 is down"},
			places: map[string]string{"g1": "a-1 b-1"},
		},
		"a dead cluster comes back and nothing moves": {
			story: story{sets: []string{"a-1 a 100", "b-1 b 100"}, groups: []string{"g1 two 40 a-1,b-1"}},
		},
		"a cordoned ShopSet keeps what it has and takes nothing": {
			story:  story{sets: []string{"a-1 a 100 Cordoned", "b-1 b 100"}, groups: []string{"g1 one 40 a-1", "g2 one 40 -"}},
			want:   []string{"must move g2 →b-1: it had no place"},
			places: map[string]string{"g1": "a-1"},
		},
		"a displaced group goes home, in its old order": {
			story: story{sets: []string{"a-1 a 100", "b-1 b 100", "c-1 c 100"}, groups: []string{"g1 two 40 a-1,c-1 home=b-1,a-1"}},
			want:  []string{"must move g1 c-1→b-1: returns to b-1, which takes load again"}, places: map[string]string{"g1": "b-1 a-1"},
		},
		"a displaced group whose copies are all there gets its order back": {
			story: story{sets: []string{"a-1 a 100", "b-1 b 100"}, groups: []string{"g1 two 40 a-1,b-1 home=b-1,a-1"}},
			want:  []string{"switch g1 a-1→b-1: returns to b-1, which takes load again"},
		},
		"nobody is sent away for a group that returns": {
			story: story{sets: []string{"a-1 a 100", "b-1 b 100"}, groups: []string{"g1 one 60 a-1 home=b-1", "g2 one 60 b-1"}},
		},
		"nothing moves while frozen, but what has no place gets one": {
			story: story{sets: []string{"a-1 a 100", "b-1 b 100 Down", "c-1 c 100"}, freeze: "two domains are down",
				groups: []string{"g1 two 40 b-1,a-1", "g2 one 10 -", "g3 one 10 b-1"}},
			want: []string{"must move g2 →c-1: it had no place", "debt g1 1: nothing is moved now: two domains are down",
				"unplaced g3: all that hold it are down, and nothing is moved now: two domains are down"},
			places: map[string]string{"g1": "b-1 a-1", "g3": "b-1"},
		},
		"a pinned group goes where it is pinned, also to what is dedicated": {
			story: story{sets: []string{"a-1 a 100", "b-1 b 100 dedicated"}, groups: []string{"g1 two 40 a-1 pin=b-1", "g2 one 40 b-1"}},
			want: []string{"must move g1 a-1→b-1: it is pinned to b-1",
				"must move g2 b-1→a-1: b-1 is dedicated: it takes only what is pinned to it"},
			places: map[string]string{"g1": "b-1"},
		},
		"a group leaves what it avoids: a domain with all that is in it": {
			story: story{domains: []string{"east site", "west site"}, clusters: []string{"a east", "b west"},
				sets: []string{"a-1 a 100", "b-1 b 100"}, groups: []string{"g1 one 40 a-1 avoid=east"}},
			want: []string{"must move g1 a-1→b-1: it avoids east"},
		},
		"a switch makes room before anything moves": {
			story: story{sets: []string{"a-1 a 60", "b-1 b 100", "c-1 c 100"}, groups: []string{"g1 two 40 a-1,b-1", "g2 one 40 a-1"}},
			want:  []string{"switch g1 a-1→b-1: a-1 is full: it takes 0.06 requests/s"},
		},
		"the class of the smaller priority loses its place": {
			story: story{sets: []string{"a-1 a 100"}, classes: []Class{{Name: "gold", Tier: "prod", Copies: 1, Priority: 9}, {Name: "one", Tier: "prod", Copies: 1}},
				groups: []string{"g1 one 60 a-1", "g2 gold 60 -"}},
			want: []string{"must move g2 →a-1: it had no place", "unplaced g1: a-1 (0.1) is full but for 0.04 requests/s in parts that are too small"},
		},
		"the class of the smaller priority loses its standbys where the survivors could not take all": {
			story: story{sets: []string{"a-1 a 100", "b-1 b 100"}, classes: []Class{{Name: "gold", Tier: "prod", Copies: 2, Priority: 9}, {Name: "two", Tier: "prod", Copies: 2}},
				groups: []string{"g1 two 40 a-1,b-1", "g2 two 40 b-1,a-1", "g3 gold 40 -"}},
			want: []string{"must move g3 →a-1: it had no place", "must move g3 →b-1: it had no place",
				"debt g1 1: the survivors in tier prod could not take its load if a domain died; priority 0 goes without standby first",
				"debt g2 1: the survivors in tier prod could not take its load if a domain died; priority 0 goes without standby first"},
			places: map[string]string{"g1": "a-1", "g2": "b-1", "g3": "a-1 b-1"},
		},
		"the debt is paid back when there is room": {
			story: story{sets: []string{"a-1 a 100", "b-1 b 140"}, classes: []Class{{Name: "gold", Tier: "prod", Copies: 2, Priority: 9}, {Name: "two", Tier: "prod", Copies: 2}},
				groups: []string{"g1 two 40 a-1", "g3 gold 40 a-1,b-1"}},
			want: []string{"must move g1 →b-1: it had 1 of 2 copies"},
		},
		"copies of different sites stay in different sites when one of them is replaced, though its own site is emptier": {
			story: story{classes: sites, domains: []string{"east site", "west site"}, clusters: []string{"a east", "b west", "c east", "d west"},
				sets: []string{"a-1 a 100", "b-1 b 100 Down", "c-1 c 1000", "d-1 d 100"}, groups: []string{"g1 two 40 a-1,b-1"}},
			want: []string{"must move g1 b-1→d-1: b-1 is down"},
		},
		"of two copies in one rack one moves, not both": {
			story: story{sets: []string{"a-1 a 100", "a-2 a 100", "b-1 b 100", "c-1 c 100"},
				groups: []string{"g1 two 10 a-1,a-2", "g2 two 10 a-2,a-1"}},
			want: []string{"must move g1 a-2→b-1: a-2 and a-1 are in one domain: cluster a",
				"must move g2 a-1→c-1: a-1 and a-2 are in one domain: cluster a"},
		},
		"two copies that leave at once do not meet in one domain": {
			story: story{classes: sites, domains: []string{"east site", "west site", "south site", "north site"},
				clusters: []string{"a east", "b west", "c south", "d south", "e north"},
				sets:     []string{"a-1 a 100 Draining", "b-1 b 100 Draining", "c-1 c 100", "d-1 d 100", "e-1 e 100"}, groups: []string{"g1 two 40 a-1,b-1"}},
			want: []string{"must move g1 a-1→c-1: a-1 is draining", "must move g1 b-1→e-1: b-1 is draining"},
		},
		"a class that asks for fewer copies drops the last": {
			story:  story{sets: []string{"a-1 a 100", "b-1 b 100"}, groups: []string{"g1 one 10 b-1,a-1"}},
			places: map[string]string{"g1": "b-1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := tc.input(t)
			plan := Make(in)
			if diff := cmp.Diff(tc.want, brief(plan)); diff != "" {
				t.Error(diff)
			}
			if problems := broken(in, plan); len(problems) > 0 {
				t.Error(problems)
			}
			for _, p := range plan.Placements {
				if want, asked := tc.places[p.Group]; asked && want != strings.Join(p.ShopSets, " ") {
					t.Errorf("%s is on %v, not on %s", p.Group, p.ShopSets, want)
				}
			}
			if again := Make(after(in, plan)); len(again.Moves)+len(again.Switches) > 0 {
				t.Errorf("it is carried out, and there is more to do: %v", brief(again))
			}
			if plan.MustMove > len(plan.Moves) || !slices.IsSortedFunc(plan.Placements, func(a, b Placement) int { return strings.Compare(a.Group, b.Group) }) {
				t.Errorf("bound %d, %d moves", plan.MustMove, len(plan.Moves))
			}
		})
	}
}
