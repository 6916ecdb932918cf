package table

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"shopset.dev/shopset/internal/plan/routes"
)

// Disk keeps the last good table in a folder: each file under its SHA-256, and in CURRENT the index
// with a checksum of its own. CURRENT is replaced, by renaming, once all files that it lists are
// on the disk; so it is always a whole table, and only what has changed is written.
type Disk struct {
	folder string
	log    *slog.Logger
	latest atomic.Pointer[State]
	wake   chan struct{}
	have   map[string]bool // names of files that are known to be there and good
	failed bool            // the last save failed, and that was said
}

const (
	currentFile    = "CURRENT"
	checksumLine   = "# last good table of this edge; sha256 of what follows: "
	overrideLine   = "# override "
	restBetween    = time.Second
	diskFileMode   = 0o600
	diskFolderMode = 0o700
)

// NewDisk makes the folder if need be.
func NewDisk(folder string, log *slog.Logger) (*Disk, error) {
	folder = filepath.Join(folder, "table")
	if err := os.MkdirAll(folder, diskFolderMode); err != nil {
		return nil, fmt.Errorf("making the folder of the last good table: %w", err)
	}
	return &Disk{folder: folder, log: log, wake: make(chan struct{}, 1), have: map[string]bool{}}, nil
}

// Load gives the table that was saved, verified; nil if there is none.
func (d *Disk) Load() (*Update, error) {
	text, err := readLimited(filepath.Join(d.folder, currentFile), routes.MaxFile+1024)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	first, rest, _ := strings.Cut(text, "\n")
	if want, found := strings.CutPrefix(first, checksumLine); !found || want != sumOf(rest) {
		return nil, fmt.Errorf("%s in %s does not have the checksum that it names; it is ignored", currentFile, d.folder)
	}
	second, indexText, _ := strings.Cut(rest, "\n")
	index, err := routes.ParseIndex(indexText)
	if err != nil {
		return nil, err
	}
	u := &Update{Source: "disk " + d.folder, Files: map[string]string{routes.IndexFile: indexText}}
	for _, f := range index.Files {
		if u.Files[f.Name], err = d.read(hex.EncodeToString(f.Sum[:])); err != nil {
			return nil, fmt.Errorf("reading %s of the last good table: %w", f.Name, err)
		}
	}
	if sum := strings.TrimPrefix(second, overrideLine); sum != sumOf("") {
		if u.Override, err = d.read(sum); err != nil {
			return nil, fmt.Errorf("reading the overrides of the last good table: %w", err)
		}
	}
	return u, nil
}

func (d *Disk) read(sum string) (string, error) {
	text, err := readLimited(filepath.Join(d.folder, filepath.Base(sum)), routes.MaxFile)
	if err != nil {
		return "", err
	}
	if sumOf(text) != sum {
		return "", fmt.Errorf("%s in %s has another SHA-256; the table is ignored", sum, d.folder)
	}
	d.have[sum] = true
	return text, nil
}

// Put notes what is to be saved. It does not wait.
func (d *Disk) Put(state *State) {
	d.latest.Store(state)
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run saves what was put, at most once a second, until the context ends.
func (d *Disk) Run(ctx context.Context) {
	defer func() {
		if len(d.wake) > 0 {
			d.note(d.Save(d.latest.Load()))
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		}
		d.note(d.Save(d.latest.Load()))
		select {
		case <-ctx.Done():
			return
		case <-time.After(restBetween):
		}
	}
}

// note says once that saving fails, and once that it works again.
func (d *Disk) note(err error) {
	switch {
	case err != nil && !d.failed:
		d.log.Error("the last good table is not saved; a restart without its source would have an older one", "problem", err)
	case err == nil && d.failed:
		d.log.Info("the last good table is saved again")
	}
	d.failed = err != nil
}

// Save writes a state now.
func (d *Disk) Save(state *State) error {
	keep := map[string]bool{currentFile: true}
	put := func(text, sum string) error {
		keep[sum] = true
		if d.have[sum] {
			return nil
		}
		return d.write(sum, text)
	}
	for name, f := range state.Table.files {
		if err := put(f.text, hex.EncodeToString(f.sum[:])); err != nil {
			return fmt.Errorf("saving %s: %w", name, err)
		}
	}
	override := ""
	if state.Overrides != nil {
		override = state.Overrides.text
	}
	if err := put(override, sumOf(override)); err != nil {
		return fmt.Errorf("saving the overrides: %w", err)
	}
	if err := syncFolder(d.folder); err != nil {
		return err
	}
	text := overrideLine + sumOf(override) + "\n" + state.Table.index
	if err := d.write(currentFile, checksumLine+sumOf(text)+"\n"+text); err != nil {
		return err
	}
	if err := syncFolder(d.folder); err != nil {
		return err
	}
	d.have = keep
	return d.sweep(keep)
}

// sweep deletes what no table needs any more.
func (d *Disk) sweep(keep map[string]bool) error {
	entries, err := os.ReadDir(d.folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if keep[entry.Name()] {
			continue
		}
		if err := os.Remove(filepath.Join(d.folder, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// write replaces a file such that it is there as a whole or not at all.
func (d *Disk) write(name, text string) (err error) {
	path := filepath.Join(d.folder, name)
	temporary, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, diskFileMode)
	if err != nil {
		return err
	}
	_, err = temporary.WriteString(text)
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func sumOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// readLimited reads a file into a string without a copy; more than limit bytes are an error.
func readLimited(path string, limit int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var text strings.Builder
	if info, err := f.Stat(); err == nil && info.Size() <= limit {
		text.Grow(int(info.Size()))
	}
	n, err := io.Copy(&text, io.LimitReader(f, limit+1))
	if err != nil {
		return "", err
	}
	if n > limit {
		return "", fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return text.String(), nil
}
