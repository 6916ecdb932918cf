package table

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/plan/routes"
)

// poll is how often a folder is looked at. Polling works on every file system, also where a
// ConfigMap is mounted; a thousand stats take milliseconds.
const poll = 250 * time.Millisecond

// unsure is how young a file must be to be read again although its times and size are the same: a
// second change may fall into the same tick of the file system's clock.
const unsure = 2 * time.Second

// mostFiles of a folder are looked at.
const mostFiles = 4096

// Dir reads a folder again and again: one with SHA256SUMS, or one that has such a folder routes/
// in it, as a clone of branch main has.
type Dir struct {
	Path  string
	Clock clock.WithTicker

	source string
	known  map[string]known
	files  map[string]string
}

type known struct {
	modified time.Time
	size     int64
	read     time.Time
}

// Run gives what is there, and then what has changed, until the context ends.
func (d *Dir) Run(ctx context.Context, offer func(Update), trouble func(error)) error {
	ticker := d.Clock.NewTicker(poll)
	defer ticker.Stop()
	d.known = nil
	for first := true; ; {
		changed, err := d.look()
		trouble(err)
		if err == nil && (changed || first) {
			first = false
			files := maps.Clone(d.files)
			override := files[routes.OverrideFile]
			delete(files, routes.OverrideFile)
			offer(Update{Source: d.source, Files: files, Override: override})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C():
		}
	}
}

// look reads the files that have changed.
func (d *Dir) look() (changed bool, err error) {
	folder := d.Path
	if _, err := os.Stat(filepath.Join(folder, routes.IndexFile)); errors.Is(err, fs.ErrNotExist) {
		inside := filepath.Join(folder, routes.Folder)
		if info, err := os.Stat(inside); err == nil && info.IsDir() {
			folder = inside
		}
	}
	if source := "folder " + folder; source != d.source || d.known == nil {
		d.source, d.known, d.files = source, map[string]known{}, map[string]string{}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return false, fmt.Errorf("reading the routing table: %w", err)
	}
	seen := map[string]bool{}
	for _, entry := range entries {
		name := entry.Name()
		if !ours(name) || len(seen) == mostFiles {
			continue
		}
		seen[name] = true
		fresh, err := d.file(folder, name)
		if err != nil {
			return false, err
		}
		changed = changed || fresh
	}
	for name := range d.files {
		if !seen[name] {
			delete(d.files, name)
			delete(d.known, name)
			changed = true
		}
	}
	return changed, nil
}

func ours(name string) bool {
	_, _, sharded := routes.ShardFile(name)
	return sharded || name == routes.IndexFile || name == routes.ShopSetsFile || name == routes.ClassesFile || name == routes.OverrideFile
}

func (d *Dir) file(folder, name string) (changed bool, err error) {
	path := filepath.Join(folder, name)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // just deleted; the next look sees it
	}
	if err != nil {
		return false, err
	}
	before, there := d.known[name]
	if there && before.modified.Equal(info.ModTime()) && before.size == info.Size() && before.read.Sub(before.modified) > unsure {
		return false, nil
	}
	text, err := readLimited(path, routes.MaxFile)
	if err != nil {
		return false, fmt.Errorf("reading the routing table: %w", err)
	}
	d.known[name] = known{modified: info.ModTime(), size: info.Size(), read: d.Clock.Now()}
	if old, there := d.files[name]; there && old == text {
		return false, nil // the old string stays, which the table in force shares
	}
	d.files[name] = text
	return true, nil
}
