package gitrepo_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// one finds the only file of a pattern.
func one(t *testing.T, dir, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s matches %v, %v, want one file", pattern, found, err)
	}
	return found[0]
}

// cut drops the second half of a file.
func cut(t *testing.T, dir, pattern string) {
	t.Helper()
	path := one(t, dir, pattern)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	remove(t, path) // packs are read-only
	write(t, path, string(data[:len(data)/2]))
}

// random is content that does not compress, the same for the same seed.
func random(seed, size int) []byte {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)}).Read(data)
	return data
}

func stat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}
