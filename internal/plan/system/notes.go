package system

import (
	"path"
	"slices"
	"strings"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/render"
)

func (p *planner) note(shopSet string, change func(*Note)) {
	n := p.plan.Notes[shopSet]
	if n.Rendered == nil {
		n.Rendered = map[string]string{}
	}
	change(&n)
	p.plan.Notes[shopSet] = n
}

// waiting notes one reason for all ShopSets of a tier.
func (p *planner) waiting(t *v1alpha1.Tier, reason string) {
	for _, s := range p.shopSets(t.Name) {
		p.note(s.Name, func(n *Note) { n.Waiting = reason })
	}
}

// remember notes for each ShopSet of a tier what is in Git for it. What is about to be written is
// not remembered before it is seen there: a push can fail.
func (p *planner) remember(t *v1alpha1.Tier, want render.Want, m render.Merged) {
	for _, s := range p.shopSets(t.Name) {
		for key, name := range map[string]string{
			p.branch(t) + ":":       render.OverlayPath(s.Name),
			render.MainBranch + ":": render.ApplicationPath(s),
		} {
			f, wanted := want.Files[name]
			if !wanted {
				continue
			}
			verdict, kept := m.Kept[name]
			changed := slices.ContainsFunc(m.Changes, func(c render.Change) bool { return c.Path == name })
			p.note(s.Name, func(n *Note) {
				switch {
				case changed:
					if last := want.Remembered[name]; last != "" {
						n.Rendered[key+name] = last
					}
					return
				case kept && verdict == render.KeepEdited:
					n.Edited = append(n.Edited, name)
				case kept && verdict == render.KeepRemoved:
					n.Removed = append(n.Removed, name)
				}
				n.Rendered[key+name] = f.Input
			})
		}
	}
}

// gone lists objects that wait for their files to leave Git, and whose files have left.
func (p *planner) gone() {
	for i := range p.in.Objects.ShopSets {
		s := &p.in.Objects.ShopSets[i]
		if s.DeletionTimestamp == nil || exists(p.in.Main, render.ApplicationPath(s)) {
			continue
		}
		left := false
		for _, t := range p.in.Tiers {
			left = left || exists(t.Branch, path.Dir(render.OverlayPath(s.Name)))
		}
		if !left {
			p.plan.Gone = append(p.plan.Gone, convention.KindShopSet+"/"+s.Name)
		}
	}
	for _, c := range p.in.Objects.Configurations {
		if c.DeletionTimestamp != nil && !exists(p.in.Tiers[p.tiers[0].Name].Branch, path.Join("configurations", c.Name)) {
			p.plan.Gone = append(p.plan.Gone, convention.KindConfiguration+"/"+c.Name)
		}
	}
	for _, c := range p.in.Objects.WorkloadClusters {
		app, kustomization := render.ClusterPaths(c.Name)
		left := exists(p.in.Main, app) || exists(p.in.Main, kustomization) || exists(p.in.Main, render.RoutesApplicationPath(c.Name))
		if c.DeletionTimestamp != nil && !left {
			p.plan.Gone = append(p.plan.Gone, convention.KindWorkloadCluster+"/"+c.Name)
		}
	}
	slices.Sort(p.plan.Gone)
}

func exists(b Branch, at string) bool {
	if _, file := b.Files[at]; file {
		return true
	}
	for name := range b.Files {
		if strings.HasPrefix(name, at+"/") {
			return true
		}
	}
	return false
}

// unmanaged lists overlays without a ShopSet object.
func (p *planner) unmanaged() {
	known := map[string]bool{}
	for _, s := range p.in.Objects.ShopSets {
		known[s.Name] = true
	}
	for i := range p.tiers {
		t := &p.tiers[i]
		seen := map[string]bool{}
		for name := range p.in.Tiers[t.Name].Branch.Files {
			parts := strings.Split(name, "/")
			if len(parts) > 2 && parts[0] == "overlays" && !known[parts[1]] && !seen[parts[1]] {
				seen[parts[1]] = true
				p.plan.Unmanaged = append(p.plan.Unmanaged, p.branch(t)+":overlays/"+parts[1])
			}
		}
	}
	slices.Sort(p.plan.Unmanaged)
}

// DomainPath lists the failure domains around and including one, the outermost first. A cycle
// is cut where it closes.
func DomainPath(o convention.Objects, name string) []string {
	parents := map[string]string{}
	for _, d := range o.FailureDomains {
		parents[d.Name] = d.Spec.Parent
	}
	var out []string
	for name != "" && !slices.Contains(out, name) {
		out = append(out, name)
		name = parents[name]
	}
	slices.Reverse(out)
	return out
}
