package release

import (
	"testing"
	"time"
)

func TestAscents(t *testing.T) {
	at := func(hours int, apps string) Tenure {
		return Tenure{Release: rel(apps), Entered: noon.Add(time.Duration(hours) * time.Hour)}
	}
	history := func(name string, newestFirst ...Tenure) Tier { return Tier{Name: name, History: newestFirst} }
	merged := at(3, "f")
	merged.AppsTree = rel("b").AppsTree
	otherConfigurations := at(3, "b")
	otherConfigurations.Configurations = "never seen"
	type row struct {
		below         string
		before, after bool
	}
	tests := map[string]struct {
		tiers []Tier
		want  []row // of the highest tier, newest first
	}{
		"a clean climb": {
			[]Tier{history("dev", at(2, "b"), at(0, "a")), history("prod", at(3, "b"), at(1, "a"))},
			[]row{{"dev", true, false}, {"dev", true, false}}},
		"in the same second counts as in order": {
			[]Tier{history("dev", at(0, "a")), history("prod", at(0, "a"))}, []row{{"dev", true, false}}},
		"an equal tree counts as the commit": {
			[]Tier{history("dev", at(2, "b")), history("prod", merged)}, []row{{"dev", true, false}}},
		"the tier below caught up only later": {
			[]Tier{history("dev", at(5, "b"), at(0, "a")), history("prod", at(3, "b"))}, []row{{"dev", false, true}}},
		"the tier below never ran it": {
			[]Tier{history("dev", at(0, "a")), history("beta", at(0, "a")), history("prod", at(3, "b"))}, []row{{"beta", false, false}}},
		"the same apps with configurations that were never below": {
			[]Tier{history("dev", at(2, "b")), history("prod", otherConfigurations)}, []row{{"dev", false, false}}},
		"a tier created later is passed over, for what came before it": {
			[]Tier{history("dev", at(2, "b"), at(0, "a")), history("new", at(2, "b")), history("prod", at(3, "b"), at(1, "a"))},
			[]row{{"new", true, false}, {"dev", true, false}}},
		"nothing was below then": {
			[]Tier{history("new", at(2, "a")), history("prod", at(1, "a"))}, []row{{"", false, false}}},
		"a way back is a way that was gone before": {
			[]Tier{history("dev", at(2, "b"), at(0, "a")), history("prod", at(4, "a"), at(3, "b"), at(1, "a"))},
			[]row{{"dev", true, false}, {"dev", true, false}, {"dev", true, false}}},
		"the lowest tier has nothing below it": {[]Tier{history("dev", at(0, "a"))}, []row{{"", false, false}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := Ascents(tc.tiers, len(tc.tiers)-1)
			if len(got) != len(tc.want) {
				t.Fatalf("%d tenures, want %d", len(got), len(tc.want))
			}
			for n, a := range got {
				r := row{before: a.Before != nil, after: a.After != nil}
				if a.Below != nil {
					r.below = a.Below.Name
				}
				if r != tc.want[n] || a.Skipped() != (r.below != "" && !r.before) {
					t.Errorf("tenure %d: got %+v, want %+v (skipped: %v)", n, r, tc.want[n], a.Skipped())
				}
			}
		})
	}
}
