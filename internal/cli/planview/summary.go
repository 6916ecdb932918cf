package planview

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"shopset.dev/shopset/internal/plan/placement"
)

// Summary is a plan in a few numbers.
type Summary struct {
	Count

	ShopSets int `json:"shopSets"`
	// Moves are copies that come to another ShopSet; MustMove is the fewest that any plan moves.
	Moves        int  `json:"moves"`
	MovesRate    Rate `json:"movesRequestsPerSecond"`
	MustMove     int  `json:"mustMove"`
	MustMoveRate Rate `json:"mustMoveRequestsPerSecond"`
	Switches     int  `json:"switches"`
	Unplaced     int  `json:"unplaced"`
	InDebt       int  `json:"inDebt"`
	// Shortfall is the greatest by which the survivors of one domain's loss would lack capacity.
	Shortfall Rate `json:"shortfall"`
	// Single is the greatest load that would be lost with one domain because it has no second place.
	Single Rate   `json:"withoutSecondPlace"`
	Frozen string `json:"frozen,omitempty"`
	Tiers  []Tier `json:"tiers"`
}

// Tier is how full the ShopSets of a tier are.
type Tier struct {
	Tier     string `json:"tier"`
	ShopSets int    `json:"shopSets"`
	Serving  Rate   `json:"serving"`
	Capacity Rate   `json:"capacity"`
	// Mean is serving by capacity, Fullest the ShopSet of which that is greatest, and OverMean how
	// much fuller than the mean it is; all three in percent.
	Mean     float64 `json:"meanPercent"`
	Fullest  string  `json:"fullest,omitempty"`
	Fill     float64 `json:"fullestPercent"`
	OverMean float64 `json:"fullestOverMeanPercent"`

	serving, capacity int64
}

func summaryOf(in placement.Input, plan placement.Plan) Summary {
	s := Summary{ShopSets: len(in.ShopSets), Moves: len(plan.Moves), MustMove: plan.MustMove, MustMoveRate: RateOf(plan.MustMoveWeight),
		Switches: len(plan.Switches), Unplaced: len(plan.Unplaced), InDebt: len(plan.Debts), Frozen: plan.Frozen}
	var moved int64
	for i := range in.Groups {
		s.Add(in.Groups[i].Shops, in.Groups[i].Weight)
	}
	for i := range plan.Moves {
		moved += plan.Moves[i].Weight
	}
	for i := range plan.Headroom {
		s.Shortfall = max(s.Shortfall, RateOf(plan.Headroom[i].Shortfall))
		s.Single = max(s.Single, RateOf(plan.Headroom[i].Lost))
	}
	s.MovesRate, s.Tiers = RateOf(moved), tiersOf(in, plan)
	return s
}

func tiersOf(in placement.Input, plan placement.Plan) []Tier {
	serving := map[string]int64{}
	for _, l := range plan.Loads {
		serving[l.ShopSet] = l.Serving
	}
	tiers := map[string]*Tier{}
	for _, s := range in.ShopSets {
		if s.Dedicated || s.Capacity <= 0 || s.State == placement.Draining || s.State == placement.Down {
			continue
		}
		t := tiers[s.Tier]
		if t == nil {
			t = &Tier{Tier: s.Tier}
			tiers[s.Tier] = t
		}
		t.ShopSets++
		t.serving += serving[s.Name]
		t.capacity += s.Capacity
		fill := 100 * float64(serving[s.Name]) / float64(s.Capacity)
		if fill > t.Fill || t.Fullest == "" || fill == t.Fill && s.Name < t.Fullest {
			t.Fill, t.Fullest = fill, s.Name
		}
	}
	out := []Tier{}
	for _, name := range slices.Sorted(maps.Keys(tiers)) {
		t := tiers[name]
		t.Serving, t.Capacity = RateOf(t.serving), RateOf(t.capacity)
		mean := 100 * float64(t.serving) / float64(t.capacity)
		if mean > 0 {
			t.OverMean = rounded(100 * (t.Fill/mean - 1))
		}
		t.Mean, t.Fill = rounded(mean), rounded(t.Fill)
		out = append(out, *t)
	}
	return out
}

// rounded leaves two digits of a percentage.
func rounded(p float64) float64 { return math.Round(p*100) / 100 }

// Lines tells the summary in sentences.
func (s Summary) Lines() []string {
	out := []string{fmt.Sprintf("%s (%s) on %s, %s requests/s", plural(s.Groups, "group"), plural(s.Shops, "shop"), plural(s.ShopSets, "ShopSet"), s.Rate)}
	if s.Frozen != "" {
		out = append(out, "nothing is moved: "+s.Frozen)
	}
	moves := fmt.Sprintf("%s of %s requests/s (%d of %s requests/s must)", plural(s.Moves, "move"), s.MovesRate, s.MustMove, s.MustMoveRate)
	if s.Switches > 0 {
		moves += ", " + plural(s.Switches, "switch")
	}
	out = append(out, moves)
	if s.Unplaced > 0 {
		out = append(out, fmt.Sprintf("%s without any ShopSet", plural(s.Unplaced, "group")))
	}
	if s.InDebt > 0 {
		out = append(out, fmt.Sprintf("%s with less redundancy than asked for", plural(s.InDebt, "group")))
	}
	headroom := "whatever single domain dies, the others can take its load"
	if s.Single > 0 {
		headroom += fmt.Sprintf(", but for up to %s requests/s that have no second place", s.Single)
	}
	if s.Shortfall > 0 {
		headroom = fmt.Sprintf("headroom is short by %s requests/s in the worst loss of one domain", s.Shortfall)
	}
	return append(out, headroom)
}

// plural counts things.
func plural(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case what[len(what)-1] == 'h':
		what += "e"
	}
	return fmt.Sprintf("%d %ss", n, what)
}
