package impact

import (
	"slices"

	"shopset.dev/shopset/internal/cli/planview"
	"shopset.dev/shopset/internal/plan/placement"
)

// Step is one step of a drain.
type Step struct {
	planview.Count

	// Shortfall is by how much the survivors would be above their capacity after this step, in the
	// worst loss of one domain, and At that domain.
	Shortfall planview.Rate `json:"shortfall"`
	At        string        `json:"at,omitempty"`
}

// usualStep is StepPercent of a ClusterMaintenance that does not say otherwise.
const usualStep = 25

// stepsOf takes a plan apart as a drain does, and looks at the headroom after each step.
func stepsOf(in placement.Input, plan placement.Plan, percent int) []Step {
	if percent <= 0 {
		percent = usualStep
	}
	index := make(map[string]int, len(in.Groups))
	for i := range in.Groups {
		index[in.Groups[i].Name] = i
	}
	goal := make(map[string][]string, len(plan.Placements))
	for _, p := range plan.Placements {
		goal[p.Group] = p.ShopSets
	}
	in.Groups = slices.Clone(in.Groups)
	in.Freeze = "as it is after a step"
	out := []Step{}
	for _, names := range placement.Steps(in, plan, percent) {
		var s Step
		for _, name := range names {
			g := &in.Groups[index[name]]
			g.Current = goal[name]
			s.Add(g.Shops, g.Weight)
		}
		for _, h := range placement.Make(in).Headroom {
			if r := planview.RateOf(h.Shortfall); r > s.Shortfall {
				s.Shortfall, s.At = r, h.Domain
			}
		}
		out = append(out, s)
	}
	return out
}
