package snapshot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/system"
)

// Repositories are the local images of a fleet's two repositories. Not for concurrent use.
type Repositories struct {
	Apps, System *gitrepo.Repository
	// appsHeads and systemHeads are the remote's branches as last seen.
	appsHeads, systemHeads map[string]gitrepo.OID
	tenures                map[string]branchTenures
	roots                  map[gitrepo.OID]release.Release
	appsTrees              map[string]string
	ancestry               map[[2]string]bool
	kustomization          [2]string // the commit and path at which one was last found
	blobs                  map[gitrepo.OID][]byte
	branches               map[string]system.Branch // of the system repository, as last read
	settings               map[string]render.Settings
	configurations         map[string][]string
	held                   map[string]int // placement groups by ShopSet, in branch main at heldAt
	heldEpoch              int64          // of that table
	heldAt                 string
}

// branchTenures are the tenures of a branch whose head was at.
type branchTenures struct {
	at   gitrepo.OID
	list []release.Tenure // newest first
}

// NewRepositories joins two opened repositories.
func NewRepositories(apps, sys *gitrepo.Repository) *Repositories {
	return &Repositories{
		Apps: apps, System: sys,
		tenures: map[string]branchTenures{}, roots: map[gitrepo.OID]release.Release{}, appsTrees: map[string]string{},
		ancestry: map[[2]string]bool{}, blobs: map[gitrepo.OID][]byte{}, branches: map[string]system.Branch{},
		settings: map[string]render.Settings{}, configurations: map[string][]string{},
	}
}

// Refresh asks both remotes for their branches and fetches what is new. The error of one does not
// keep the other from being read; what could not be read stays as it was last seen.
func (r *Repositories) Refresh(ctx context.Context) (appsErr, systemErr error) {
	appsErr = r.refresh(ctx, r.Apps, &r.appsHeads)
	systemErr = r.refresh(ctx, r.System, &r.systemHeads)
	return appsErr, systemErr
}

func (r *Repositories) refresh(ctx context.Context, repo *gitrepo.Repository, heads *map[string]gitrepo.OID) error {
	local, err := repo.Heads(ctx)
	if err != nil {
		return err
	}
	*heads = local
	refs, err := repo.ListRemote(ctx, "refs/heads/*")
	if err != nil {
		return err
	}
	remote := map[string]gitrepo.OID{}
	for ref, id := range refs {
		remote[strings.TrimPrefix(ref, "refs/heads/")] = id
	}
	if maps.Equal(local, remote) {
		return nil
	}
	if err := repo.Fetch(ctx); err != nil {
		return err
	}
	clear(r.appsTrees) // what was missing may be there now
	clear(r.ancestry)
	*heads, err = repo.Heads(ctx)
	return err
}

// Read tells whether the system repository has ever been read, now or before a restart: if not,
// an empty repository and an unknown one look the same.
func (r *Repositories) Read() bool { return len(r.systemHeads) > 0 }

// Reload takes over what pushes of ours have moved since the last Refresh, without asking a remote.
func (r *Repositories) Reload(ctx context.Context) error {
	var appsErr, systemErr error
	r.appsHeads, appsErr = r.Apps.Heads(ctx)
	r.systemHeads, systemErr = r.System.Heads(ctx)
	return errors.Join(appsErr, systemErr)
}

// AppsHead is the head of a branch of the apps repository, empty if there is none.
func (r *Repositories) AppsHead(branch string) string { return string(r.appsHeads[branch]) }

// SystemHead is the head of a branch of the system repository, empty if there is none.
func (r *Repositories) SystemHead(branch string) string { return string(r.systemHeads[branch]) }

// AppsTree is the tree of an apps commit, empty if the commit is not to be had.
func (r *Repositories) AppsTree(ctx context.Context, commit string) (string, error) {
	if commit == "" {
		return "", nil
	}
	if tree, ok := r.appsTrees[commit]; ok {
		return tree, nil
	}
	c, err := r.Apps.CommitInfo(ctx, gitrepo.OID(commit))
	if err != nil && !errors.Is(err, gitrepo.ErrMissingObject) && !errors.Is(err, gitrepo.ErrNotFound) {
		return "", fmt.Errorf("reading apps commit %s: %w", commit, err)
	}
	r.appsTrees[commit] = string(c.Tree)
	return string(c.Tree), nil
}

// contains tells of an apps commit whether ancestor is among its ancestors or is the commit.
func (r *Repositories) contains(ctx context.Context, ancestor, commit string) bool {
	if ancestor == "" || commit == "" || ancestor == commit {
		return ancestor == commit
	}
	key := [2]string{ancestor, commit}
	if known, ok := r.ancestry[key]; ok {
		return known
	}
	// A commit that is not to be had is nobody's ancestor: then nothing is moved.
	is, err := r.Apps.IsAncestor(ctx, gitrepo.OID(ancestor), gitrepo.OID(commit))
	r.ancestry[key] = err == nil && is
	return r.ancestry[key]
}

// HasKustomization tells whether the apps repository has a kustomization at a path of a commit.
func (r *Repositories) HasKustomization(ctx context.Context, commit, path string) (bool, error) {
	if r.kustomization == [2]string{commit, path} {
		return true, nil
	}
	for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		full := name
		if path != "" {
			full = path + "/" + name
		}
		_, found, err := r.Apps.Entry(ctx, gitrepo.OID(commit), full)
		if err != nil {
			return false, fmt.Errorf("looking for %s in apps commit %s: %w", full, commit, err)
		}
		if found {
			r.kustomization = [2]string{commit, path}
			return true, nil
		}
	}
	return false, nil
}
