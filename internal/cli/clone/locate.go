package clone

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"shopset.dev/shopset/internal/cli/exit"
)

// pointerLimit bounds the small files with which Git points from one folder to another.
const pointerLimit = 4096

// location is where the parts of a clone are.
type location struct {
	// common is the folder with refs and objects.
	common string
	bare   bool
}

func (l location) objects() string { return filepath.Join(l.common, "objects") }

// locate finds the Git folder of a clone: the folder itself, its .git, or what a .git file of a
// work tree or submodule points to.
func locate(where string) (location, error) {
	abs, err := filepath.Abs(where)
	if err != nil {
		return location{}, fmt.Errorf("finding %s: %w", where, err)
	}
	git, bare := filepath.Join(abs, ".git"), false
	info, err := os.Stat(git)
	switch {
	case err != nil:
		git, bare = abs, filepath.Base(abs) != ".git"
	case !info.IsDir():
		if git, err = pointer(git, "gitdir: "); err != nil {
			return location{}, err
		}
	}
	common := git
	if to, err := pointer(filepath.Join(git, "commondir"), ""); err == nil {
		common = to
	}
	for _, part := range []string{"objects", "refs", "HEAD"} {
		if _, err := os.Stat(filepath.Join(common, part)); err != nil {
			return location{}, exit.Usagef("%s is not a clone or a bare repository: it has no %s", where, part)
		}
	}
	if strings.ContainsAny(common, "\n\x00") {
		return location{}, exit.Usagef("%q: a path with a line end", where)
	}
	return location{common: common, bare: bare}, nil
}

// pointer reads a file that holds a path, perhaps relative to the file's folder.
func pointer(file, intro string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("following %s: %w", file, err)
	}
	if info.Size() > pointerLimit {
		return "", fmt.Errorf("following %s: it has %d bytes", file, info.Size())
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("following %s: %w", file, err)
	}
	to, ok := strings.CutPrefix(strings.TrimSpace(string(raw)), intro)
	if !ok {
		return "", fmt.Errorf("following %s: it does not begin with %q", file, intro)
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(filepath.Dir(file), to)
	}
	return to, nil
}
