package demo

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/sandbox/internal/demo/ladder"
)

func TestChosen(t *testing.T) {
	for name, test := range map[string]struct {
		names []string
		want  []string
		fails bool
	}{
		"all of them unless some are named": {nil, append([]string{"install", "first"}, Acts()...), false},
		"the opening is always played":      {[]string{"bad"}, []string{"install", "first", "bad"}, false},
		"the order is that of the play":     {[]string{"dies", "hand", "commit"}, []string{"install", "first", "commit", "hand", "dies"}, false},
		"an act that there is not":          {[]string{"commit", "encore"}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			acts, err := chosen(test.names)
			var got []string
			for _, a := range acts {
				got = append(got, a.name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" || (err != nil) != test.fails {
				t.Errorf("error %v; %s", err, diff)
			}
		})
	}
}

func TestProvenOn(t *testing.T) {
	ours := v1alpha1.Release{Apps: "a", Configurations: "c", Platform: "p"}
	other := v1alpha1.Release{Apps: "a", Configurations: "d", Platform: "p"}
	c := change{runs: func(r v1alpha1.Release) bool { return r == ours }}
	for name, test := range map[string]struct {
		status v1alpha1.TierStatus
		want   bool
	}{
		"it runs and is proven": {
			v1alpha1.TierStatus{Phase: v1alpha1.TierProven, Release: &ours, Proven: &v1alpha1.ProvenRelease{Release: ours}}, true,
		},
		"it runs and still soaks": {
			v1alpha1.TierStatus{Phase: v1alpha1.TierSoaking, Release: &ours, Proven: &v1alpha1.ProvenRelease{Release: other}}, false,
		},
		"what is proven is the release before": {
			v1alpha1.TierStatus{Phase: v1alpha1.TierProven, Release: &ours, Proven: &v1alpha1.ProvenRelease{Release: other}}, false,
		},
		"another release runs": {
			v1alpha1.TierStatus{Phase: v1alpha1.TierProven, Release: &other, Proven: &v1alpha1.ProvenRelease{Release: other}}, false,
		},
		"nothing runs": {v1alpha1.TierStatus{Phase: v1alpha1.TierEmpty}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.provenOn(&v1alpha1.Tier{Status: test.status}); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// The files are what people copy, so they are read as strictly as can be, and amount to the
// order that they promise.
func TestTheFleetOfTheExamples(t *testing.T) {
	files, err := filepath.Glob("../../../examples/fleet/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	levels, tierOf := map[string]int32{}, map[string]string{}
	known := map[string]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for document := range bytes.SplitSeq(data, []byte("---\n")) {
			if len(bytes.TrimSpace(document)) == 0 {
				continue
			}
			var kind struct{ Kind string }
			if err := yaml.Unmarshal(document, &kind); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			read := func(object any) {
				if err := yaml.UnmarshalStrict(document, object); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
			refer := func(kind, name string) {
				if name != "" && !known[kind+"/"+name] {
					t.Errorf("%s: %s %s is not in the files before", file, kind, name)
				}
			}
			switch kind.Kind {
			case "Tier":
				var o v1alpha1.Tier
				read(&o)
				levels[o.Name], known["Tier/"+o.Name] = o.Spec.Level, true
			case "Configuration":
				var o v1alpha1.Configuration
				read(&o)
				known["Configuration/"+o.Name] = true
			case "FailureDomain":
				var o v1alpha1.FailureDomain
				read(&o)
				refer("FailureDomain", o.Spec.Parent)
				known["FailureDomain/"+o.Name] = true
			case "WorkloadCluster":
				var o v1alpha1.WorkloadCluster
				read(&o)
				refer("FailureDomain", o.Spec.FailureDomain)
				known["WorkloadCluster/"+o.Name] = true
			case "ShopSet":
				var o v1alpha1.ShopSet
				read(&o)
				refer("Tier", o.Spec.Tier)
				refer("Configuration", o.Spec.Configuration)
				refer("WorkloadCluster", o.Spec.Cluster)
				tierOf[o.Name] = o.Spec.Tier
			case "ShopClass":
				var o v1alpha1.ShopClass
				read(&o)
				refer("Tier", o.Spec.Tier)
				known["ShopClass/"+o.Name] = true
			case "Shop":
				var o v1alpha1.Shop
				read(&o)
				refer("ShopClass", o.Spec.Class)
			case "Fleet":
				read(&v1alpha1.Fleet{})
			case "Application":
			default:
				t.Errorf("%s: kind %q", file, kind.Kind)
			}
		}
	}
	if got := ladderOf(levels, tierOf).String(); got != talkOrder {
		t.Errorf("the order is %s, want %s", got, talkOrder)
	}
}

func ladderOf(levels map[string]int32, tierOf map[string]string) ladder.Ladder {
	out := make(ladder.Ladder, len(levels))
	for tier, level := range levels {
		out[level].Tier = tier
		for shopSet, its := range tierOf {
			if its == tier {
				out[level].ShopSets = append(out[level].ShopSets, shopSet)
			}
		}
		slices.SortFunc(out[level].ShopSets, strings.Compare)
	}
	return out
}
