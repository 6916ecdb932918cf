package render

import (
	"maps"
	"slices"
	"strings"

	"shopset.dev/shopset/internal/plan/objectid"
)

// Blob is a file in Git. Its mode is empty for a regular file.
type Blob struct {
	OID, Mode string
	Content   []byte
}

// Want is what a branch, or a folder of it, shall hold of ours.
type Want struct {
	Files Tree
	// Remove lists files and folders whose object is being deleted or has moved elsewhere.
	// Whatever is in neither Files nor Remove belongs to people and is kept.
	Remove []string
	// Turn is passed to Decide; Remembered is the LastInput of each path.
	Turn       bool
	Remembered map[string]string
}

// Change is one difference that a commit makes. A nil Body removes the path.
type Change struct {
	Path string
	Body []byte
}

// Merged is the outcome of holding what we want against what Git has.
type Merged struct {
	// Changes, sorted by path.
	Changes []Change
	// Kept are paths whose content is not what we would write, with the reason.
	Kept map[string]Verdict
	// Files are the entries by path after the changes.
	Files map[string]objectid.Entry
}

// Merge decides about every file.
func Merge(have map[string]Blob, want Want) Merged {
	m := Merged{Kept: map[string]Verdict{}, Files: map[string]objectid.Entry{}}
	for p, b := range have {
		m.Files[p] = objectid.Entry{Mode: b.Mode, ID: b.OID}
	}
	for _, p := range slices.Sorted(maps.Keys(want.Files)) {
		f := want.Files[p]
		b, found := have[p]
		id := objectid.Blob(f.Body)
		content := b.Content
		if found && b.OID == id {
			content = f.Body
		}
		v := Decide(Existing{Found: found, Content: content, LastInput: want.Remembered[p]}, f, want.Turn)
		switch v {
		case Same:
		case Write:
			m.Changes = append(m.Changes, Change{Path: p, Body: f.Body})
			m.Files[p] = objectid.Entry{ID: id}
		case KeepOlder, KeepEdited, KeepRemoved:
			m.Kept[p] = v
		}
	}
	for _, p := range slices.Sorted(maps.Keys(have)) {
		if _, wanted := want.Files[p]; !wanted && below(p, want.Remove) {
			m.Changes = append(m.Changes, Change{Path: p})
			delete(m.Files, p)
		}
	}
	slices.SortFunc(m.Changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return m
}

func below(path string, roots []string) bool {
	for _, r := range roots {
		if path == r || strings.HasPrefix(path, r+"/") {
			return true
		}
	}
	return false
}
