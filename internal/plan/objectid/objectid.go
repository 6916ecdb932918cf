// Package objectid computes the ids that Git gives to blobs and trees, so that
// the planner can tell what a tree will be called without writing it anywhere.
// Repositories with SHA-1 object ids only.
package objectid

import (
	"cmp"
	"crypto/sha1" //nolint:gosec // Git's object ids are SHA-1; nothing is authenticated with them.
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Blob is the id of a file with this content, 40 hexadecimal digits.
func Blob(content []byte) string {
	h := sha1.New() //nolint:gosec // see the import
	fmt.Fprintf(h, "blob %d\x00", len(content))
	h.Write(content)
	return hex.EncodeToString(h.Sum(nil))
}

// Entry is one file of a tree. An empty Mode is a regular file's, 100644.
type Entry struct{ Mode, ID string }

const regular, folder = "100644", "40000"

// Tree is the id of the tree which holds the given files, by slash-separated path. An empty map
// gives the id of Git's empty tree.
func Tree(files map[string]Entry) (string, error) {
	entries := map[string]Entry{}
	nested := map[string]map[string]Entry{}
	for path, e := range files {
		name, rest, below := strings.Cut(path, "/")
		if !below {
			entries[name] = e
			continue
		}
		if nested[name] == nil {
			nested[name] = map[string]Entry{}
		}
		nested[name][rest] = e
	}
	for name, inner := range nested {
		id, err := Tree(inner)
		if err != nil {
			return "", err
		}
		entries[name] = Entry{folder, id}
	}
	var body []byte
	for _, name := range sorted(entries) {
		e := entries[name]
		raw, err := hex.DecodeString(e.ID)
		if err != nil || len(raw) != sha1.Size {
			return "", fmt.Errorf("hashing the tree entry %q: %q is not an object id", name, e.ID)
		}
		body = append(body, cmp.Or(e.Mode, regular)+" "+name+"\x00"...)
		body = append(body, raw...)
	}
	h := sha1.New() //nolint:gosec // see the import
	fmt.Fprintf(h, "tree %d\x00", len(body))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// sorted gives the names in Git's order: a folder sorts as if its name ended in a slash.
func sorted(entries map[string]Entry) []string {
	key := func(name string) string {
		if entries[name].Mode == folder {
			return name + "/"
		}
		return name
	}
	return slices.SortedFunc(maps.Keys(entries), func(a, b string) int { return strings.Compare(key(a), key(b)) })
}
