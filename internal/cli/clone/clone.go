// Package clone opens a user's clone, or a remote repository, to read from. A clone is never
// written to: its branches are taken over into a temporary repository that borrows its objects.
//
// Vocabulary:
//
//   - The view of a clone is which of its refs count: where there are remote-tracking branches
//     (refs/remotes/origin/…) of the wanted prefix these, since they are what the server had;
//     otherwise its own branches (refs/heads/…).
//   - A source is complete when nothing that a server has can be missing from it: a URL, a bare
//     repository, one whose own branches count, or a clone that has the release pins as well.
package clone

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shopset.dev/shopset/internal/apply"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/gitrepo"
)

// Clone is a repository to read from.
type Clone struct {
	*gitrepo.Repository
	// Where is what the user called it.
	Where string
	// Tracking says that remote-tracking branches are looked at.
	Tracking bool
	// Complete says that what is not here does not exist.
	Complete bool
	dir      string
}

// Config says how to open.
type Config struct {
	// Prefix begins the names of the branches that matter.
	Prefix string
	// Timeout bounds one operation over the network.
	Timeout time.Duration
	// Filter as in gitrepo.Config, for a URL.
	Filter string
}

// Open takes over the branches of a clone on disk or of a URL. Close removes what it wrote.
func Open(ctx context.Context, where string, cfg Config) (*Clone, error) {
	dir, err := os.MkdirTemp("", "shopctl-")
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	c := &Clone{Where: where, dir: dir}
	if err := c.open(ctx, cfg); err != nil {
		_ = c.Close() // the other error is the one to tell
		return nil, err
	}
	return c, nil
}

// Close removes the temporary repository.
func (c *Clone) Close() error {
	if c.Repository != nil {
		_ = c.Repository.Close() // it is about to be removed
	}
	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("removing a temporary folder: %w", err)
	}
	return nil
}

func (c *Clone) open(ctx context.Context, cfg Config) error {
	if _, err := os.Stat(c.Where); err == nil {
		return c.local(ctx, cfg)
	}
	if !strings.Contains(c.Where, ":") {
		return exit.Usagef("%s: no such folder, and not a URL", c.Where)
	}
	c.Complete = true
	return c.fetch(ctx, cfg, c.Where, "")
}

// local borrows the objects of a clone on disk.
func (c *Clone) local(ctx context.Context, cfg Config) error {
	git, err := locate(c.Where)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(git.common, "shallow")); err == nil {
		return exit.Next(fmt.Errorf("%s is a shallow clone: what is not in its history cannot be checked", c.Where),
			fmt.Sprintf("git -C %s fetch --unshallow", c.Where))
	}
	cfg.Filter = "" // nothing is transferred
	c.Complete = git.bare
	return c.fetch(ctx, cfg, (&url.URL{Scheme: "file", Path: git.common}).String(), git.objects())
}

// fetch makes a temporary repository and takes over the refs. objects are borrowed, if given.
func (c *Clone) fetch(ctx context.Context, cfg Config, remote, objects string) error {
	const heads, pins = "refs/heads/*", apply.PinPrefix + "*"
	tracking := gitrepo.TrackingRef("*")
	branches := "+" + heads + ":" + tracking
	specs := []string{branches}
	if objects != "" {
		specs = []string{"+" + tracking + ":" + tracking}
	}
	var err error
	c.Repository, err = gitrepo.Open(ctx, c.dir, gitrepo.Config{
		Remote: gitrepo.Remote{URL: remote}, RefSpecs: specs, Timeout: cfg.Timeout, Filter: cfg.Filter,
	})
	if err != nil {
		return fmt.Errorf("opening %s: %w", c.Where, err)
	}
	if objects != "" {
		if err := c.borrow(objects); err != nil {
			return fmt.Errorf("borrowing the objects of %s: %w", c.Where, err)
		}
	}
	refs, err := c.ListRemote(ctx, heads, tracking, pins)
	if err != nil {
		return c.Explain(err)
	}
	for ref := range refs {
		c.Tracking = c.Tracking || (objects != "" && strings.HasPrefix(ref, gitrepo.TrackingRef(cfg.Prefix)))
		c.Complete = c.Complete || strings.HasPrefix(ref, apply.PinPrefix)
	}
	if !c.Tracking {
		specs, c.Complete = []string{branches}, true
	}
	// Pins keep released commits whose branch was rewritten.
	return c.Explain(c.Fetch(ctx, append(specs, "+"+pins+":"+pins)...))
}

// borrow makes another repository's objects readable as if they were here.
func (c *Clone) borrow(objects string) error {
	info := filepath.Join(c.Dir(), "objects", "info")
	if err := os.MkdirAll(info, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(info, "alternates"), []byte(objects+"\n"), 0o600)
}

// Explain says which clone an error is about, and what to do next.
func (c *Clone) Explain(err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("reading %s: %w", c.Where, err)
	switch {
	case errors.Is(err, gitrepo.ErrAuth):
		return exit.Next(err, "git clone --mirror "+c.Where+" with your own credentials, and name the folder that it makes")
	case errors.Is(err, gitrepo.ErrMissingObject):
		return exit.Next(err, fmt.Sprintf("git -C %s fetch --refetch --no-filter", c.Where))
	case errors.Is(err, gitrepo.ErrUnreachable), errors.Is(err, gitrepo.ErrNotFound):
		return exit.Next(err, "git ls-remote "+c.Where)
	}
	return err
}
