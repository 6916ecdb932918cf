package objectid_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"shopset.dev/shopset/internal/plan/objectid"
)

// TestTreeAgreesWithGit writes files that sort in awkward ways and asks the real git.
func TestTreeAgreesWithGit(t *testing.T) {
	files := map[string]string{
		"a": "1", "a.b": "2", "a/c": "3", "a-b/c": "4", "b/c/d/e": "5", "b/c.yaml": "", "README": "x\ny",
	}
	delete(files, "a") // a file and a folder of one name cannot live together
	for name, fs := range map[string]map[string]string{
		"awkward order": files,
		"one file":      {"x": "y"},
		"nothing":       {},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			ids := map[string]objectid.Entry{}
			for path, content := range fs {
				full := filepath.Join(dir, path)
				if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
				ids[path] = objectid.Entry{ID: objectid.Blob([]byte(content))}
			}
			want := git(t, dir, "init", "-q") + git(t, dir, "add", "-A") + git(t, dir, "write-tree")
			got, err := objectid.Tree(ids)
			if err != nil {
				t.Fatal(err)
			}
			if got != strings.TrimSpace(want) {
				t.Errorf("tree id: got %s, git says %s", got, want)
			}
		})
	}
}

func TestTreeRefusesWhatIsNoID(t *testing.T) {
	if _, err := objectid.Tree(map[string]objectid.Entry{"a/b": {ID: "beef"}}); err == nil || !strings.Contains(err.Error(), `"b"`) {
		t.Errorf("want an error that names the entry, got %v", err)
	}
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatal(fmt.Errorf("git %v: %w: %s", args, err, out))
	}
	return string(out)
}
