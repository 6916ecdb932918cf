package release

import (
	"cmp"
	"slices"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
)

// Decide makes the plan for all tiers.
func Decide(in Input) Plan {
	tiers := slices.Clone(in.Tiers)
	slices.SortFunc(tiers, func(a, b Tier) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Name, b.Name))
	})
	var p Plan
	for i := range tiers {
		v, again := judge(&tiers[i], in.Now)
		p.again(in.Now, again)
		p.Verdicts = append(p.Verdicts, v)
		checkOrder(tiers, i, &p.Verdicts[i])
		tiers[i].Proven = p.Verdicts[i].Proven
		var a answer
		if i == 0 {
			a = enterLowest(&tiers[0], p.Verdicts[0], in.Target, in.Now)
		} else {
			a = enterAbove(&tiers[i-1], &tiers[i], p.Verdicts[i], in.Now)
		}
		p.take(in.Now, i, a)
	}
	return p
}

// checkOrder marks a tier whose release the tier below never ran; such a release goes no higher.
func checkOrder(tiers []Tier, i int, v *Verdict) {
	if i == 0 || tiers[i].Blocked != "" || tiers[i-1].Blocked != "" {
		return
	}
	if v.Violation = violation(tiers, i); v.Violation != "" {
		if cur := tiers[i].Current(); v.Proven != nil && v.Proven.Same(cur.Release) {
			v.Proven = nil
		}
		v.Reason = v.Violation
		return
	}
	v.Violation = StrayHead(&tiers[i-1], &tiers[i])
	if v.Violation != "" && v.Phase == v1alpha1.TierProven {
		v.Reason = v.Violation
	}
}

func (p *Plan) take(now time.Time, i int, a answer) {
	v := &p.Verdicts[i]
	v.Queued = a.queued
	p.again(now, a.again)
	p.Refuse = append(p.Refuse, a.refuse...)
	if a.entry != nil {
		p.Enter = append(p.Enter, *a.entry)
		return
	}
	if a.reason != "" && v.Violation == "" && (v.Phase == v1alpha1.TierProven || v.Phase == v1alpha1.TierEmpty) {
		v.Reason = a.reason
	}
}

func (p *Plan) again(now, at time.Time) {
	if at.After(now) && (p.Again.IsZero() || at.Before(p.Again)) {
		p.Again = at
	}
}
