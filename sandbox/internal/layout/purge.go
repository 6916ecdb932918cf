package layout

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Purge deletes what a sandbox wrote, and the directory if nothing else is in
// it: somebody may have made a sandbox in a directory with files of theirs.
func (d Dir) Purge() error {
	var errs []error
	for _, name := range []string{
		"clusters", "kubeconfigs", "edges", "git", "argocd", "images", "logs",
		"webhooks.json", "progress.jsonl", "run", "state.json", "supervisor.lock", "up.lock",
	} {
		errs = append(errs, RemoveAll(d.Path(name)))
	}
	errs = append(errs, os.RemoveAll(d.ShortSockets()))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("deleting the sandbox in %s: %w", d, err)
	}
	entries, err := os.ReadDir(string(d))
	if err != nil || len(entries) > 0 {
		return err
	}
	return os.Remove(string(d))
}

// RemoveAll deletes a path with all that is below it, also folders that somebody made unreadable,
// as Argo CD does with the one of its clones.
func RemoveAll(path string) error {
	err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(name, 0o700) //nolint:gosec // G302: a folder, of which only its owner can do anything
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("opening the folders of %s: %w", path, err)
	}
	return os.RemoveAll(path)
}
