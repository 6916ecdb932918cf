package system

import (
	"fmt"
	"path"
	"strings"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/objectid"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/render"
)

// target renders configurations/ and platform/ for the lowest tier, and so knows the release it
// shall run: both trees' ids follow from the files.
func (p *planner) target() error {
	want, err := p.lowestWant()
	if err != nil {
		return err
	}
	have := ours(p.in.Tiers[p.tiers[0].Name].Branch.Files, "configurations/", "platform/")
	want.Remove = append(want.Remove, formerAdditions(have, want.Files)...)
	p.lowest = render.Merge(have, want)
	if p.in.Apps == "" || p.in.AppsProblem != "" {
		return nil
	}
	r := release.Release{AppsTree: p.in.AppsTree}
	r.Apps = v1alpha1.ObjectID(p.in.Apps)
	if r.Configurations, err = subtree(p.lowest.Files, "configurations"); err != nil {
		return err
	}
	if r.Platform, err = subtree(p.lowest.Files, "platform"); err != nil {
		return err
	}
	p.plan.Target = &r
	return nil
}

// lowestWant is what configurations/ and platform/ of the lowest tier shall hold.
func (p *planner) lowestWant() (render.Want, error) {
	var rendered []v1alpha1.Configuration
	want := render.Want{Files: render.Tree{}, Turn: true}
	for _, c := range p.in.Objects.Configurations {
		inUse := len(convention.Users(p.in.Objects, convention.KindConfiguration, c.Name)) > 0
		switch {
		case c.DeletionTimestamp != nil && !inUse:
			want.Remove = append(want.Remove, path.Join("configurations", c.Name))
		case !p.faulty[convention.KindConfiguration+"/"+c.Name]:
			rendered = append(rendered, c)
		}
	}
	configurations, err := render.Configurations(rendered)
	if err != nil {
		return want, err
	}
	platform, err := render.Platform(render.SettingsOf(p.in.Fleet), p.in.Additions)
	if err != nil {
		return want, err
	}
	for folder, tree := range map[string]render.Tree{"configurations": configurations, "platform": platform} {
		for name, f := range tree {
			want.Files[path.Join(folder, name)] = f
		}
	}
	return want, nil
}

// formerAdditions are files of platform/ that an earlier controller wrote and this one does not.
func formerAdditions(have map[string]render.Blob, want render.Tree) []string {
	var out []string
	for name, b := range have {
		if _, wanted := want[name]; !wanted && strings.HasPrefix(name, "platform/") && render.Intact(b.Content) {
			out = append(out, name)
		}
	}
	return out
}

func subtree(files map[string]objectid.Entry, folder string) (v1alpha1.ObjectID, error) {
	inner := map[string]objectid.Entry{}
	for name, e := range files {
		if rest, ok := strings.CutPrefix(name, folder+"/"); ok {
			inner[rest] = e
		}
	}
	id, err := objectid.Tree(inner)
	if err != nil {
		return "", fmt.Errorf("naming the tree of %s/: %w", folder, err)
	}
	return v1alpha1.ObjectID(id), nil
}
