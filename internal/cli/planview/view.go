package planview

import (
	"fmt"
	"strconv"

	"shopset.dev/shopset/internal/plan/placement"
)

// Rate is a load in requests per second.
type Rate float64

// RateOf makes a rate of thousandths.
func RateOf(milli int64) Rate { return Rate(milli) / 1000 }

// String writes a rate with no more digits than it has.
func (r Rate) String() string { return strconv.FormatFloat(float64(r), 'f', -1, 64) }

// Count is how much of something there is.
type Count struct {
	Groups int  `json:"groups"`
	Shops  int  `json:"shops"`
	Rate   Rate `json:"requestsPerSecond"`

	milli int64
}

// Add counts one group.
func (c *Count) Add(shops int, milli int64) {
	c.Groups++
	c.Shops += shops
	c.milli += milli
	c.Rate = RateOf(c.milli)
}

// View is a plan. Its JSON is what `-o json` prints.
type View struct {
	Summary    Summary     `json:"summary"`
	Moves      []Move      `json:"moves"`
	Switches   []Move      `json:"switches"`
	Unplaced   []Unplaced  `json:"unplaced"`
	Debts      []Debt      `json:"debts"`
	Shortages  []Shortage  `json:"shortages"`
	Headroom   []Headroom  `json:"headroom"`
	Loads      []Load      `json:"loads"`
	Placements []Placement `json:"placements"`
	Findings   []Finding   `json:"findings"`
}

// Move is a copy of a group that comes to another ShopSet, or a group that another one serves.
type Move struct {
	Group string `json:"group"`
	From  string `json:"from,omitempty"`
	To    string `json:"to"`
	Shops int    `json:"shops"`
	Rate  Rate   `json:"requestsPerSecond"`
	// Must is always false for a switch: it moves nothing.
	Must   bool   `json:"must,omitempty"`
	Reason string `json:"reason"`
}

// Unplaced is a group that nothing serves.
type Unplaced struct {
	Group  string `json:"group"`
	Shops  int    `json:"shops"`
	Rate   Rate   `json:"requestsPerSecond"`
	Reason string `json:"reason"`
}

// Debt is a group with fewer ShopSets than its class asks for.
type Debt struct {
	Unplaced

	Missing int `json:"missing"`
}

// Shortage is why a class cannot be placed as it asks.
type Shortage struct {
	Class   string `json:"class"`
	Missing Rate   `json:"missing"`
	Message string `json:"message"`
}

// Headroom is what happens in a tier if one domain dies.
type Headroom struct {
	Tier      string `json:"tier"`
	Level     string `json:"level"`
	Domain    string `json:"domain"`
	Spilled   Rate   `json:"spilled"`
	Lost      Rate   `json:"lost"`
	Shortfall Rate   `json:"shortfall"`
	Worst     string `json:"worst,omitempty"`
	Free      Rate   `json:"free"`
}

// Load is what a ShopSet serves, and what it would in the worst loss of one domain.
type Load struct {
	ShopSet     string `json:"shopSet"`
	Serving     Rate   `json:"serving"`
	Worst       Rate   `json:"worst"`
	Capacity    Rate   `json:"capacity"`
	WorstDomain string `json:"worstDomain,omitempty"`
}

// Placement is where a group shall be.
type Placement struct {
	Group    string   `json:"group"`
	ShopSets []string `json:"shopSets"`
}

// Finding is a problem of the input.
type Finding struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Field   string `json:"field,omitempty"`
	Problem string `json:"problem"`
	Next    string `json:"next,omitempty"`
}

// String tells a finding in a sentence.
func (f Finding) String() string {
	field := f.Field
	if field != "" {
		field += ": "
	}
	text := fmt.Sprintf("%s %s: %s%s", f.Kind, f.Name, field, f.Problem)
	if f.Next != "" {
		text += "; " + f.Next
	}
	return text
}

// Of makes a view of a plan and of what it was made from.
func Of(in placement.Input, plan placement.Plan) View {
	v := View{Summary: summaryOf(in, plan)}
	v.Moves = each(plan.Moves, func(m placement.Move) Move {
		return Move{m.Group, m.From, m.To, m.Shops, RateOf(m.Weight), m.Must, m.Reason}
	})
	v.Switches = each(plan.Switches, func(s placement.Switch) Move {
		return Move{s.Group, s.From, s.To, s.Shops, RateOf(s.Weight), false, s.Reason}
	})
	v.Unplaced = each(plan.Unplaced, func(u placement.Unplaced) Unplaced {
		return Unplaced{u.Group, u.Shops, RateOf(u.Weight), u.Reason}
	})
	v.Debts = each(plan.Debts, func(d placement.Debt) Debt {
		return Debt{Unplaced{d.Group, d.Shops, RateOf(d.Weight), d.Reason}, d.Missing}
	})
	v.Shortages = each(plan.Shortages, func(s placement.Shortage) Shortage {
		return Shortage{s.Class, RateOf(s.Missing), s.Message}
	})
	v.Headroom = HeadroomOf(plan)
	v.Loads = each(plan.Loads, func(l placement.Load) Load {
		return Load{l.ShopSet, RateOf(l.Serving), RateOf(l.Worst), RateOf(l.Capacity), l.WorstDomain}
	})
	v.Placements = each(plan.Placements, func(p placement.Placement) Placement {
		return Placement{p.Group, append([]string{}, p.ShopSets...)}
	})
	v.Findings = each(plan.Findings, func(f placement.Finding) Finding { return Finding(f) })
	return v
}

// HeadroomOf is the headroom of a plan.
func HeadroomOf(plan placement.Plan) []Headroom {
	return each(plan.Headroom, func(h placement.Headroom) Headroom {
		return Headroom{h.Tier, h.Level, h.Domain, RateOf(h.Spilled), RateOf(h.Lost), RateOf(h.Shortfall), h.Worst, RateOf(h.Free)}
	})
}

// each makes one list of another; it is never nil, so that JSON has [] and not null.
func each[A, B any](from []A, make func(A) B) []B {
	out := []B{}
	for _, a := range from {
		out = append(out, make(a))
	}
	return out
}
