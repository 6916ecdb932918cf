package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// damageMark names the file that tells the next Open to start anew.
const damageMark = "damaged"

// markDamaged remembers that an operation met a damaged object.
func (r *Repository) markDamaged() {
	r.damaged.Store(true)
	_ = os.WriteFile(filepath.Join(r.home, damageMark), nil, 0o600)
}

// recover leaves a repository that can be worked with, whatever it finds.
func (r *Repository) recover(ctx context.Context) error {
	if err := r.checkVersion(ctx); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(r.home, damageMark)); err != nil && r.usable(ctx) {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err // usable may have said no for lack of time
	}
	return r.remake(ctx)
}

// checkVersion refuses a git that lacks what this package needs.
func (r *Repository) checkVersion(ctx context.Context) error {
	out, err := r.run(ctx, command{args: []string{"version"}})
	if err != nil {
		return fmt.Errorf("asking git for its version: %w", err)
	}
	fields := strings.FieldsFunc(strings.TrimPrefix(out, "git version "), func(c rune) bool { return c < '0' || c > '9' })
	if len(fields) < 2 {
		return fmt.Errorf("reading git's version %q", strings.TrimSpace(out))
	}
	major, _ := strconv.Atoi(fields[0])
	minor, _ := strconv.Atoi(fields[1])
	if major < 2 || major == 2 && minor < 34 {
		return fmt.Errorf("git %d.%d is too old: want 2.34 or newer", major, minor)
	}
	return nil
}

// remake starts with an empty repository. It appears under its name only when
// it is complete.
func (r *Repository) remake(ctx context.Context) error {
	made := r.dir + ".new"
	for _, dir := range []string{made, r.dir} {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("removing a damaged repository: %w", err)
		}
	}
	a := r.acquire()
	defer a.release()
	fresh := &Repository{cfg: r.cfg, git: r.git, home: r.home, dir: made, access: a}
	if err := os.Mkdir(made, 0o700); err != nil {
		return fmt.Errorf("making the repository: %w", err)
	}
	for _, args := range [][]string{
		{"init", "--quiet", "--bare", "--template=", "--initial-branch=main"},
		{"config", "shopset.remote", r.URL()},
		{"config", "shopset.filter", r.cfg.Filter},
	} {
		if _, err := fresh.run(ctx, command{args: args}); err != nil {
			return fmt.Errorf("making the repository: %w", err)
		}
	}
	if err := os.Rename(made, r.dir); err != nil {
		return fmt.Errorf("making the repository: %w", err)
	}
	if err := os.Remove(filepath.Join(r.home, damageMark)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the mark of damage: %w", err)
	}
	r.damaged.Store(false)
	return nil
}

// usable clears what dead processes left behind and looks for damage: another
// remote, packs cut short, refs or history that cannot be read.
func (r *Repository) usable(ctx context.Context) bool {
	if r.sweep() != nil || r.checkPacks() != nil {
		return false
	}
	for key, want := range map[string]string{"shopset.remote": r.URL(), "shopset.filter": r.cfg.Filter} {
		got, err := r.run(ctx, command{args: []string{"config", "--local", "--get", key}})
		if err != nil || strings.TrimSuffix(got, "\n") != want {
			return false
		}
	}
	if r.dropStaging(ctx) != nil {
		return false
	}
	_, err := r.run(ctx, command{args: []string{"rev-list", "--count", "--all"}})
	return err == nil
}

// dropStaging forgets commits that were made and perhaps never pushed: whoever
// made them makes them again.
func (r *Repository) dropStaging(ctx context.Context) error {
	refs, err := r.localRefs(ctx, stagingPrefix)
	if err != nil {
		return err
	}
	return r.deleteRefs(ctx, refs)
}

// sweep removes lock files and temporary packs. Nobody else holds the directory
// and no writer runs, so all of them are left from dead processes.
func (r *Repository) sweep() error {
	return filepath.WalkDir(r.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.Type().IsRegular() && (strings.HasSuffix(name, ".lock") || strings.HasPrefix(name, "tmp_") ||
			name == "gc.pid" || strings.HasPrefix(name, "fast_import_crash_")) {
			return os.Remove(path)
		}
		return nil
	})
}

// checkPacks compares the checksum at the end of every pack with the one that
// its index recorded; a pack cut short or torn by a crash does not have it.
func (r *Repository) checkPacks() error {
	packs, err := filepath.Glob(filepath.Join(globQuote(r.dir), "objects", "pack", "*.pack"))
	if err != nil {
		return err
	}
	for _, pack := range packs {
		inPack, err := tail(pack, 20)
		if err != nil {
			return err
		}
		inIndex, err := tail(strings.TrimSuffix(pack, ".pack")+".idx", 40)
		if err != nil {
			return err
		}
		if !bytes.Equal(inPack, inIndex[:20]) {
			return fmt.Errorf("pack %q: %w", filepath.Base(pack), ErrCorrupt)
		}
	}
	return nil
}

func globQuote(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

func tail(path string, size int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < size {
		return nil, fmt.Errorf("file %q: %w", filepath.Base(path), ErrCorrupt)
	}
	end := make([]byte, size)
	_, err = file.ReadAt(end, info.Size()-size)
	return end, err
}
