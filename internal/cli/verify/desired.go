package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/system"
)

// retire leaves out the branches that no Tier among the objects has, and names them.
func (g *gatherer) retire(ctx context.Context, in *system.Input) ([]string, error) {
	levels, err := g.levels(ctx)
	if err != nil {
		return nil, err
	}
	var gone []string
	for _, level := range levels {
		has := func(t v1alpha1.Tier) bool { return t.Spec.Level == level }
		if !slices.ContainsFunc(in.Objects.Tiers, has) {
			gone = append(gone, render.Branch(g.prefix, level))
		}
	}
	g.retired = append(g.retired, gone...)
	return gone, nil
}

// desire renders the objects for the tiers as they are: each with the settings and
// Configurations of the release that it runs.
func (g *gatherer) desire(ctx context.Context, f *facts, in system.Input) error {
	in.Tiers, in.Settings, in.Configurations = map[string]system.Tier{}, map[string]render.Settings{}, map[string][]string{}
	in.Main.Routes = f.main.routes
	for i := range f.tiers {
		t := &f.tiers[i]
		cur := t.Current()
		for n := range in.Objects.Tiers {
			o := &in.Objects.Tiers[n]
			if cur == nil || render.Branch(in.Fleet.Spec.BranchPrefix, o.Spec.Level) != t.Tier.Branch {
				continue
			}
			known := system.Tier{}
			known.Facts.History = t.History
			in.Tiers[o.Name] = known
			if s, ok := g.repos.Settings(ctx, string(cur.Platform)); ok {
				in.Settings[string(cur.Platform)] = s
			}
			names, err := g.repos.Configurations(ctx, string(cur.Configurations))
			if err != nil {
				return err
			}
			in.Configurations[string(cur.Configurations)] = names
		}
	}
	want, err := system.WhenClimbed(in)
	if err != nil {
		return fmt.Errorf("rendering the objects: %w", err)
	}
	if n := len(want.Findings); n > 0 {
		var all []string
		for _, finding := range want.Findings {
			all = append(all, "\n  "+finding.Message)
		}
		return fmt.Errorf("the objects break %d conventions, so they cannot be compared:%s", n, strings.Join(all, ""))
	}
	f.desired = &desired{files: map[string]map[string][]byte{}, waiting: map[string]string{}}
	for _, b := range want.Branches {
		f.desired.files[b.Branch] = b.Files
	}
	for name, note := range want.Notes {
		if note.Waiting != "" {
			f.desired.waiting[render.OverlayPath(name)] = note.Waiting
		}
	}
	return nil
}
