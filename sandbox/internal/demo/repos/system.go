package repos

import (
	"context"
	"fmt"
	"strings"
)

// Which of the two repositories.
type Which string

// The repositories.
const (
	Apps   Which = "apps"
	System Which = "system"
)

func (r Repos) url(which Which) string {
	if which == Apps {
		return r.AppsURL
	}
	return r.SystemURL
}

// Heads gives the branches of a repository with their commits, as the server has them now.
func (r Repos) Heads(ctx context.Context, which Which) (map[string]string, error) {
	out, err := r.Git.Run(ctx, "git", "ls-remote", "--heads", r.url(which))
	if err != nil {
		return nil, err
	}
	heads := map[string]string{}
	for line := range strings.SplitSeq(out, "\n") {
		if commit, ref, ok := strings.Cut(line, "\t"); ok {
			heads[strings.TrimPrefix(ref, "refs/heads/")] = commit
		}
	}
	return heads, nil
}

// LsTree is what `git ls-tree <branch> base configurations platform` prints for the branch of
// the system repository as it is now: the release that the branch runs.
func (r Repos) LsTree(ctx context.Context, branch string) (string, error) {
	if err := r.fetch(ctx); err != nil {
		return "", err
	}
	return r.Git.In(r.system()).Run(ctx, "git", "ls-tree", branch, "base", "configurations", "platform")
}

// fetch brings a bare copy of the system repository up to date, and makes it first if need be.
func (r Repos) fetch(ctx context.Context) error {
	if _, err := r.Git.Run(ctx, "git", "init", "--quiet", "--bare", r.system()); err != nil {
		return fmt.Errorf("copying the system repository: %w", err)
	}
	_, err := r.Git.In(r.system()).Run(ctx, "git", "fetch", "--quiet", "--prune", r.SystemURL, "+refs/heads/*:refs/heads/*")
	return err
}
