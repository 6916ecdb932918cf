// Package image fills the store of images that Pods run as local processes;
// the node agent's package of the same name says what the store looks like.
// A Pod whose image is not in the store is simulated.
package image

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	node "shopset.dev/shopset/sandbox/internal/node/image"
	"shopset.dev/shopset/sandbox/internal/state"
)

const (
	description = "image.json"
	program     = "binary"
)

// Store is a directory of images.
type Store string

// Load puts a program into the store under a reference, replacing the image of
// that reference. Containers that run keep the program they started with.
func (s Store) Load(ref, path string, arguments []string, env map[string]string) error {
	if strings.TrimSpace(ref) == "" {
		return errors.New("loading an image: the reference is empty")
	}
	dir := filepath.Join(string(s), node.Key(ref))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("loading image %q: %w", ref, err)
	}
	if err := copyProgram(path, filepath.Join(dir, program)); err != nil {
		return fmt.Errorf("loading image %q: %w", ref, err)
	}
	data, err := json.MarshalIndent(node.Image{
		Ref:        ref,
		Entrypoint: append([]string{program}, arguments...),
		Env:        env,
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("loading image %q: %w", ref, err)
	}
	return state.WriteFile(filepath.Join(dir, description), append(data, '\n'), 0o600)
}

// copyProgram copies rather than links: a build that writes into the original
// must not change, or be refused because of, what a Pod runs.
func copyProgram(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	if info, err := source.Stat(); err != nil {
		return err
	} else if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", from)
	}
	target, err := os.CreateTemp(filepath.Dir(to), ".binary.*")
	if err != nil {
		return err
	}
	defer os.Remove(target.Name()) // gone already when all went well
	_, err = io.Copy(target, source)
	if err := errors.Join(err, target.Chmod(0o755), target.Close()); err != nil {
		return err
	}
	return os.Rename(target.Name(), to)
}
