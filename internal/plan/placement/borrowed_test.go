package placement

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Cases that hurt elsewhere, told in the words of this package.

// Fifteen groups once went to a cluster that fits ten, while five places stood empty elsewhere.
func TestEveryPlaceIsUsedBeforeAnythingIsRefused(t *testing.T) {
	s := story{sets: []string{"a-1 a 10", "b-1 b 3", "c-1 c 2"}}
	for i := range 15 {
		s.groups = append(s.groups, fmt.Sprintf("g%02d one 1 -", i))
	}
	plan := Make(s.input(t))
	if len(plan.Unplaced) > 0 || len(plan.Moves) != 15 {
		t.Fatalf("%v", brief(plan))
	}
	for _, l := range plan.Loads {
		if l.Serving != l.Capacity {
			t.Errorf("%s serves %d of %d", l.ShopSet, l.Serving, l.Capacity)
		}
	}
}

// A region that fits has to be found even where the region with the most room does not have enough
// clusters: two copies, in two regions, and only one cluster of each is left.
func TestCopiesFindTheRegionsThatFit(t *testing.T) {
	s := story{
		classes:  []Class{{Name: "two", Tier: "prod", Copies: 2, Spread: []Spread{{Level: "region", Required: true}, {Level: "cluster", Required: true}}}},
		domains:  []string{"asia region", "europe region", "america region"},
		clusters: []string{"a asia", "b asia", "c europe", "d america"},
		sets:     []string{"a-1 a 1000", "b-1 b 1000", "c-1 c 10 Cordoned", "d-1 d 100"}, groups: []string{"g1 two 40 -", "g2 two 40 a-1,b-1"},
	}
	plan := Make(s.input(t))
	if len(plan.Debts)+len(plan.Unplaced) > 0 || len(plan.Moves) != 3 {
		t.Fatalf("%v", brief(plan))
	}
	for _, p := range plan.Placements {
		if !slices.Contains(p.ShopSets, "d-1") {
			t.Errorf("%s is on %v", p.Group, p.ShopSets)
		}
	}
}

// A rack comes back: exactly what was displaced from it returns, 16 copies, and the other ten that
// would make the counts even stay.
func TestARackReturnsWithSixteenMoves(t *testing.T) {
	s := story{sets: []string{"a-1 a 1000", "b-1 b 1000", "c-1 c 1000"}}
	for i := range 16 {
		s.groups = append(s.groups, fmt.Sprintf("home-%02d one 10 %s home=c-1", i, []string{"a-1", "b-1"}[i%2]))
	}
	for i := range 40 {
		s.groups = append(s.groups, fmt.Sprintf("stays-%02d one 10 %s", i, []string{"a-1", "b-1"}[i%2]))
	}
	plan := Make(s.input(t))
	if len(plan.Moves) != 16 || plan.MustMove != 16 || len(plan.Switches) > 0 {
		t.Fatalf("%d moves, %d must be: %v", len(plan.Moves), plan.MustMove, brief(plan))
	}
	for _, m := range plan.Moves {
		if !strings.HasPrefix(m.Group, "home-") || m.To != "c-1" {
			t.Errorf("%+v", m)
		}
	}
}

// Any one of four regions may be lost: what is served there fits into what the others have left, to
// the last request.
func TestTheLossOfAnyRegionFits(t *testing.T) {
	s := story{sets: []string{"a-1 a 120", "b-1 b 120", "c-1 c 120", "d-1 d 120"}}
	for i := range 36 {
		s.groups = append(s.groups, fmt.Sprintf("g%02d two 10 -", i))
	}
	plan := Make(s.input(t))
	if len(plan.Headroom) != 4 {
		t.Fatalf("%+v", plan.Headroom)
	}
	for _, h := range plan.Headroom {
		if h.Spilled != 90 || h.Lost != 0 || h.Shortfall != 0 || h.Free != 0 {
			t.Errorf("%+v", h)
		}
	}
}

