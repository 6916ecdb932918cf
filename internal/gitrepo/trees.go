package gitrepo

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// treeLimit bounds one directory: 32 MiB, some hundred thousand entries.
const treeLimit = 32 << 20

// Entry reads the entry at one path of a commit (or tree); false when there is none. Directories
// on the way that a filter left out are fetched first, where the first id is a commit's.
func (r *Repository) Entry(ctx context.Context, commit OID, path string) (entry TreeEntry, found bool, err error) {
	defer r.observe("entry", &err)()
	if err := checkPath(path); err != nil {
		return TreeEntry{}, false, err
	}
	if r.cfg.Filter == CommitsOnly {
		if err := r.fetchDirectories(ctx, commit, path); err != nil {
			return TreeEntry{}, false, fmt.Errorf("fetching the directories of %q at commit %s of %s: %w", path, commit.Short(), r.URL(), err)
		}
	}
	entries, err := r.listTree(ctx, commit, nil, []string{path})
	if err != nil {
		return TreeEntry{}, false, fmt.Errorf("reading %q at commit %s of %s: %w", path, commit.Short(), r.URL(), err)
	}
	entry, found = entries[path]
	return entry, found, nil
}

// fetchDirectories downloads the directories from the root of a commit down to a path, one by
// one, as far as they exist and are not here yet.
func (r *Repository) fetchDirectories(ctx context.Context, commit OID, path string) error {
	found, err := r.readCommits(ctx, []OID{commit})
	if err != nil {
		return err
	}
	id := found[0].Tree
	for name := range strings.SplitSeq(path, "/") {
		directory, err := r.directory(ctx, id)
		if err != nil {
			return err
		}
		next, ok := directory[name]
		if !ok || next.Mode != ModeTree {
			return nil
		}
		id = next.OID
	}
	return nil
}

// directory reads one tree, downloading it if need be.
func (r *Repository) directory(ctx context.Context, id OID) (entries map[string]TreeEntry, err error) {
	read := func(_ int, o object) error {
		if o.kind == "tree" {
			entries, err = parseTree(o.data)
		}
		return err
	}
	if err := r.batch(ctx, []string{string(id)}, treeLimit, read); err != nil || entries != nil {
		return entries, err
	}
	if err := r.fetchObjects(ctx, []OID{id}); err != nil {
		return nil, err
	}
	if err := r.batch(ctx, []string{string(id)}, treeLimit, read); err != nil {
		return nil, err
	}
	if entries == nil {
		return nil, fmt.Errorf("tree %s: %w", id, ErrMissingObject)
	}
	return entries, nil
}

// ListFiles lists all files and gitlinks of a commit (or tree) below the
// directory prefix ("" for all): full path → entry. A prefix that is not there
// gives an empty map.
func (r *Repository) ListFiles(ctx context.Context, commit OID, prefix string) (entries map[string]TreeEntry, err error) {
	defer r.observe("list-files", &err)()
	var paths []string
	if prefix = strings.TrimSuffix(prefix, "/"); prefix != "" {
		if err := checkPath(prefix); err != nil {
			return nil, err
		}
		paths = []string{prefix + "/"}
	}
	entries, err = r.listTree(ctx, commit, []string{"-r"}, paths)
	if err != nil {
		return nil, fmt.Errorf("listing %q at commit %s of %s: %w", prefix, commit.Short(), r.URL(), err)
	}
	return entries, nil
}

func (r *Repository) listTree(ctx context.Context, id OID, flags, paths []string) (map[string]TreeEntry, error) {
	if err := id.check(); err != nil {
		return nil, err
	}
	args := append([]string{"ls-tree", "-z", "--full-tree"}, flags...)
	args = append(append(args, string(id), "--"), paths...)
	out, err := r.run(ctx, command{args: args})
	if err != nil {
		return nil, err
	}
	entries := make(map[string]TreeEntry)
	for out != "" {
		var record string
		record, out, _ = strings.Cut(out, "\x00")
		// "<mode> <type> <id>\t<path>"
		meta, path, ok := strings.Cut(record, "\t")
		fields := strings.Fields(meta)
		if !ok || len(fields) != 3 {
			return nil, fmt.Errorf("reading tree entry %q: %w", record, ErrCorrupt)
		}
		entries[path] = TreeEntry{Mode: Mode(fields[0]), OID: OID(fields[2])}
	}
	return entries, nil
}

// RootEntries reads the root directories of many commits (or trees), in the
// order given: name → entry.
func (r *Repository) RootEntries(ctx context.Context, commits ...OID) (roots []map[string]TreeEntry, err error) {
	defer r.observe("root-entries", &err)()
	if err := checkOIDs(commits...); err != nil {
		return nil, err
	}
	names := make([]string, len(commits))
	for i, commit := range commits {
		names[i] = string(commit) + "^{tree}"
	}
	roots = make([]map[string]TreeEntry, len(commits))
	err = r.batch(ctx, names, treeLimit, func(i int, o object) error {
		if o.kind != "tree" {
			return fmt.Errorf("tree of commit %s: %w", commits[i], ErrMissingObject)
		}
		root, err := parseTree(o.data)
		if err != nil {
			return fmt.Errorf("tree of commit %s: %w", commits[i], err)
		}
		roots[i] = root
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the roots of %d commits of %s: %w", len(commits), r.URL(), err)
	}
	return roots, nil
}

var errTree = errors.New("malformed tree")

// parseTree reads "<mode> <name>\0<20 bytes of id>", over and over.
func parseTree(data []byte) (map[string]TreeEntry, error) {
	entries := make(map[string]TreeEntry)
	for len(data) > 0 {
		meta, rest, ok := bytes.Cut(data, []byte{0})
		mode, name, spaced := strings.Cut(string(meta), " ")
		if !ok || !spaced || len(rest) < 20 {
			return nil, errors.Join(ErrCorrupt, errTree)
		}
		if len(mode) == 5 { // trees leave out the zero of 040000
			mode = "0" + mode
		}
		entries[name] = TreeEntry{Mode: Mode(mode), OID: OID(hex.EncodeToString(rest[:20]))}
		data = rest[20:]
	}
	return entries, nil
}
