package image

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func put(t *testing.T, store Store, ref string, entrypoint ...string) {
	t.Helper()
	dir := filepath.Join(store.Dir, Key(ref))
	data, err := json.Marshal(Image{Ref: ref, Entrypoint: entrypoint})
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "image.json"), data, 0o644)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "binary"), []byte("#!/bin/sh\n"), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestFind(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	put(t, store, "registry.test:5000/shop/cart:v1")
	for name, test := range map[string]struct {
		ref  string
		want error
	}{
		"an image of the store":                    {"registry.test:5000/shop/cart:v1", nil},
		"another tag of a known repository":        {"registry.test:5000/shop/cart:v2", ErrNoSuchTag},
		"a digest of a known repository":           {"registry.test:5000/shop/cart@sha256:00", ErrNoSuchTag},
		"a known repository without a tag":         {"registry.test:5000/shop/cart", ErrNoSuchTag},
		"another repository":                       {"registry.test:5000/shop/carts:v1", ErrUnknown},
		"the same repository of another registry":  {"elsewhere/shop/cart:v1", ErrUnknown},
		"something that is no reference of images": {"../../etc", ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := store.Find(test.ref); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
	if _, err := (Store{Dir: "/nonexistent"}).Find("a:b"); !errors.Is(err, ErrUnknown) {
		t.Errorf("in a store that is not there: %v", err)
	}
}

func TestCommand(t *testing.T) {
	store := Store{Dir: t.TempDir()}
	put(t, store, "registry.test/cart:v1", "binary", "--default")
	img, err := store.Find("registry.test/cart:v1")
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(img.Dir, "binary")
	for name, test := range map[string]struct {
		command, args []string
		want          Command
		fails         bool
	}{
		"nothing said runs the entrypoint":        {want: Command{binary, []string{"binary", "--default"}}},
		"args are added to the entrypoint":        {args: []string{"x"}, want: Command{binary, []string{"binary", "--default", "x"}}},
		"a command replaces the entrypoint":       {command: []string{"binary", "y"}, want: Command{binary, []string{"binary", "y"}}},
		"the repository's name means the binary":  {command: []string{"/usr/bin/cart"}, want: Command{binary, []string{"/usr/bin/cart"}}},
		"a program of the machine":                {command: []string{"/bin/sh", "-c", ":"}, want: Command{"/bin/sh", []string{"/bin/sh", "-c", ":"}}},
		"a program that is nowhere":               {command: []string{"/usr/bin/checkout"}, fails: true},
		"a way out of the image is not its file":  {command: []string{"../../no/such"}, fails: true},
		"a description is no program of an image": {command: []string{"image.json"}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := img.Command(test.command, test.args)
			if (err != nil) != test.fails {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
