package render_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/internal/cli/exit"
)

// put writes files below a folder.
func put(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, body := range files {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOutFolder renders into folders of many states.
func TestOutFolder(t *testing.T) {
	rendered := must(t, "-f", "testdata/fleet")
	const overlay = "tier-30/overlays/a-2/kustomization.yaml"
	first := func(t *testing.T, out string) {
		if _, stderr, code := run(t, "--out", out, "-f", "testdata/fleet"); code != exit.OK {
			t.Fatalf("the first run: exit code %d: %s", code, stderr)
		}
	}
	tests := map[string]struct {
		prepare func(t *testing.T, out string)
		force   bool
		code    exit.Code
		stderr  string
		// besides are files beside the rendered ones; instead are files in the place of rendered ones.
		besides map[string]string
		instead map[string]string
	}{
		"it is made, with the folders around it": {prepare: func(*testing.T, string) {}},
		"it is empty": {prepare: func(t *testing.T, out string) {
			if err := os.MkdirAll(out, 0o700); err != nil {
				t.Fatal(err)
			}
		}},
		"once more changes nothing": {prepare: first},
		"what is no longer wanted goes": {prepare: func(t *testing.T, out string) {
			more := filepath.Join(t.TempDir(), "more.yaml")
			put(t, filepath.Dir(more), map[string]string{"more.yaml": "apiVersion: shopset.dev/v1alpha1\nkind: ShopSet\n" +
				"metadata: {name: more}\nspec: {tier: dev, configuration: dev, cluster: b}\n"})
			if _, stderr, code := run(t, "--out", out, "-f", "testdata/fleet", "-f", more); code != exit.OK {
				t.Fatal(stderr)
			}
			if _, there := tree(t, out)["tier-0/overlays/more/kustomization.yaml"]; !there {
				t.Fatal("the first run did not render the ShopSet")
			}
		}},
		"somebody's files among ours stay": {prepare: func(t *testing.T, out string) {
			first(t, out)
			put(t, out, map[string]string{"tier-0/base/kustomization.yaml": "resources: []\n", "notes.txt": "mine"})
		}, besides: map[string]string{"tier-0/base/kustomization.yaml": "resources: []\n", "notes.txt": "mine"}},
		"what somebody changed in the way is refused": {prepare: func(t *testing.T, out string) {
			first(t, out)
			put(t, out, map[string]string{overlay: "mine"})
		}, code: exit.Usage, stderr: "somebody else wrote " + overlay, instead: map[string]string{overlay: "mine"}},
		"what somebody changed in the way, with force": {prepare: func(t *testing.T, out string) {
			first(t, out)
			put(t, out, map[string]string{overlay: "mine"})
		}, force: true},
		"what somebody changed and nobody wants stays": {prepare: func(t *testing.T, out string) {
			more := filepath.Join(t.TempDir(), "more.yaml")
			put(t, filepath.Dir(more), map[string]string{"more.yaml": "apiVersion: shopset.dev/v1alpha1\nkind: ShopSet\n" +
				"metadata: {name: more}\nspec: {tier: dev, configuration: dev, cluster: b}\n"})
			if _, stderr, code := run(t, "--out", out, "-f", "testdata/fleet", "-f", more); code != exit.OK {
				t.Fatal(stderr)
			}
			put(t, out, map[string]string{"tier-0/overlays/more/kustomization.yaml": "mine"})
		}, stderr: "it was changed since shopctl wrote it, and stays", besides: map[string]string{"tier-0/overlays/more/kustomization.yaml": "mine"}},
		"a folder of somebody's is refused": {prepare: func(t *testing.T, out string) {
			put(t, out, map[string]string{"mine.txt": "mine"})
		}, code: exit.Usage, stderr: "shopctl did not write it", besides: map[string]string{"mine.txt": "mine"}},
		"a folder of somebody's, with force": {prepare: func(t *testing.T, out string) {
			put(t, out, map[string]string{"mine.txt": "mine", "main/argocd/mine.yaml": "mine"})
		}, force: true, besides: map[string]string{"mine.txt": "mine", "main/argocd/mine.yaml": "mine"}},
		"a marker that was tampered with leads nowhere else": {prepare: func(t *testing.T, out string) {
			first(t, out)
			put(t, filepath.Dir(out), map[string]string{"precious": "mine"})
			put(t, out, map[string]string{".shopctl-render.json": `{"files": {"../precious": "5ee8b2a94a8b4ee0a8e0bb3e8f5a0b8a8d1f0b0e8f1e8f8f8f8f8f8f8f8f8f8f"}}`})
		}},
		"a link that leads out is not followed": {prepare: func(t *testing.T, out string) {
			first(t, out)
			elsewhere := filepath.Join(t.TempDir(), "elsewhere")
			if err := os.Rename(filepath.Join(out, "main"), elsewhere); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(elsewhere, filepath.Join(out, "main")); err != nil {
				t.Fatal(err)
			}
		}, force: true, code: exit.Failure, stderr: "escapes"},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		tc := tests[name]
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "new", "out")
			tc.prepare(t, out)
			args := []string{"--out", out, "-f", "testdata/fleet"}
			if tc.force {
				args = append(args, "--force")
			}
			_, stderr, code := run(t, args...)
			if code != tc.code || !strings.Contains(stderr, tc.stderr) {
				t.Fatalf("exit code %d, want %d with %q: %s", code, tc.code, tc.stderr, stderr)
			}
			want := maps.Clone(tc.besides)
			if want == nil {
				want = map[string]string{}
			}
			if code == exit.OK || tc.instead != nil {
				maps.Copy(want, rendered)
			}
			maps.Copy(want, tc.instead)
			if code != exit.Failure {
				if diff := cmp.Diff(want, tree(t, out)); diff != "" {
					t.Errorf("the folder (-want +got):\n%s", diff)
				}
			}
			around, err := os.ReadDir(filepath.Dir(out))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range around {
				if e.Name() != "out" && e.Name() != "precious" {
					t.Errorf("left beside the folder: %s", e.Name())
				}
			}
		})
	}
}
