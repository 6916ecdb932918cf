package layout_test

import (
	"os"
	"path/filepath"
	"testing"

	"shopset.dev/shopset/sandbox/internal/layout"
)

func TestRemoveAllOpensWhatIsUnreadable(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	closed := filepath.Join(root, "closed")
	if err := os.MkdirAll(filepath.Join(closed, "inner"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(closed, 0o300); err != nil {
		t.Fatal(err)
	}
	if err := layout.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(root); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", root, err)
	}
	if err := layout.RemoveAll(root); err != nil {
		t.Errorf("once more: %v", err)
	}
}
