package verify

import (
	"maps"
	"slices"
	"strings"

	"shopset.dev/shopset/internal/plan/render"
)

const (
	checkFiles   = "files as rendered"
	checkObjects = "files match objects"
)

// sealed tells whether a file carries ShopSet's seal, intact or not: only then a change of the
// object it was made from would overwrite it.
func sealed(content []byte) bool {
	return render.Decide(render.Existing{Found: true, Content: content}, render.File{Input: "another object"}, false) == render.Write
}

// climbing tells whether a file belongs to the release of a tier above the lowest: it was put
// there by reference, and what is wrong with it is wrong at the lowest tier.
func climbing(path string) bool {
	return strings.HasPrefix(path, "configurations/") || strings.HasPrefix(path, "platform/")
}

// handEdits asks whether every file that ShopSet wrote is still as it wrote it.
func handEdits(f *facts) []result {
	var out []result
	for i := range f.tiers {
		out = append(out, editsOf(&f.tiers[i].branch, func(path string) bool { return i == 0 || !climbing(path) }))
	}
	return append(out, editsOf(&f.main, func(string) bool { return true }))
}

func editsOf(b *branch, concerns func(path string) bool) result {
	r := result{Check: checkFiles, Branch: b.name}
	asked := false
	for _, path := range slices.Sorted(maps.Keys(b.files)) {
		content := b.files[path].Content
		switch {
		case !concerns(path):
		case render.Intact(content):
			asked = true
		case sealed(content), len(b.edits[path]) > 0:
			asked = true
			r.refute(b.edits[path], "%s was edited by hand", path)
		default:
			r.mention(nil, "%s was written by hand, and never by ShopSet", path)
		}
	}
	return r.judged(verdictIf(asked))
}

// objects asks whether Git holds what the objects render to.
func objects(f *facts) []result {
	if f.desired == nil {
		return nil
	}
	var out []result
	for i := range f.tiers {
		out = append(out, f.matches(&f.tiers[i].branch, i > 0))
	}
	return append(out, f.matches(&f.main, false))
}

func (f *facts) matches(b *branch, above bool) result {
	r := result{Check: checkObjects, Branch: b.name}
	want, known := f.desired.files[b.name]
	if !known {
		r.refute(nil, "no Tier among the objects has this branch")
		return r.judged(refuted)
	}
	for _, path := range slices.Sorted(maps.Keys(want)) {
		have, found := b.files[path]
		switch {
		case above && climbing(path), found && string(have.Content) == string(want[path]):
		case !found:
			r.refute(nil, "%s is missing", path)
		case render.Intact(have.Content):
			r.refute(nil, "%s is not what the objects give: they changed since, or another version of ShopSet wrote it", path)
		default:
			r.refute(b.edits[path], "%s is not what the objects give: it was changed by hand", path)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(b.files)) {
		if _, wanted := want[path]; wanted || (above && climbing(path)) || !render.Intact(b.files[path].Content) {
			continue
		}
		if why := f.desired.waiting[path]; why != "" {
			r.mention(nil, "%s is as it was before: its ShopSet %s", path, why)
			continue
		}
		r.refute(nil, "%s is there, and no object gives it", path)
	}
	return r.judged(proven)
}
