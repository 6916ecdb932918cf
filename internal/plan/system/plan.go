package system

import (
	"cmp"
	"fmt"
	"slices"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/render"
)

// planner carries the input and what is derived from it once.
type planner struct {
	in     Input
	faulty map[string]bool // "Kind/name" of objects with findings
	tiers  []v1alpha1.Tier // those that take part, lowest first
	plan   Plan
	// lowest is the outcome of rendering configurations/ and platform/ of the lowest tier.
	lowest render.Merged
}

// Make makes the plan.
func Make(in Input) (Plan, error) {
	p, err := begin(in)
	switch {
	case err != nil:
		return Plan{}, err
	case len(p.tiers) == 0:
		return p.plan, nil
	}
	p.plan.Release = release.Decide(p.releaseInput())
	for i := range p.tiers {
		if err := p.tierCommit(i); err != nil {
			return Plan{}, fmt.Errorf("planning tier %q: %w", p.tiers[i].Name, err)
		}
	}
	if err := p.mainCommit(); err != nil {
		return Plan{}, fmt.Errorf("planning branch %s: %w", render.MainBranch, err)
	}
	p.gone()
	p.unmanaged()
	return p.plan, nil
}

// begin finds out what does not depend on any tier: findings, ladder, and what the lowest tier
// shall run.
func begin(in Input) (*planner, error) {
	p := &planner{in: in, faulty: map[string]bool{}, plan: Plan{Notes: map[string]Note{}}}
	p.plan.Findings = convention.Findings(in.Objects)
	for _, f := range p.plan.Findings {
		p.faulty[f.Kind+"/"+f.Name] = true
	}
	p.ladder()
	if len(p.tiers) == 0 {
		return p, nil
	}
	return p, p.target()
}

// ladder takes the Tiers without findings, lowest first.
func (p *planner) ladder() {
	for _, t := range p.in.Objects.Tiers {
		if !p.faulty[convention.KindTier+"/"+t.Name] && t.DeletionTimestamp == nil {
			p.tiers = append(p.tiers, t)
		}
	}
	slices.SortFunc(p.tiers, func(a, b v1alpha1.Tier) int { return cmp.Compare(a.Spec.Level, b.Spec.Level) })
	for _, t := range p.tiers {
		p.plan.Levels = append(p.plan.Levels, t.Name)
	}
}

func (p *planner) releaseInput() release.Input {
	in := release.Input{Now: p.in.Now, Target: p.plan.Target}
	for i := range p.tiers {
		t := &p.tiers[i]
		f := p.in.Tiers[t.Name].Facts
		f.Name, f.Level, f.Branch = t.Name, t.Spec.Level, p.branch(t)
		f.Manual, f.Hold = t.Spec.Promotion == v1alpha1.PromotionManual, t.Spec.Hold
		f.Soak, f.Settle, f.ProgressDeadline = durations(t)
		for _, s := range p.shopSets(t.Name) {
			if s.DeletionTimestamp != nil {
				continue // it is served from, but proves nothing any more
			}
			if judged, ok := p.in.Tiers[t.Name].Judged[s.Name]; ok && !p.awaitsConfiguration(i, s) {
				f.ShopSets = append(f.ShopSets, judged)
			}
		}
		in.Tiers = append(in.Tiers, f)
	}
	return in
}

// awaitsConfiguration tells of a ShopSet that is not there yet because its Configuration is not in
// the tier's release. It has no part in proving that: the tier would be busy, and so keep out the
// very release that brings the Configuration.
func (p *planner) awaitsConfiguration(i int, s *v1alpha1.ShopSet) bool {
	configurations := p.configurations(i, nil)
	_, there := p.in.Tiers[p.tiers[i].Name].Branch.Files[render.OverlayPath(s.Name)]
	return !there && configurations != nil && !slices.Contains(configurations, s.Spec.Configuration)
}

// shopSets are those of a tier that can be rendered and are to stay, by name.
func (p *planner) shopSets(tier string) []*v1alpha1.ShopSet {
	var out []*v1alpha1.ShopSet
	for i := range p.in.Objects.ShopSets {
		s := &p.in.Objects.ShopSets[i]
		if s.Spec.Tier == tier && p.stays(s) && !p.faulty[convention.KindShopSet+"/"+s.Name] {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *v1alpha1.ShopSet) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// stays tells whether a ShopSet belongs into Git. One that is being deleted does for as long as the
// routing tables name it, also those that edges still use: they would send shoppers where nothing
// answers any more.
func (p *planner) stays(s *v1alpha1.ShopSet) bool {
	return s.DeletionTimestamp == nil || p.in.Holding[s.Name] > 0 || p.in.RoutesProblem != "" || p.in.EdgesBehind() != ""
}

func (p *planner) branch(t *v1alpha1.Tier) string {
	return render.Branch(p.in.Fleet.Spec.BranchPrefix, t.Spec.Level)
}

// entry is what the release plan lets into a tier, nil if nothing.
func (p *planner) entry(tier string) *release.Entry {
	for i := range p.plan.Release.Enter {
		if p.plan.Release.Enter[i].To == tier {
			return &p.plan.Release.Enter[i]
		}
	}
	return nil
}
