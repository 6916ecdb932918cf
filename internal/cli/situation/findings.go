package situation

import (
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/plan/convention"
)

// mostFindings bounds how many broken rules are told.
const mostFindings = 20

// tell writes the rules that the objects break. They do not end the verb: what is broken is left
// out of the plan, as it would be in the fleet.
func (s *Situation) tell(streams output.Streams) {
	all := append(convention.Findings(s.Objects), s.Shops.Findings...)
	told := map[string]bool{}
	for _, f := range all {
		if told[f.Message] {
			continue
		}
		told[f.Message] = true
		if len(told) <= mostFindings {
			streams.Note("%s", f.Message)
		}
	}
	if more := len(told) - mostFindings; more > 0 {
		streams.Note("… and %d more", more)
	}
}
