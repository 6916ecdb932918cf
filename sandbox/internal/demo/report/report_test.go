package report_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shopset.dev/shopset/sandbox/internal/demo/report"
)

func example() *report.Report {
	r := &report.Report{}
	act := r.Begin("commit", "A commit climbs")
	act.Claim("the order is kept")
	act.Claim("nobody noticed", "c-2: 1 request failed")
	act.Figure("start", 30, "s", 45)
	act.Figure("requests", 1234, "requests", 0)
	act.Climbs = append(act.Climbs, report.Climb{Change: "1.1.0", Tiers: []report.TierTimes{
		{
			Tier: "dev", GatesPassed: 1, Pushed: 1.25, PodsReady: 4, Live: 5, Proven: 7, Recorded: true,
			Served: []report.Served{{ShopSet: "c-2", At: 4.5}},
		},
		{
			Tier: "beta-prod", GatesPassed: 7, Pushed: 8.75, Live: 9, Proven: 12, Skew: 0.5, Recorded: true,
			Served: []report.Served{{ShopSet: "a-1", At: 8.9}, {ShopSet: "b-2", At: 9.4}},
		},
		{Tier: "prod", Live: 20, Proven: 22},
	}})
	return r
}

func TestSumTakesWhatPromotionsRecorded(t *testing.T) {
	r := example()
	r.Seconds = 100
	r.Sum()
	want := []report.Figure{
		{Name: "the whole demo, without the stop of the sandbox", Value: 100, Unit: "s", Limit: 600},
		{Name: "promotions measured", Value: 2},
		{Name: "promotion overhead (gates passed to pushed), median", Value: 1, Unit: "s", Limit: 1},
		{Name: "promotion overhead, longest", Value: 1.75, Unit: "s"},
		{Name: "gates passed to live on all of the tier, median", Value: 3, Unit: "s"},
		{Name: "gates passed to live on all of the tier, longest", Value: 4, Unit: "s"},
		{Name: "pods ready to live on all of the tier, longest", Value: 1, Unit: "s", Limit: 10},
		{Name: "skew between the ShopSets of a tier, longest", Value: 0.5, Unit: "s"},
	}
	if diff := cmp.Diff(want, r.Figures, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Error(diff)
	}
	if !r.Figures[2].Over() || r.Figures[6].Over() {
		t.Error("a figure at its limit is over it, one below is not")
	}
}

func TestTables(t *testing.T) {
	r := example()
	if diff := cmp.Diff([][]string{
		{"commit", "start", "30.00 s", "< 45.00 s", "held"},
		{"commit", "requests", "1234 requests", "", ""},
	}, r.FigureRows()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]string{
		{"commit", "the order is kept", "held"},
		{"commit", "nobody noticed", "BROKEN"},
	}, r.ClaimRows()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]string{
		{"dev", "1.0 s", "1.2 s", "c-2 4.5 s", "5.0 s", "7.0 s", "0.25 s", "-", "4.0 s", "6.0 s"},
		{"beta-prod", "7.0 s", "8.8 s", "a-1 8.9 s, b-2 9.4 s", "9.0 s", "12.0 s", "1.75 s", "0.5 s", "2.0 s", "5.0 s"},
		{"prod", "-", "-", "-", "20.0 s", "22.0 s", "-", "-", "-", "-"},
	}, r.Acts[0].Climbs[0].Rows()); diff != "" {
		t.Error(diff)
	}
	if got := len(r.Broken()); got != 1 {
		t.Errorf("%d broken claims, want 1", got)
	}
}

func TestMedian(t *testing.T) {
	for name, test := range map[string]struct {
		values []float64
		want   float64
	}{
		"nothing":                       {nil, 0},
		"the middle one":                {[]float64{3, 1, 2}, 2},
		"between the two in the middle": {[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := report.Median(test.values); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestWriteKeepsEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demo-report.json")
	want := example()
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := &report.Report{}
	if err := json.Unmarshal(data, got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
