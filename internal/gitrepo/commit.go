package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Commit makes a commit and keeps it at the staging ref of its branch. The same
// spec makes the same commit. ErrNoChange when the tree would be the parent's;
// then nothing is written.
func (r *Repository) Commit(ctx context.Context, spec CommitSpec) (id OID, err error) {
	defer r.observe("commit", &err)()
	if spec.When.IsZero() {
		spec.When = r.cfg.Clock.Now()
	}
	if spec.Committer == (Identity{}) {
		spec.Committer = spec.Author
	}
	if id, err = r.commit(ctx, spec); err != nil {
		return "", fmt.Errorf("committing for branch %q of %s: %w", spec.Branch, r.URL(), err)
	}
	return id, nil
}

func (r *Repository) commit(ctx context.Context, spec CommitSpec) (OID, error) {
	if err := checkSpec(spec); err != nil {
		return "", err
	}
	message, err := composeMessage(spec.Message, spec.Trailers)
	if err != nil {
		return "", err
	}
	done, err := r.write(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	base := map[string]TreeEntry{}
	if !spec.Parent.IsZero() {
		if base, err = r.listTree(ctx, spec.Parent, []string{"-r", "-t"}, topPaths(spec.Changes)); err != nil {
			return "", fmt.Errorf("reading the parent %s: %w", spec.Parent.Short(), err)
		}
	}
	edit := reduce(base, spec.Changes)
	if edit.empty() && !spec.Parent.IsZero() {
		return "", ErrNoChange
	}
	return r.fastImport(ctx, spec, message, edit)
}

func checkSpec(spec CommitSpec) error {
	if err := checkRef(stagingPrefix + spec.Branch); err != nil {
		return err
	}
	if !spec.Parent.IsZero() {
		if err := spec.Parent.check(); err != nil {
			return fmt.Errorf("parent: %w", err)
		}
	}
	if clean(spec.Author.Name) == "" || clean(spec.Committer.Name) == "" {
		return errors.New("the author or the committer has no name")
	}
	return checkChanges(spec.Changes)
}

// checkChanges makes sure that the changes mean the same in any order.
func checkChanges(changes []Change) error {
	puts := make(map[string]bool)
	for _, change := range changes {
		if err := checkChange(change); err != nil {
			return err
		}
		if change.Mode == "" {
			continue
		}
		if puts[change.Path] {
			return fmt.Errorf("path %q: changed twice", change.Path)
		}
		puts[change.Path] = true
	}
	for _, path := range slices.Sorted(maps.Keys(puts)) {
		for parent := range parents(path) {
			if puts[parent] {
				return fmt.Errorf("path %q: lies in %q, which is changed as a whole", path, parent)
			}
		}
	}
	return nil
}

func checkChange(change Change) error {
	if err := checkPath(change.Path); err != nil {
		return err
	}
	switch change.Mode {
	case "":
		if change.OID != "" || change.Content != nil {
			return fmt.Errorf("path %q: a removal with content", change.Path)
		}
		return nil
	case ModeTree, ModeGitlink:
		if change.Content != nil {
			return fmt.Errorf("path %q: a directory or gitlink with content", change.Path)
		}
	case ModeFile, ModeExecutable, ModeSymlink:
		if change.OID == "" {
			return nil
		}
		if change.Content != nil {
			return fmt.Errorf("path %q: both an object id and content", change.Path)
		}
	default:
		return fmt.Errorf("path %q: mode %q is not one that Git writes", change.Path, change.Mode)
	}
	if err := change.OID.check(); err != nil {
		return fmt.Errorf("path %q: %w", change.Path, err)
	}
	return nil
}

// parents yields the directories above a path, the nearest first.
func parents(path string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for at := strings.LastIndexByte(path, '/'); at > 0; at = strings.LastIndexByte(path[:at], '/') {
			if !yield(path[:at]) {
				return
			}
		}
	}
}

// topPaths limits what is read of the parent to the top-level entries that are
// touched, unless they are very many.
func topPaths(changes []Change) []string {
	tops := make(map[string]bool)
	for _, change := range changes {
		top, _, _ := strings.Cut(change.Path, "/")
		tops[top] = true
	}
	if len(tops) > 100 {
		return nil
	}
	return slices.Sorted(maps.Keys(tops))
}

// edit is what really changes, in order of paths: files to remove, then entries to put.
type edit struct {
	removals []string
	puts     []Change
}

func (e edit) empty() bool { return len(e.removals) == 0 && len(e.puts) == 0 }

// reduce drops what the base has already. What is left is empty exactly when
// the resulting tree is the base's.
func reduce(base map[string]TreeEntry, changes []Change) edit {
	puts, removed := make(map[string]bool), make(map[string]bool)
	var e edit
	for _, change := range changes {
		if change.Mode == "" {
			removed[change.Path] = true
			continue
		}
		puts[change.Path] = true
		if entry, ok := base[change.Path]; !ok || entry != change.entry() {
			e.puts = append(e.puts, change)
		}
	}
	for path, entry := range base {
		// A put decides about all that was at or below its path.
		if entry.Mode != ModeTree && covers(removed, path) && !covers(puts, path) {
			e.removals = append(e.removals, path)
		}
	}
	slices.Sort(e.removals)
	slices.SortFunc(e.puts, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return e
}

func covers(paths map[string]bool, path string) bool {
	if paths[path] {
		return true
	}
	for parent := range parents(path) {
		if paths[parent] {
			return true
		}
	}
	return false
}

// entry is what the tree holds after the change.
func (c Change) entry() TreeEntry {
	if c.OID == "" {
		return TreeEntry{Mode: c.Mode, OID: BlobOID(c.Content)}
	}
	return TreeEntry{Mode: c.Mode, OID: c.OID}
}
