package mount

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// file is the content of one file of a volume.
type file struct {
	data []byte
	mode fs.FileMode
}

// payload is the content of a volume: relative path → file.
type payload map[string]file

func (p payload) equal(other payload) bool {
	if len(p) != len(other) {
		return false
	}
	for path, mine := range p {
		theirs, ok := other[path]
		if !ok || mine.mode != theirs.mode || !bytes.Equal(mine.data, theirs.data) {
			return false
		}
	}
	return true
}

const (
	currentLink = "..data"
	nextLink    = "..data_next"
)

// publish makes dir show content, all at once: a reader sees the old volume or the
// new one. The layout is the kubelet's, since programs watch for its "..data".
func publish(dir string, content payload) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	version, err := os.MkdirTemp(dir, ".."+time.Now().UTC().Format("2006_01_02_15_04_05."))
	if err != nil {
		return err
	}
	for path, file := range content {
		if err := writeFile(version, path, file); err != nil {
			return err
		}
	}
	next := filepath.Join(dir, nextLink)
	if err := os.RemoveAll(next); err != nil {
		return err
	}
	if err := os.Symlink(filepath.Base(version), next); err != nil {
		return err
	}
	if err := os.Rename(next, filepath.Join(dir, currentLink)); err != nil {
		return err
	}
	return tidy(dir, filepath.Base(version), content)
}

func writeFile(version, path string, content file) error {
	if !filepath.IsLocal(path) {
		return fmt.Errorf("writing %q: the path leaves its volume", path)
	}
	target := filepath.Join(version, path)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(target, content.data, content.mode); err != nil {
		return err
	}
	return os.Chmod(target, content.mode)
}

// tidy links the first path components to the current version, and removes links
// and versions that are gone.
func tidy(dir, version string, content payload) error {
	wanted := map[string]bool{}
	for path := range content {
		first, _, _ := strings.Cut(path, "/")
		wanted[first] = true
	}
	names := make([]string, 0, len(wanted))
	for name := range wanted {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		link := filepath.Join(dir, name)
		if _, err := os.Lstat(link); err == nil {
			continue
		}
		if err := os.Symlink(filepath.Join(currentLink, name), link); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		isVersion := strings.HasPrefix(entry.Name(), "..") && entry.Name() != currentLink && entry.Name() != version
		isStaleLink := entry.Type() == fs.ModeSymlink && entry.Name() != currentLink && !wanted[entry.Name()]
		if isVersion || isStaleLink {
			if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
