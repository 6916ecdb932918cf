// Package ladder judges the order of a climb: whether every ShopSet got a change only after all
// ShopSets of the Tier below had it and that Tier had proven it. It is pure.
package ladder

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rung is a Tier with its ShopSets, sorted.
type Rung struct {
	Tier     string
	ShopSets []string
}

// Ladder holds the rungs from the lowest up.
type Ladder []Rung

// Climb is when one change arrived.
type Climb struct {
	// Served is when each ShopSet first served it.
	Served map[string]time.Time
	// Proven is when each Tier had proven it.
	Proven map[string]time.Time
}

// String writes the order of the ShopSets: "c-2; c-1; a-1 with b-2".
func (l Ladder) String() string {
	groups := make([]string, len(l))
	for i, rung := range l {
		groups[i] = strings.Join(rung.ShopSets, " with ")
	}
	return strings.Join(groups, "; ")
}

// ShopSets lists all, the lowest Tier's first.
func (l Ladder) ShopSets() []string {
	var all []string
	for _, rung := range l {
		all = append(all, rung.ShopSets...)
	}
	return all
}

// Violations tells where a climb was out of order, or was not seen to be in order; nothing if
// all is well. Things that happen at the same moment are out of order.
func (l Ladder) Violations(c Climb) []string {
	var found []string
	for i, rung := range l {
		for _, shopSet := range rung.ShopSets {
			at, ok := c.Served[shopSet]
			if !ok {
				found = append(found, fmt.Sprintf("%s (tier %s) was never seen to serve it", shopSet, rung.Tier))
				continue
			}
			if i > 0 {
				found = append(found, early(shopSet, at, l[i-1], c)...)
			}
		}
	}
	return found
}

// early tells what of the rung below a ShopSet did not wait for.
func early(shopSet string, at time.Time, below Rung, c Climb) []string {
	var found []string
	for _, lower := range below.ShopSets {
		if served, ok := c.Served[lower]; ok && !served.Before(at) {
			found = append(found, fmt.Sprintf("%s served it %.1f s before %s of tier %s below did",
				shopSet, served.Sub(at).Seconds(), lower, below.Tier))
		}
	}
	proven, ok := c.Proven[below.Tier]
	switch {
	case !ok:
		found = append(found, fmt.Sprintf("%s served it although tier %s below has not proven it", shopSet, below.Tier))
	case !proven.Before(at):
		found = append(found, fmt.Sprintf("%s served it %.1f s before tier %s below had proven it",
			shopSet, proven.Sub(at).Seconds(), below.Tier))
	}
	return found
}

// Skew is the time between the first and the last ShopSet of a rung, zero if one is missing.
func (r Rung) Skew(served map[string]time.Time) time.Duration {
	var times []time.Time
	for _, shopSet := range r.ShopSets {
		at, ok := served[shopSet]
		if !ok {
			return 0
		}
		times = append(times, at)
	}
	if len(times) == 0 {
		return 0
	}
	return slices.MaxFunc(times, time.Time.Compare).Sub(slices.MinFunc(times, time.Time.Compare))
}
