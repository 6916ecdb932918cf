package load_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/sandbox/internal/demo/load"
)

func at(millis int) time.Time {
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(millis) * time.Millisecond)
}

// visit begins at a time and takes some time, both in milliseconds.
func visit(shop, kind, method string, start, took int, lost string) load.Visit {
	return load.Visit{
		Shop: shop, Kind: kind, Method: method, Start: at(start), Took: time.Duration(took) * time.Millisecond, Lost: lost,
	}
}

func story() load.Visits {
	return load.Visits{
		visit("hoge", "redundant", "GET", 0, 10, ""),
		visit("fuga", "single", "GET", 100, 20, ""),
		visit("hoge", "redundant", "POST", 190, 30, "status 502 Bad Gateway"),
		visit("fuga", "single", "GET", 300, 1000, "no answer in time"),
		visit("hoge", "redundant", "GET", 400, 30, ""),
		visit("fuga", "single", "HEAD", 1400, 10, "status 503 Back in a moment"),
		visit("fuga", "single", "GET", 1350, 800, ""), // it came back late, and began before the last loss
		visit("fuga", "single", "GET", 2000, 20, ""),
		visit("hoge", "redundant", "GET", 2400, 20, ""),
	}
}

func TestRowsCountByKindAndMethod(t *testing.T) {
	want := []load.Row{
		{Kind: "redundant", Method: "GET", Sent: 3, Answered: 3, P50: 20, P99: 30, Max: 30},
		{Kind: "redundant", Method: "POST", Sent: 1, Lost: 1},
		{Kind: "single", Method: "GET", Sent: 4, Answered: 3, Lost: 1, P50: 20, P99: 800, Max: 800},
		{Kind: "single", Method: "HEAD", Sent: 1, Lost: 1},
	}
	got := story().Rows()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if cells := got[2].Cells(); len(cells) != len(load.Header()) || cells[7] != "800.0 ms" {
		t.Errorf("the row is %q below %q", cells, load.Header())
	}
	if rows := (load.Visits{}).Rows(); len(rows) != 0 {
		t.Errorf("no visits make the rows %v", rows)
	}
}

func TestOutagesEndWithAnAnswerToALaterRequest(t *testing.T) {
	want := []load.Outage{
		{Shop: "fuga", First: at(300), Back: at(2020)},
		{Shop: "hoge", First: at(190), Back: at(430)},
	}
	if diff := cmp.Diff(want, story().Outages()); diff != "" {
		t.Error(diff)
	}
	for _, outage := range story()[:4].Outages() {
		if !outage.Back.IsZero() {
			t.Errorf("%s is said to be back at %v, and nobody saw it", outage.Shop, outage.Back)
		}
	}
}

func TestGapIsTheLongestTimeWithoutAnAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		from, to int
		shop     string
		longest  time.Duration
	}{
		"between two answers":           {0, 2500, "fuga", 2030 * time.Millisecond},
		"from the last to the end":      {0, 9000, "fuga", 6850 * time.Millisecond},
		"from the beginning, if longer": {-5000, 2500, "fuga", 5120 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			visits := append(story()[:7], story()[8])
			shop, longest := visits.Gap(at(test.from), at(test.to))
			if longest != test.longest || shop != test.shop {
				t.Errorf("got %s, %v; want %s, %v", shop, longest, test.shop, test.longest)
			}
		})
	}
	if shop, longest := (load.Visits{}).Gap(at(0), at(1000)); shop != "" || longest != 0 {
		t.Errorf("no shop gives %q, %v", shop, longest)
	}
}

func TestSelections(t *testing.T) {
	all := story()
	if got := all.Of("single", "GET").Lost(); len(got) != 1 || got[0].Lost != "no answer in time" {
		t.Errorf("lost GETs of single shops: %v", got)
	}
	if got := all.InFlight(at(200), at(210)); len(got) != 1 || got[0].Method != "POST" {
		t.Errorf("in flight from 200 to 210 ms: %v", got)
	}
	if got := all.Of("redundant").Slowest(); got != 30*time.Millisecond {
		t.Errorf("the slowest answer took %v: what is lost is none", got)
	}
	if got := (load.Visits{}).Quantile(0.99); got != 0 {
		t.Errorf("the quantile of nothing is %v", got)
	}
	want := []load.Reason{{"no answer in time", 1}, {"status 502 Bad Gateway", 1}, {"status 503 Back in a moment", 1}}
	if diff := cmp.Diff(want, all.Reasons()); diff != "" {
		t.Error(diff)
	}
}
