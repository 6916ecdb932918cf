package report

import (
	"fmt"
	"slices"
)

// Climb is the way of one change up the ladder. All times are seconds since the change was made.
type Climb struct {
	Change string      `json:"change"`
	Tiers  []TierTimes `json:"tiers"`
}

// TierTimes is one Tier's part of a climb.
type TierTimes struct {
	Tier string `json:"tier"`
	// GatesPassed on the Tier below (at the lowest Tier: the change was noticed), Pushed into the
	// system repository, Live on all ShopSets, Proven.
	GatesPassed float64 `json:"gatesPassed"`
	Pushed      float64 `json:"pushed"`
	Live        float64 `json:"live"`
	Proven      float64 `json:"proven"`
	// PodsReady is when the last new Pod was ready, to the second; zero if there was no new Pod.
	PodsReady float64  `json:"podsReady,omitempty"`
	Served    []Served `json:"served"`
	// Skew is the time between the first and the last ShopSet.
	Skew float64 `json:"skew"`
	// Recorded says that a Promotion recorded the first three times.
	Recorded bool `json:"recorded"`
}

// Served is when a shopper first got the change from a ShopSet.
type Served struct {
	ShopSet string  `json:"shopSet"`
	At      float64 `json:"at"`
}

// Overhead is what ShopSet itself took: gates passed to pushed.
func (t TierTimes) Overhead() float64 { return t.Pushed - t.GatesPassed }

// GatesToLive is gates passed to live on all ShopSets.
func (t TierTimes) GatesToLive() float64 { return t.Live - t.GatesPassed }

// ReadyToLive is Pods ready to live, as counted from the push where no Pod was made.
func (t TierTimes) ReadyToLive() float64 { return t.Live - max(t.PodsReady, t.Pushed) }

// Took is gates passed to proven: the time that the Tier cost.
func (t TierTimes) Took() float64 { return t.Proven - t.GatesPassed }

// Header and Rows make the table of a climb.
func (Climb) Header() []string {
	return []string{"tier", "gates passed", "pushed", "first served", "live", "proven", "overhead", "skew", "gates to live", "tier took"}
}

// Rows has one row a Tier, the lowest first.
func (c Climb) Rows() [][]string {
	var rows [][]string
	for _, t := range c.Tiers {
		row := []string{t.Tier, "-", "-", servedText(t.Served), seconds(t.Live), seconds(t.Proven), "-", "-", "-", "-"}
		if t.Recorded {
			row[1], row[2] = seconds(t.GatesPassed), seconds(t.Pushed)
			row[6], row[8], row[9] = fmt.Sprintf("%.2f s", t.Overhead()), seconds(t.GatesToLive()), seconds(t.Took())
		}
		if len(t.Served) > 1 {
			row[7] = seconds(t.Skew)
		}
		rows = append(rows, row)
	}
	return rows
}

func servedText(served []Served) string {
	text := ""
	for i, s := range served {
		if i > 0 {
			text += ", "
		}
		text += s.ShopSet + " " + seconds(s.At)
	}
	if text == "" {
		return "-"
	}
	return text
}

func seconds(s float64) string { return fmt.Sprintf("%.1f s", s) }

// Median is the middle of the values, the mean of the two middle ones if their number is even;
// zero without any.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// wholeDemo is how many seconds the demo should take at most once everything is built.
const wholeDemo = 600

// Sum up what all climbs measured: the figures that have a limit.
func (r *Report) Sum() {
	var overhead, ready, gates, skew []float64
	for _, act := range r.Acts {
		for _, climb := range act.Climbs {
			for _, t := range climb.Tiers {
				if !t.Recorded {
					continue
				}
				overhead = append(overhead, t.Overhead())
				ready = append(ready, t.ReadyToLive())
				gates = append(gates, t.GatesToLive())
				if len(t.Served) > 1 {
					skew = append(skew, t.Skew)
				}
			}
		}
	}
	r.Figures = append(r.Figures, Figure{Name: "the whole demo, without the stop of the sandbox", Value: r.Seconds, Unit: "s", Limit: wholeDemo})
	if len(overhead) == 0 {
		return
	}
	r.Figures = append(r.Figures,
		Figure{Name: "promotions measured", Value: float64(len(overhead))},
		Figure{Name: "promotion overhead (gates passed to pushed), median", Value: Median(overhead), Unit: "s", Limit: 1},
		Figure{Name: "promotion overhead, longest", Value: slices.Max(overhead), Unit: "s"},
		Figure{Name: "gates passed to live on all of the tier, median", Value: Median(gates), Unit: "s"},
		Figure{Name: "gates passed to live on all of the tier, longest", Value: slices.Max(gates), Unit: "s"},
		Figure{Name: "pods ready to live on all of the tier, longest", Value: slices.Max(ready), Unit: "s", Limit: 10},
	)
	if len(skew) > 0 {
		r.Figures = append(r.Figures, Figure{Name: "skew between the ShopSets of a tier, longest", Value: slices.Max(skew), Unit: "s"})
	}
}
