// Package image is the sandbox's local image store: one directory per image
// reference, with the program to run and how to start it.
//
//	<store>/<sha256 of the reference, hex>/image.json
//	<store>/<sha256 of the reference, hex>/binary
package image

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxManifest bounds image.json, in bytes.
const maxManifest = 1 << 20

var (
	// ErrUnknown: the store knows nothing of the repository; the image is simulated.
	ErrUnknown = errors.New("image is not in the local store")
	// ErrNoSuchTag: the store knows the repository, but not this tag of it.
	ErrNoSuchTag = errors.New("repository is in the local store, but this tag is not")
)

// Image is a program in the store.
type Image struct {
	// Ref is the reference as pods name it, such as "registry.example/cart:v1".
	Ref string `json:"ref"`
	// Entrypoint is the program and its first arguments; relative programs are
	// beside image.json. Empty: the file "binary".
	Entrypoint []string `json:"entrypoint"`
	// Env is the environment the image brings.
	Env map[string]string `json:"env"`

	// Dir is where image.json is.
	Dir string `json:"-"`
}

// Store is a directory of images, written by somebody else at any time.
type Store struct{ Dir string }

// Key is the name of the directory of an image reference.
func Key(ref string) string {
	sum := sha256.Sum256([]byte(ref))
	return hex.EncodeToString(sum[:])
}

// Find returns the image that ref names, ErrNoSuchTag or ErrUnknown.
func (s Store) Find(ref string) (Image, error) {
	img, err := s.read(Key(ref))
	if err == nil && img.Ref == ref {
		return img, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Image{}, fmt.Errorf("reading image %q: %w", ref, err)
	}
	known, err := s.knows(Repository(ref))
	if err != nil {
		return Image{}, fmt.Errorf("looking for the repository of image %q: %w", ref, err)
	}
	if known {
		return Image{}, fmt.Errorf("%q: %w", ref, ErrNoSuchTag)
	}
	return Image{}, fmt.Errorf("%q: %w", ref, ErrUnknown)
}

func (s Store) knows(repository string) (bool, error) {
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, entry := range entries {
		// An image that is just being written is not there yet.
		if img, err := s.read(entry.Name()); err == nil && Repository(img.Ref) == repository {
			return true, nil
		}
	}
	return false, nil
}

func (s Store) read(key string) (Image, error) {
	dir := filepath.Join(s.Dir, key)
	file, err := os.Open(filepath.Join(dir, "image.json"))
	if err != nil {
		return Image{}, err
	}
	defer file.Close()
	img := Image{Dir: dir}
	if err := json.NewDecoder(io.LimitReader(file, maxManifest)).Decode(&img); err != nil {
		return Image{}, fmt.Errorf("decoding %s: %w", file.Name(), err)
	}
	return img, nil
}

// Repository is a reference without its tag and digest.
func Repository(ref string) string {
	ref, _, _ = strings.Cut(ref, "@")
	if colon := strings.LastIndexByte(ref, ':'); colon > strings.LastIndexByte(ref, '/') {
		return ref[:colon]
	}
	return ref
}
