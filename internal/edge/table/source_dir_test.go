package table

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/plan/routes"
)

func writeAll(t *testing.T, folder string, set map[string]string) {
	t.Helper()
	for name, text := range set {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// follow runs a store on a source until the test ends.
func follow(t *testing.T, source Source) *Store {
	t.Helper()
	store := newStore(t).Store
	store.config.Clock = clock.RealClock{}
	store.config.Swapped, store.config.Refused = nil, nil
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- store.Run(ctx, source) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("running the store: %v", err)
		}
	})
	return store
}

func until(t *testing.T, what string, condition func() bool) (took time.Duration) {
	t.Helper()
	began := time.Now()
	for !condition() {
		if time.Since(began) > 30*time.Second {
			t.Fatalf("not so after 30 s: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return time.Since(began)
}

func epochIs(s *Store, epoch int64) func() bool {
	return func() bool { state := s.State(); return state != nil && state.Table.Epoch == epoch }
}

func TestAFolderIsFollowed(t *testing.T) {
	folder := t.TempDir()
	s := follow(t, &Dir{Path: folder, Clock: clock.RealClock{}})
	until(t, "an empty folder is said to be empty", func() bool { status, _ := s.Status(); return status.Refused != nil && status.Refused.Reason == Empty })
	writeAll(t, folder, files(t, fleet(1, 10_000)))
	until(t, "epoch 1 is in force", epochIs(s, 1))
	writeAll(t, folder, files(t, fleet(2, 10_000)))
	t.Logf("epoch 2 after %v", until(t, "epoch 2 is in force", epochIs(s, 2)))
	writeAll(t, folder, map[string]string{routes.OverrideFile: "shopset:a b 2126-01-02T04:00:00Z taro why\n"})
	until(t, "the override is in force", func() bool { return s.State().Overrides.InForce(time.Now()) == 1 })
	if err := os.Remove(filepath.Join(folder, routes.OverrideFile)); err != nil {
		t.Fatal(err)
	}
	until(t, "the override is gone", func() bool { return s.State().Overrides.InForce(time.Now()) == 0 })
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	until(t, "the loss of the folder is said", func() bool { status, _ := s.Status(); return status.Trouble != "" })
	if !epochIs(s, 2)() {
		t.Error("the table went with the folder")
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	writeAll(t, folder, files(t, fleet(3, 10_000)))
	until(t, "epoch 3 is in force", epochIs(s, 3))
	if status, _ := s.Status(); status.Trouble != "" {
		t.Errorf("still in trouble: %s", status.Trouble)
	}
}

func TestACloneIsFollowed(t *testing.T) {
	clone := t.TempDir()
	if err := os.Mkdir(filepath.Join(clone, routes.Folder), 0o700); err != nil {
		t.Fatal(err)
	}
	writeAll(t, filepath.Join(clone, routes.Folder), files(t, fleet(7, 10)))
	s := follow(t, &Dir{Path: clone, Clock: clock.RealClock{}})
	until(t, "epoch 7 is in force", epochIs(s, 7))
	if source := s.State().Source; source != "folder "+filepath.Join(clone, routes.Folder) {
		t.Errorf("source %q", source)
	}
}
