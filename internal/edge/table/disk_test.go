package table

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/internal/plan/routes"
)

func newDisk(t *testing.T, folder string) *Disk {
	t.Helper()
	d, err := NewDisk(folder, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheLastGoodTableComesBack(t *testing.T) {
	folder := t.TempDir()
	d := newDisk(t, folder)
	if u, err := d.Load(); u != nil || err != nil {
		t.Fatalf("an empty folder gives %v, %v", u, err)
	}
	const override = "shopset:a b 2026-01-02T04:00:00Z taro why\n"
	f := newStore(t)
	for epoch, n := range []int{20_000, 20_001, 19_999} {
		f.Offer(Update{Source: "here", Files: files(t, fleet(int64(epoch+1), n)), Override: override})
		if err := d.Save(f.State()); err != nil {
			t.Fatal(err)
		}
	}
	u, err := newDisk(t, folder).Load()
	if err != nil {
		t.Fatal(err)
	}
	want := files(t, fleet(3, 19_999))
	if diff := cmp.Diff(want, u.Files); diff != "" || u.Override != override {
		t.Errorf("%s\n%s", diff, u.Override)
	}
	g := newStore(t)
	g.Offer(*u)
	again := newDisk(t, folder)
	if _, err := again.Load(); err != nil {
		t.Fatal(err)
	}
	old := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	shard := largest(t, filepath.Join(folder, "table"))
	if err := os.Chtimes(shard, old, old); err != nil {
		t.Fatal(err)
	}
	if err := again.Save(g.State()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(shard); err != nil || !info.ModTime().Equal(old) {
		t.Errorf("a file that was read at the start is written again: %v", err)
	}
	if g.epoch() != 3 || g.route(host(7)) != "shop-000007 b" {
		t.Errorf("epoch %d, %s, %v", g.epoch(), g.route(host(7)), g.refused)
	}
	entries, err := os.ReadDir(filepath.Join(folder, "table"))
	if err != nil {
		t.Fatal(err)
	}
	if most := len(want) + 1; len(entries) > most {
		t.Errorf("%d files are kept for a table of %d", len(entries), most)
	}
}

func TestADamagedCopyIsSaidAndNotUsed(t *testing.T) {
	tests := map[string]struct {
		damage func(t *testing.T, folder string)
		says   string
	}{
		"the index lost its end": {func(t *testing.T, folder string) {
			edit(t, filepath.Join(folder, currentFile), func(s string) string { return s[:len(s)/2] })
		}, "does not have the checksum"},
		"the index is empty": {func(t *testing.T, folder string) {
			edit(t, filepath.Join(folder, currentFile), func(string) string { return "" })
		}, "does not have the checksum"},
		"a bit of a shard flipped": {func(t *testing.T, folder string) {
			edit(t, largest(t, folder), func(s string) string { return strings.Replace(s, "7", "6", 1) })
		}, "another SHA-256"},
		"a shard is gone": {func(t *testing.T, folder string) {
			if err := os.Remove(largest(t, folder)); err != nil {
				t.Fatal(err)
			}
		}, "no such file"},
		"a shard has become huge": {func(t *testing.T, folder string) {
			edit(t, largest(t, folder), func(string) string { return strings.Repeat("x", routes.MaxFile+1) })
		}, "more than"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			f := newStore(t)
			f.offer(files(t, fleet(1, 100)))
			if err := newDisk(t, folder).Save(f.State()); err != nil {
				t.Fatal(err)
			}
			test.damage(t, filepath.Join(folder, "table"))
			u, err := newDisk(t, folder).Load()
			if u != nil || err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, %v; want %q", u, err, test.says)
			}
		})
	}
}

func edit(t *testing.T, path string, change func(string) string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(change(string(content))), 0o600); err != nil {
		t.Fatal(err)
	}
}

func largest(t *testing.T, folder string) (path string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	size := int64(-1)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.Size() > size && entry.Name() != currentFile {
			path, size = filepath.Join(folder, entry.Name()), info.Size()
		}
	}
	return path
}

func TestWhatWasPutIsSavedBeforeTheEnd(t *testing.T) {
	folder := t.TempDir()
	d := newDisk(t, folder)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	f := newStore(t)
	f.offer(files(t, fleet(1, 10)))
	d.Put(f.State())
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(filepath.Join(folder, "table", currentFile)); err == nil || time.Now().After(deadline) {
			break
		}
	}
	f.offer(files(t, fleet(2, 10)))
	d.Put(f.State()) // it rests after the first
	cancel()
	<-done
	u, err := newDisk(t, folder).Load()
	if err != nil || u == nil || !strings.Contains(u.Files[routes.IndexFile], "# epoch 2\n") {
		t.Errorf("%v, %v", u, err)
	}
}
