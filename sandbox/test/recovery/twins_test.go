package recovery

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTwoControllers lets two controllers that know nothing of each other work on one fleet.
func TestTwoControllers(t *testing.T) {
	const long = 30 * time.Second
	f := newFleet(t, "twins", fleetOptions{})
	first, second := newController(t, f.box), newController(t, f.box)
	first.start()
	second.start()
	commit := f.work.git("rev-parse", "HEAD")
	merged := 0
	for begun := time.Now(); time.Since(begun) < long; merged++ {
		commit = f.merge()
		time.Sleep(700 * time.Millisecond)
	}
	took := f.proven(commit)
	climbed := f.checkHistory()
	pushes := strings.Count(first.said(), `"msg":"Pushed"`)
	others := strings.Count(second.said(), `"msg":"Pushed"`)
	if pushes == 0 || others == 0 {
		t.Errorf("one controller pushed %d times and the other %d: there was no contest", pushes, others)
	}
	t.Logf("measured: %d commits merged in %s, %d releases came to the top; %d and %d pushes; the last proven %.1f s after",
		merged, long, climbed, pushes, others, took.Seconds())
	// Who of two that do not know each other says the last word on a record is a matter of luck;
	// but there is one of each release.
	records := f.promotions(false)
	for _, tier := range f.tiers {
		for _, release := range releases(t, f.system, f.branch(tier)) {
			if !slices.Contains(records, tier+" "+release) {
				t.Errorf("there is no record of %s on %s", release, tier)
			}
		}
	}
}
