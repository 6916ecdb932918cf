package demo

import (
	"fmt"
	"strings"
	"time"

	"shopset.dev/shopset/sandbox/internal/demo/shopper"
)

// maxShown is how many failures of a ShopSet are shown.
const maxShown = 5

// claimUntouched counts the requests to ShopSets that a change does not touch, and claims that all
// were answered: nothing excuses one that was not.
func (d *demo) claimUntouched(since time.Time, before map[string]shopper.Tally, shopSets []string, claim string) {
	sum, against := d.tally(since, before, shopSets)
	d.claim(fmt.Sprintf("%s: %d requests to %s, all answered", claim, sum.Requests, strings.Join(shopSets, ", ")), against...)
}

// noteUpdated counts the requests to ShopSets while they are updated. All should be answered, but
// on a machine that is too busy a Pod may end before others have heard that it does.
func (d *demo) noteUpdated(since time.Time, before map[string]shopper.Tally, shopSets []string) {
	sum, against := d.tally(since, before, shopSets)
	d.out.Event("%d requests meanwhile to the ShopSets that were updated, %d without a good answer", sum.Requests, sum.Failed)
	if len(against) > 0 {
		d.out.Lines(strings.Join(against, "\n"))
	}
	d.act.Figure("requests to ShopSets during their update", float64(sum.Requests), "requests", 0)
	d.act.Figure("of these without a good answer", float64(sum.Failed), "requests", 1)
}

// tally counts the requests to some ShopSets since an earlier count, and tells of those that had
// no good answer.
func (d *demo) tally(since time.Time, before map[string]shopper.Tally, shopSets []string) (sum shopper.Tally, against []string) {
	now := d.crowd.Tallies()
	for _, name := range shopSets {
		tally := now[name].Less(before[name])
		sum = sum.Add(tally)
		if tally.Failed == 0 {
			continue
		}
		lines := []string{fmt.Sprintf("%s: %d of %d requests had no good answer", name, tally.Failed, tally.Requests)}
		failures := d.crowd.Failures(name, since)
		for _, failure := range failures[:min(len(failures), maxShown)] {
			lines = append(lines, fmt.Sprintf("  %s  %s", failure.At.Format("15:04:05.0"), failure.Why))
		}
		against = append(against, strings.Join(lines, "\n"))
	}
	return sum, against
}
