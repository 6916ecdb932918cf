package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"shopset.dev/shopset/internal/cli/exit"
)

// markerName is the marker's file name in the out folder.
const markerName = ".shopctl-render.json"

// marker lists the files of an out folder that render wrote.
type marker struct {
	// Note is for the person who finds the file.
	Note string `json:"note"`
	// Files are SHA-256 digests by slash-separated path.
	Files map[string]string `json:"files"`
}

const markerNote = "Written by shopctl render. These files are replaced or removed by the next run; all others are left alone."

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// folder is an out folder, seen from the folder around it: nothing outside of that is touched,
// whatever links there are inside.
type folder struct {
	root *os.Root
	name string
	// ours is what the marker says; nil without a marker.
	ours map[string]string
}

func openFolder(out string) (*folder, error) {
	abs, err := filepath.Abs(out)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", out, err)
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	if err := os.MkdirAll(filepath.Dir(abs), 0o755); err != nil {
		return nil, fmt.Errorf("making the folder around %s: %w", out, err)
	}
	root, err := os.OpenRoot(filepath.Dir(abs))
	if err != nil {
		return nil, fmt.Errorf("opening the folder around %s: %w", out, err)
	}
	f := &folder{root: root, name: filepath.Base(abs)}
	raw, err := root.ReadFile(filepath.Join(f.name, markerName))
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	var m marker
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		_ = root.Close() // the other error is the one to tell
		return nil, fmt.Errorf("reading %s: %w", filepath.Join(out, markerName), err)
	}
	if f.ours = m.Files; f.ours == nil {
		f.ours = map[string]string{}
	}
	return f, nil
}

// write makes the folder hold the files, by slash-separated path. Foreign files stay as they are;
// those in the way are an error unless force is set. It gives the foreign files it left among
// those that it would have removed.
func (f *folder) write(files map[string][]byte, force bool) (kept []string, err error) {
	if err := f.mayWrite(files, force); err != nil {
		return nil, err
	}
	temporary := fmt.Sprintf(".%s.shopctl-%d", f.name, os.Getpid())
	if err := f.root.Mkdir(temporary, 0o755); err != nil {
		return nil, fmt.Errorf("making a folder beside %s: %w", f.name, err)
	}
	defer f.root.RemoveAll(temporary) //nolint:errcheck // what is left there is of no use to anybody
	if err := f.stage(temporary, files); err != nil {
		return nil, err
	}
	if entries, err := fs.ReadDir(f.root.FS(), f.name); err == nil && len(entries) == 0 {
		if err := f.root.Remove(f.name); err != nil {
			return nil, fmt.Errorf("making room for %s: %w", f.name, err)
		}
	}
	if _, err := f.root.Lstat(f.name); errors.Is(err, fs.ErrNotExist) {
		return nil, f.root.Rename(temporary, f.name)
	}
	return f.replace(temporary, files)
}

// mayWrite refuses folders of others, and files of others that are in the way.
func (f *folder) mayWrite(files map[string][]byte, force bool) error {
	entries, err := fs.ReadDir(f.root.FS(), f.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("looking into %s: %w", f.name, err)
	case force:
		return nil
	case f.ours == nil && len(entries) > 0:
		return exit.Usagef("--out %s: the folder is not empty and shopctl did not write it: name another one, or add --force", f.name)
	}
	var inTheWay []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if have, err := f.read(name); err == nil && !bytes.Equal(have, files[name]) && f.ours[name] != digest(have) {
			inTheWay = append(inTheWay, name)
		}
	}
	if len(inTheWay) > 0 {
		return exit.Usagef("--out %s: somebody else wrote %s: move it away, or add --force to replace it", f.name, strings.Join(inTheWay, ", "))
	}
	return nil
}

func (f *folder) read(name string) ([]byte, error) {
	return f.root.ReadFile(filepath.Join(f.name, filepath.FromSlash(name)))
}

// stage writes everything, the marker included, to the folder beside the out folder.
func (f *folder) stage(temporary string, files map[string][]byte) error {
	m := marker{Note: markerNote, Files: map[string]string{}}
	for name, body := range files {
		m.Files[name] = digest(body)
		if err := f.put(temporary, name, body); err != nil {
			return err
		}
	}
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the marker: %w", err)
	}
	return f.put(temporary, markerName, append(raw, '\n'))
}

func (f *folder) put(in, name string, body []byte) error {
	local := filepath.Join(in, filepath.FromSlash(name))
	if err := f.root.MkdirAll(filepath.Dir(local), 0o755); err != nil {
		return fmt.Errorf("making the folder of %s: %w", name, err)
	}
	if err := f.root.WriteFile(local, body, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// replace moves the new files over the old ones, removes what is not wanted any more, and writes
// the new marker last: until then the old one still knows what may be removed.
func (f *folder) replace(temporary string, files map[string][]byte) (kept []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := f.move(temporary, name); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.ours)) {
		if _, wanted := files[name]; wanted || !filepath.IsLocal(filepath.FromSlash(name)) {
			continue
		}
		have, err := f.read(name)
		switch {
		case err != nil:
			continue
		case digest(have) != f.ours[name]:
			kept = append(kept, name)
			continue
		}
		if err := f.remove(name); err != nil {
			return nil, err
		}
	}
	return kept, f.move(temporary, markerName)
}

func (f *folder) move(temporary, name string) error {
	local := filepath.FromSlash(name)
	if err := f.root.MkdirAll(filepath.Join(f.name, filepath.Dir(local)), 0o755); err != nil {
		return fmt.Errorf("making the folder of %s: %w", name, err)
	}
	if err := f.root.Rename(filepath.Join(temporary, local), filepath.Join(f.name, local)); err != nil {
		return fmt.Errorf("moving %s into place: %w", name, err)
	}
	return nil
}

// remove removes a file and the folders that it leaves empty.
func (f *folder) remove(name string) error {
	if err := f.root.Remove(filepath.Join(f.name, filepath.FromSlash(name))); err != nil {
		return fmt.Errorf("removing %s: %w", name, err)
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if f.root.Remove(filepath.Join(f.name, filepath.FromSlash(dir))) != nil {
			return nil // somebody's file is in there
		}
	}
	return nil
}

func (f *folder) close() { _ = f.root.Close() } // nothing was written through it
