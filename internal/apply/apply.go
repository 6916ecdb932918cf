// Package apply carries a plan out on the two repositories. Every step is safe to
// repeat: a push says which old value it expects, and what is there already counts
// as done. The apps branch moves before the system branch; whoever dies in between
// finds the moved branch and makes the second push.
package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/system"
)

// PinPrefix begins the refs, in the apps repository, that keep every released commit from being
// collected when its branch is rewritten.
const PinPrefix = "refs/shopset/releases/"

// Git is where an Applier writes.
type Git struct {
	Apps, System *gitrepo.Repository
	// Identity is the author of the commits.
	Identity gitrepo.Identity
	Clock    clock.PassiveClock
}

// Result is what became of one commit.
type Result struct {
	Commit system.Commit
	// OID of the commit on the remote; empty if there was nothing to do or Err is set.
	OID      gitrepo.OID
	PushedAt time.Time
	Err      error
}

// Run makes and pushes the commits in order. The failure of one does not stop the others.
// appsHeads gives the head of an apps branch as the plan saw it.
func (g Git) Run(ctx context.Context, commits []system.Commit, appsHead func(branch string) string) []Result {
	var results []Result
	for _, c := range commits {
		id, err := g.one(ctx, c, appsHead(c.Branch))
		if err != nil {
			err = fmt.Errorf("pushing %q to %s: %w", c.Subject, c.Branch, err)
		}
		results = append(results, Result{Commit: c, OID: id, PushedAt: g.Clock.Now(), Err: err})
	}
	return results
}

func (g Git) one(ctx context.Context, c system.Commit, appsHead string) (gitrepo.OID, error) {
	if c.Entry != nil {
		if err := g.moveApps(ctx, c, appsHead); err != nil {
			return "", err
		}
	}
	id, err := g.System.Commit(ctx, g.spec(c))
	if errors.Is(err, gitrepo.ErrNoChange) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if c.Entry != nil {
		if err := g.verify(ctx, id, c.Entry.Release); err != nil {
			return "", err
		}
	}
	update := gitrepo.RefUpdate{Ref: gitrepo.BranchRef(c.Branch), Old: gitrepo.OID(c.Parent), New: id}
	return id, g.System.Push(ctx, []gitrepo.RefUpdate{update}, true)
}

// moveApps pins the released commit and, above the lowest tier, moves the tier's apps branch to it.
func (g Git) moveApps(ctx context.Context, c system.Commit, appsHead string) error {
	apps := gitrepo.OID(c.Entry.Release.Apps)
	pin := PinPrefix + string(apps)
	updates := []gitrepo.RefUpdate{{Ref: pin, New: apps}}
	if c.Entry.MoveApps {
		updates = append(updates, gitrepo.RefUpdate{Ref: gitrepo.BranchRef(c.Branch), Old: gitrepo.OID(appsHead), New: apps})
	}
	err := g.Apps.Push(ctx, updates, false)
	if errors.Is(err, gitrepo.ErrMissingObject) {
		if fetchErr := g.Apps.Fetch(ctx, "+"+pin+":"+pin); fetchErr != nil {
			return errors.Join(err, fetchErr)
		}
		err = g.Apps.Push(ctx, updates, false)
	}
	if err != nil {
		return fmt.Errorf("moving the apps repository to %s: %w", apps.Short(), err)
	}
	return nil
}

func (g Git) spec(c system.Commit) gitrepo.CommitSpec {
	spec := gitrepo.CommitSpec{
		Branch: c.Branch, Parent: gitrepo.OID(c.Parent), Message: c.Subject + "\n\n" + c.Body,
		Author: g.Identity, When: g.Clock.Now(),
	}
	if e := c.Entry; e != nil {
		spec.Changes = append(spec.Changes, gitrepo.PutGitlink("base", gitrepo.OID(e.Release.Apps)))
		if c.SetTrees {
			spec.Changes = append(spec.Changes,
				gitrepo.PutTree("configurations", gitrepo.OID(e.Release.Configurations)),
				gitrepo.PutTree("platform", gitrepo.OID(e.Release.Platform)))
		}
	}
	for _, ch := range c.Changes {
		if ch.Body == nil {
			spec.Changes = append(spec.Changes, gitrepo.Remove(ch.Path))
			continue
		}
		spec.Changes = append(spec.Changes, gitrepo.PutFile(ch.Path, ch.Body))
	}
	for _, t := range c.Trailers {
		spec.Trailers = append(spec.Trailers, gitrepo.Trailer{Key: t[0], Value: t[1]})
	}
	return spec
}

// verify reads the commit back: what is pushed must be the very objects that were decided about.
func (g Git) verify(ctx context.Context, id gitrepo.OID, want release.Release) error {
	roots, err := g.System.RootEntries(ctx, id)
	if err != nil {
		return err
	}
	for name, oid := range map[string]string{
		"base": string(want.Apps), "configurations": string(want.Configurations), "platform": string(want.Platform),
	} {
		if got := roots[0][name].OID; string(got) != oid {
			return fmt.Errorf("commit %s has %s at %s and not at %s as planned; nothing was pushed", id.Short(), name, got, oid)
		}
	}
	return nil
}
