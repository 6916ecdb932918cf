package snapshot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/system"
)

// Tenures reads the history of a branch of the system repository as tenures, newest first. Only
// commits that have come since the last call are read.
func (r *Repositories) Tenures(ctx context.Context, branch string) ([]release.Tenure, error) {
	head := r.systemHeads[branch]
	known := r.tenures[branch]
	if head.IsZero() {
		delete(r.tenures, branch)
		return nil, nil
	}
	if known.at == head {
		return known.list, nil
	}
	var stop []gitrepo.OID
	if known.at != "" {
		if is, err := r.System.IsAncestor(ctx, known.at, head); err == nil && is {
			stop = []gitrepo.OID{known.at}
		} else {
			known = branchTenures{} // the branch was rewritten
		}
	}
	commits, err := r.System.History(ctx, head, 0, stop...)
	if err != nil {
		return nil, fmt.Errorf("reading the history of %s: %w", branch, err)
	}
	list := slices.Clone(known.list)
	slices.Reverse(list)
	if list, err = r.append(ctx, list, commits); err != nil {
		return nil, err
	}
	slices.Reverse(list)
	r.tenures[branch] = branchTenures{at: head, list: list}
	return list, nil
}

// append adds tenures, oldest first, for commits that are given newest first.
func (r *Repositories) append(ctx context.Context, list []release.Tenure, commits []gitrepo.Commit) ([]release.Tenure, error) {
	ids := make([]gitrepo.OID, len(commits))
	for i := range commits {
		ids[i] = commits[i].OID
	}
	roots, err := r.System.RootEntries(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("reading %d commits: %w", len(ids), err)
	}
	for i := len(commits) - 1; i >= 0; i-- {
		rel, ok := releaseOf(roots[i])
		if !ok {
			continue // before the branch's first release, or somebody else's layout
		}
		if rel.AppsTree, err = r.AppsTree(ctx, string(rel.Apps)); err != nil {
			return nil, err
		}
		if len(list) > 0 && list[len(list)-1].Release.Release == rel.Release {
			continue
		}
		list = append(list, tenure(&commits[i], rel))
	}
	return list, nil
}

func tenure(c *gitrepo.Commit, rel release.Release) release.Tenure {
	t := release.Tenure{
		Release: rel, Commit: string(c.OID), Entered: c.Committer.When, Actor: c.Trailer(system.TrailerActor),
		From: c.Trailer(system.TrailerFromTier), Request: c.Trailer(system.TrailerRequest),
	}
	if t.Actor != system.Actor {
		t.ByHand, t.Actor = true, c.Author.Name
	}
	if at, err := time.Parse(time.RFC3339Nano, c.Trailer(system.TrailerGatesPassed)); err == nil {
		t.GatesPassed = at
	}
	for _, tr := range c.Trailers {
		if strings.EqualFold(tr.Key, system.TrailerEvidence) {
			t.Evidence = append(t.Evidence, tr.Value)
		}
	}
	return t
}

func releaseOf(root map[string]gitrepo.TreeEntry) (release.Release, bool) {
	base, conf, platform := root["base"], root["configurations"], root["platform"]
	ok := base.Mode == gitrepo.ModeGitlink && conf.Mode == gitrepo.ModeTree && platform.Mode == gitrepo.ModeTree
	return release.Release{Release: v1alpha1.Release{
		Apps: v1alpha1.ObjectID(base.OID), Configurations: v1alpha1.ObjectID(conf.OID), Platform: v1alpha1.ObjectID(platform.OID),
	}}, ok
}

// ReleaseAt is what a commit of the system repository makes a tier run; false when the commit is
// not there (yet) or holds no release.
func (r *Repositories) ReleaseAt(ctx context.Context, commit string) (release.Release, bool) {
	id, err := gitrepo.ParseOID(commit)
	if err != nil {
		return release.Release{}, false
	}
	if rel, ok := r.roots[id]; ok {
		return rel, true
	}
	roots, err := r.System.RootEntries(ctx, id)
	if err != nil {
		return release.Release{}, false
	}
	rel, ok := releaseOf(roots[0])
	if !ok {
		return release.Release{}, false
	}
	if rel.AppsTree, err = r.AppsTree(ctx, string(rel.Apps)); err != nil && !errors.Is(err, gitrepo.ErrMissingObject) {
		return release.Release{}, false
	}
	const most = 20_000 // commits remembered; far more than all Applications can be at
	if len(r.roots) >= most {
		clear(r.roots)
	}
	r.roots[id] = rel
	return rel, true
}
