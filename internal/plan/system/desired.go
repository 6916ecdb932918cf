package system

import (
	"fmt"

	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/render"
)

// Content is what a branch of the system repository shall hold.
type Content struct {
	Branch string
	// Tier's name, empty for branch main.
	Tier string
	// Files by path. The gitlink base is not among them: it is the release's, not a file.
	Files map[string][]byte
}

// Desired is what the whole system repository shall hold.
type Desired struct {
	// Findings are broken rules; objects that have one are left out, as Make does.
	Findings []convention.Finding
	// Branches are those of the tiers, the lowest first, and then main.
	Branches []Content
	// Notes tell of ShopSets that wait for something, by name.
	Notes map[string]Note
}

// WhenClimbed gives what the branches hold once nothing is left to climb, whatever Git has now:
// every tier has the configurations and the platform that the lowest would get, and no file was
// edited. The branches in the input are not looked at, but for whether there are routing tables. A tier for which the input has a history
// is rendered with the settings and Configurations of what it runs.
func WhenClimbed(in Input) (Desired, error) {
	in.Main = Branch{Routes: in.Main.Routes}
	tiers := make(map[string]Tier, len(in.Tiers))
	for name, t := range in.Tiers {
		t.Branch, t.Facts.Blocked = Branch{}, ""
		tiers[name] = t
	}
	in.Tiers = tiers
	p, err := begin(in)
	out := Desired{Findings: p.plan.Findings, Notes: p.plan.Notes}
	if err != nil || len(p.tiers) == 0 {
		return out, err
	}
	for i := range p.tiers {
		t := &p.tiers[i]
		want, err := p.tierWant(i, nil)
		if err != nil {
			return out, fmt.Errorf("rendering tier %q: %w", t.Name, err)
		}
		overlays := Commit{Branch: p.branch(t), Tier: t.Name, Changes: render.Merge(nil, want).Changes}
		p.plan.Commits = append(p.plan.Commits, overlays) // so that branch main sees them
		out.Branches = append(out.Branches, content(overlays.Branch, t.Name, overlays.Changes, p.lowest.Changes))
	}
	if err := p.mainCommit(); err != nil {
		return out, fmt.Errorf("rendering branch %s: %w", render.MainBranch, err)
	}
	var main []render.Change
	if last := p.plan.Commits[len(p.plan.Commits)-1]; last.Branch == render.MainBranch {
		main = last.Changes
	}
	out.Branches = append(out.Branches, content(render.MainBranch, "", main))
	return out, nil
}

func content(branch, tier string, changes ...[]render.Change) Content {
	c := Content{Branch: branch, Tier: tier, Files: map[string][]byte{}}
	for _, list := range changes {
		for _, ch := range list {
			c.Files[ch.Path] = ch.Body
		}
	}
	return c
}