// The load of one ShopSet spills over many partners and not over one.
func TestTheLoadOfOneSpillsOverMany(t *testing.T) {
	var s story
	for i := range 10 {
		s.sets = append(s.sets, fmt.Sprintf("s-%d c%d 1000", i, i))
	}
	for i := range 180 {
		s.groups = append(s.groups, fmt.Sprintf("g%03d two 10 -", i))
	}
	partners := map[string]map[string]bool{}
	for _, p := range Make(s.input(t)).Placements {
		if partners[p.ShopSets[0]] == nil {
			partners[p.ShopSets[0]] = map[string]bool{}
		}
		partners[p.ShopSets[0]][p.ShopSets[1]] = true
	}
	for name, others := range partners {
		if len(others) < 8 {
			t.Errorf("%s has %d partners of 9", name, len(others))
		}
	}
}

// A drain must not lose what a person asked for: the group avoids one domain and spreads over sites.
func TestADrainKeepsWhatWasAskedFor(t *testing.T) {
	s := story{
		classes:  []Class{{Name: "two", Tier: "prod", Copies: 2, Spread: []Spread{{Level: "site", Required: true}}}},
		domains:  []string{"east site", "west site", "south site", "north site"},
		clusters: []string{"a east", "b west", "c south", "d north", "e west"},
		sets:     []string{"a-1 a 100 Draining", "b-1 b 100", "c-1 c 100", "d-1 d 100", "e-1 e 100"},
		groups:   []string{"g1 two 40 a-1,b-1 avoid=south"},
	}
	plan := Make(s.input(t))
	if len(plan.Moves) != 1 || plan.Moves[0].To != "d-1" {
		t.Fatalf("%v", brief(plan))
	}
}

// A preferred level is met where that is free, and does not stand in the way where it is not.
func TestAPreferredLevelIsAWish(t *testing.T) {
	s := story{
		classes:  []Class{{Name: "two", Tier: "prod", Copies: 2, Spread: []Spread{{Level: "site"}}}},
		domains:  []string{"east site", "west site"},
		clusters: []string{"a east", "b east", "c west"},
		sets:     []string{"a-1 a 100", "b-1 b 100", "c-1 c 100"},
		groups:   []string{"g1 two 30 a-1", "g2 two 30 a-1,b-1"},
	}
	in := s.input(t)
	plan := Make(in)
	if got := plan.Placements[0].ShopSets; got[1] != "c-1" {
		t.Errorf("g1 is on %v", got)
	}
	if got := plan.Placements[1].ShopSets; got[1] != "b-1" {
		t.Errorf("g2 moved for a wish: %v", got)
	}
	in.ShopSets[2].State = Down
	if plan = Make(in); plan.Placements[0].ShopSets[1] != "b-1" || len(plan.Debts) > 0 {
		t.Errorf("%v", brief(plan))
	}
}

// One more ShopSet is filled when a rebalance is asked for, and left empty when not.
func TestOneMoreShopSet(t *testing.T) {
	s := story{sets: []string{"a-1 a 1000", "b-1 b 1000", "c-1 c 1000"}}
	for i := range 40 {
		s.groups = append(s.groups, fmt.Sprintf("g%02d two 20 %s", i, []string{"a-1,b-1", "b-1,a-1"}[i%2]))
	}
	in := s.input(t)
	if plan := Make(in); len(plan.Moves)+len(plan.Switches) > 0 {
		t.Errorf("%v", brief(plan))
	}
	in.Rebalance = true
	plan := Make(in)
	for _, l := range plan.Loads {
		if l.Serving < 240 || l.Serving > 280 {
			t.Errorf("%s serves %d, the mean is 267", l.ShopSet, l.Serving)
		}
	}
	if len(plan.Moves) != 13 || plan.MustMove != 0 || plan.Moves[0].Reason != "evens out the load" {
		t.Errorf("%d moves: %v", len(plan.Moves), brief(plan))
	}
}
