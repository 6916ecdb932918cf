package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"shopset.dev/shopset/internal/cli/clone"
	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/system"
	"shopset.dev/shopset/internal/snapshot"
)

// gatherer reads the facts from two clones.
type gatherer struct {
	apps, system *clone.Clone
	prefix       string
	// retired are branches of Tiers that are no more.
	retired []string
	repos   *snapshot.Repositories
}

func newGatherer(ctx context.Context, apps, sys *clone.Clone, prefix string, retired []string) (*gatherer, error) {
	g := &gatherer{apps: apps, system: sys, prefix: prefix, retired: retired, repos: snapshot.NewRepositories(apps.Repository, sys.Repository)}
	appsErr, systemErr := g.repos.Refresh(ctx)
	return g, errors.Join(appsErr, systemErr)
}

func (g *gatherer) facts(ctx context.Context) (*facts, error) {
	f := &facts{appsComplete: g.apps.Complete, apps: g.apps.Where}
	levels, err := g.levels(ctx)
	if err != nil {
		return nil, err
	}
	for _, level := range levels {
		t, err := g.tier(ctx, level)
		if err != nil {
			return nil, err
		}
		f.tiers = append(f.tiers, t)
	}
	if f.main, err = g.branch(ctx, render.MainBranch); err != nil {
		return nil, err
	}
	for i := range f.tiers {
		if err := g.relate(ctx, f, i); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// levels reads the ladder off the branch names.
func (g *gatherer) levels(ctx context.Context) ([]int32, error) {
	heads, err := g.system.Heads(ctx)
	if err != nil {
		return nil, err
	}
	var out []int32
	for name := range heads {
		text, ok := strings.CutPrefix(name, g.prefix)
		level, err := strconv.ParseInt(text, 10, 32)
		if ok && err == nil && render.Branch(g.prefix, int32(level)) == name && !slices.Contains(g.retired, name) {
			out = append(out, int32(level))
		}
	}
	slices.Sort(out)
	return out, nil
}

func (g *gatherer) tier(ctx context.Context, level int32) (tier, error) {
	name := render.Branch(g.prefix, level)
	t := tier{Tier: release.Tier{Name: name, Branch: name, Level: level, Contains: map[string]bool{}}, commits: map[string]gitrepo.Commit{}}
	var err error
	if t.branch, err = g.branch(ctx, name); err != nil {
		return t, err
	}
	if t.History, err = g.repos.Tenures(ctx, name); err != nil {
		return t, err
	}
	ids := make([]gitrepo.OID, len(t.History))
	for i := range t.History {
		ids[i] = gitrepo.OID(t.History[i].Commit)
	}
	commits, err := g.system.Commits(ctx, ids...)
	if err != nil {
		return t, err
	}
	for _, c := range slices.Backward(commits) {
		t.commits[string(c.OID)] = c
		t.Name = cmp.Or(c.Trailer(system.TrailerTier), t.Name)
	}
	if t.AppsHead = g.repos.AppsHead(name); t.AppsHead == "" {
		return t, nil
	}
	head, err := g.apps.CommitInfo(ctx, gitrepo.OID(t.AppsHead))
	t.AppsHeadTree, t.appsHead = string(head.Tree), blamed("apps", head)
	return t, err
}

// relate finds out how the apps branch of a tier stands to what it and the tier below it run.
func (g *gatherer) relate(ctx context.Context, f *facts, i int) error {
	t := &f.tiers[i]
	for _, other := range f.tiers[max(0, i-1) : i+1] {
		if cur := other.Current(); cur != nil && t.AppsHead != "" && cur.AppsTree != "" {
			is, err := g.apps.IsAncestor(ctx, gitrepo.OID(t.AppsHead), gitrepo.OID(cur.Apps))
			if err != nil {
				return err
			}
			t.Contains[string(cur.Apps)] = is
		}
	}
	cur := t.Current()
	if cur == nil || t.AppsHead == "" || cur.AppsTree == "" {
		return nil
	}
	t.behind = t.Contains[string(cur.Apps)]
	var err error
	t.ahead, err = g.apps.IsAncestor(ctx, gitrepo.OID(cur.Apps), gitrepo.OID(t.AppsHead))
	return err
}

// branch reads the files of a branch of the system repository, and who edited them.
func (g *gatherer) branch(ctx context.Context, name string) (branch, error) {
	read, err := g.repos.Branch(ctx, name)
	if err != nil {
		return branch{}, err
	}
	b := branch{name: name, files: read.Files, routes: read.Routes, edits: map[string][]commit{}}
	var history []gitrepo.Commit
	for path, blob := range b.files {
		if render.Intact(blob.Content) {
			continue
		}
		if history == nil {
			if history, err = g.system.History(ctx, gitrepo.OID(read.Head), 0); err != nil {
				return branch{}, err
			}
		}
		if b.edits[path], err = g.edits(ctx, history, path, sealed(blob.Content)); err != nil {
			return branch{}, fmt.Errorf("finding who edited %s: %w", path, err)
		}
	}
	return b, nil
}
