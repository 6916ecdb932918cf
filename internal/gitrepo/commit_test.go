package gitrepo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clocktesting "k8s.io/utils/clock/testing"

	"shopset.dev/shopset/internal/gitrepo"
)

const someCommit gitrepo.OID = "1111111111111111111111111111111111111111"

func TestCommitIsWhatWasAskedFor(t *testing.T) {
	r := plain(t).open(t)
	when := noon.Add(90 * time.Minute).In(time.FixedZone("JST", 9*3600))
	root := commit(t, r, gitrepo.CommitSpec{
		Branch: "tier-0", Message: "Render\nthe first overlay\n\nWith words.\r\n", Author: gitrepo.Identity{Name: "Mia <x>\n", Email: "mia@example.com"},
		Committer: robot, When: when,
		Trailers: []gitrepo.Trailer{{Key: "Release", Value: "a b"}, {Key: "Reason", Value: "line\nActor: nobody"}, {Key: "release", Value: "last"}},
		Changes: []gitrepo.Change{
			gitrepo.PutFile("a file\nwith \"quotes\" \\ and ü", []byte("x")),
			gitrepo.PutFile("empty", nil),
			gitrepo.PutGitlink("base", someCommit),
			{Path: "run.sh", Mode: gitrepo.ModeExecutable, Content: []byte("#!/bin/sh\n")},
			{Path: "link", Mode: gitrepo.ModeSymlink, Content: []byte("empty")},
			gitrepo.PutFile("overlays/shop1/x", []byte("data 3\nfoo\ndone\n")),
		},
	})
	got, err := r.CommitInfo(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	want := gitrepo.Commit{
		OID: root, Tree: got.Tree,
		Author:    gitrepo.Signature{Identity: gitrepo.Identity{Name: "Mia x", Email: "mia@example.com"}, When: when.UTC()},
		Committer: gitrepo.Signature{Identity: robot, When: when.UTC()},
		Subject:   "Render the first overlay",
		Message:   "Render\nthe first overlay\n\nWith words.\n\nRelease: a b\nReason: line Actor: nobody\nrelease: last\n",
		Trailers:  []gitrepo.Trailer{{Key: "Release", Value: "a b"}, {Key: "Reason", Value: "line Actor: nobody"}, {Key: "release", Value: "last"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commit (-want +got):\n%s", diff)
	}
	if got := got.Trailer("Release"); got != "last" {
		t.Errorf("Trailer = %q, want the last one's value", got)
	}
	wantFiles := map[string]gitrepo.TreeEntry{
		"a file\nwith \"quotes\" \\ and ü": {Mode: gitrepo.ModeFile, OID: gitrepo.BlobOID([]byte("x"))},
		"empty":                            {Mode: gitrepo.ModeFile, OID: gitrepo.BlobOID(nil)},
		"base":                             {Mode: gitrepo.ModeGitlink, OID: someCommit},
		"run.sh":                           {Mode: gitrepo.ModeExecutable, OID: gitrepo.BlobOID([]byte("#!/bin/sh\n"))},
		"link":                             {Mode: gitrepo.ModeSymlink, OID: gitrepo.BlobOID([]byte("empty"))},
		"overlays/shop1/x":                 {Mode: gitrepo.ModeFile, OID: gitrepo.BlobOID([]byte("data 3\nfoo\ndone\n"))},
	}
	if diff := cmp.Diff(wantFiles, files(t, r, root, "")); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	git(t, r.Dir(), nil, "fsck", "--strict")
}

func files(t testing.TB, r *gitrepo.Repository, id gitrepo.OID, prefix string) map[string]gitrepo.TreeEntry {
	t.Helper()
	entries, err := r.ListFiles(t.Context(), id, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestCommitChangesTheParentsTree(t *testing.T) {
	put, file := gitrepo.PutFile, func(content string) []byte { return []byte(content) }
	base := []gitrepo.Change{put("a", file("a")), put("d/x", file("x")), put("d/y", file("y")), put("d/z/w", file("w")), gitrepo.PutGitlink("base", someCommit)}
	const all = "a=a base=1 d/x=x d/y=y d/z/w=w"
	cases := map[string]struct {
		changes func(tree func(path string) gitrepo.OID) []gitrepo.Change
		want    string // the resulting files, or "" for ErrNoChange
	}{
		"nothing": {func(func(string) gitrepo.OID) []gitrepo.Change { return nil }, ""},
		"the same content": {func(func(string) gitrepo.OID) []gitrepo.Change {
			return []gitrepo.Change{put("a", file("a")), gitrepo.PutGitlink("base", someCommit)}
		}, ""},
		"another content": {func(func(string) gitrepo.OID) []gitrepo.Change {
			return []gitrepo.Change{put("a", file("b"))}
		}, "a=b base=1 d/x=x d/y=y d/z/w=w"},
		"another mode": {func(func(string) gitrepo.OID) []gitrepo.Change {
			return []gitrepo.Change{{Path: "a", Mode: gitrepo.ModeExecutable, Content: file("a")}}
		}, all},
		"removing what is not there": {func(func(string) gitrepo.OID) []gitrepo.Change {
			return []gitrepo.Change{gitrepo.Remove("none"), gitrepo.Remove("a/b"), gitrepo.Remove("d/none")}
		}, ""},
		"removing a directory": {func(func(string) gitrepo.OID) []gitrepo.Change {
			return []gitrepo.Change{gitrepo.Remove("d")}
		}, "a=a base=1"},
		"replacing a directory by the same": {func(func(string) gitrepo.OID) []gitrepo.Change {
			return []gitrepo.Change{put("d/x", file("x")), put("d/y", file("y")), put("d/z/w", file("w")), gitrepo.Remove("d")}
		}, ""},
		"replacing a directory by less": {func(func(string) gitrepo.OID) []gitrepo.Change {
			return []gitrepo.Change{put("d/y", file("y")), put("d/new", file("n")), gitrepo.Remove("d")}
		}, "a=a base=1 d/new=n d/y=y"},
		"a file where a directory was": {func(func(string) gitrepo.OID) []gitrepo.Change {
			return []gitrepo.Change{put("d", file("f"))}
		}, "a=a base=1 d=f"},
		"a directory where a file was": {func(func(string) gitrepo.OID) []gitrepo.Change {
			return []gitrepo.Change{put("a/b", file("f"))}
		}, "a/b=f base=1 d/x=x d/y=y d/z/w=w"},
		"an existing tree elsewhere": {func(tree func(string) gitrepo.OID) []gitrepo.Change {
			return []gitrepo.Change{gitrepo.PutTree("e/f", tree("d/z"))}
		}, all + " e/f/w=w"},
		"the tree that is there": {func(tree func(string) gitrepo.OID) []gitrepo.Change {
			return []gitrepo.Change{gitrepo.PutTree("d", tree("d")), gitrepo.Remove("d/x")}
		}, ""},
		"a tree in place of a directory": {func(tree func(string) gitrepo.OID) []gitrepo.Change {
			return []gitrepo.Change{gitrepo.PutTree("d", tree("d/z"))}
		}, "a=a base=1 d/w=w"},
		"a moved gitlink": {func(func(string) gitrepo.OID) []gitrepo.Change {
			return []gitrepo.Change{gitrepo.PutGitlink("base", "2"+someCommit[1:])}
		}, "a=a base=2 d/x=x d/y=y d/z/w=w"},
	}
	r := plain(t).open(t)
	root := commit(t, r, gitrepo.CommitSpec{Branch: "tier-0", Message: "Base", Author: robot, When: noon, Changes: base})
	tree := func(path string) gitrepo.OID {
		entry, found, err := r.Entry(t.Context(), root, path)
		if err != nil || !found {
			t.Fatalf("Entry(%q) = %v, %v", path, found, err)
		}
		return entry.OID
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			spec := gitrepo.CommitSpec{Branch: "b", Parent: root, Message: "Change", Author: robot, When: noon, Changes: tc.changes(tree)}
			before := size(t, r.Dir())
			id, err := r.Commit(t.Context(), spec)
			if tc.want == "" {
				if !errors.Is(err, gitrepo.ErrNoChange) {
					t.Errorf("Commit = %v, %v, want ErrNoChange", id, err)
				}
				if after := size(t, r.Dir()); after != before {
					t.Errorf("a commit that changes nothing wrote %d bytes", after-before)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(t, r, id); got != tc.want {
				t.Errorf("files = %s, want %s", got, tc.want)
			}
		})
	}
}

// describe lists files as "path=content", where gitlinks show their first digit.
func describe(t *testing.T, r *gitrepo.Repository, id gitrepo.OID) string {
	t.Helper()
	entries := files(t, r, id, "")
	var parts []string
	for _, path := range sorted(entries) {
		entry := entries[path]
		content := string(entry.OID[:1])
		if entry.Mode != gitrepo.ModeGitlink {
			blobs, err := r.ReadBlobs(t.Context(), entry.OID)
			if err != nil {
				t.Fatal(err)
			}
			content = string(blobs[entry.OID])
		}
		parts = append(parts, path+"="+content)
	}
	return strings.Join(parts, " ")
}

func TestCommitRefusesWhatCannotBeMeant(t *testing.T) {
	good := func() gitrepo.CommitSpec { return spec("tier-0", "", "x") }
	put := gitrepo.PutFile
	cases := map[string]func(*gitrepo.CommitSpec){
		"a branch with an option in it": func(s *gitrepo.CommitSpec) { s.Branch = "--x" },
		"a branch with dots":            func(s *gitrepo.CommitSpec) { s.Branch = "../heads/x" },
		"no branch":                     func(s *gitrepo.CommitSpec) { s.Branch = "" },
		"no message":                    func(s *gitrepo.CommitSpec) { s.Message = " \n" },
		"a NUL in the message":          func(s *gitrepo.CommitSpec) { s.Message = "a\x00b" },
		"no author":                     func(s *gitrepo.CommitSpec) { s.Author.Name = "<\n>" },
		"a trailer key with a space":    func(s *gitrepo.CommitSpec) { s.Trailers = []gitrepo.Trailer{{Key: "a b", Value: "c"}} },
		"a parent that is no id":        func(s *gitrepo.CommitSpec) { s.Parent = "main" },
		"a path to the parent":          func(s *gitrepo.CommitSpec) { s.Changes = []gitrepo.Change{put("a/../../x", nil)} },
		"an absolute path":              func(s *gitrepo.CommitSpec) { s.Changes = []gitrepo.Change{put("/x", nil)} },
		"a path into .git":              func(s *gitrepo.CommitSpec) { s.Changes = []gitrepo.Change{put("a/.GIT/config", nil)} },
		"an empty path":                 func(s *gitrepo.CommitSpec) { s.Changes = []gitrepo.Change{gitrepo.Remove("")} },
		"one path twice":                func(s *gitrepo.CommitSpec) { s.Changes = []gitrepo.Change{put("a", nil), put("a", []byte("x"))} },
		"a file below a file":           func(s *gitrepo.CommitSpec) { s.Changes = []gitrepo.Change{put("a", nil), put("a/b", nil)} },
		"a gitlink to no id":            func(s *gitrepo.CommitSpec) { s.Changes = []gitrepo.Change{gitrepo.PutGitlink("base", "HEAD")} },
		"an unknown mode":               func(s *gitrepo.CommitSpec) { s.Changes = []gitrepo.Change{{Path: "a", Mode: "100600"}} },
	}
	r := plain(t).open(t)
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			s := good()
			spoil(&s)
			if id, err := r.Commit(t.Context(), s); err == nil {
				t.Errorf("Commit made %s", id)
			}
		})
	}
}

func TestCommitNeedsItsObjects(t *testing.T) {
	r := plain(t).open(t)
	for name, s := range map[string]gitrepo.CommitSpec{
		"parent": spec("tier-0", someCommit, "x"),
		"tree": {Branch: "tier-0", Message: "m", Author: robot, Changes: []gitrepo.Change{
			gitrepo.PutTree("platform", someCommit), gitrepo.PutFile("x", nil)}},
		"file": {Branch: "tier-0", Message: "m", Author: robot, Changes: []gitrepo.Change{
			{Path: "x", Mode: gitrepo.ModeFile, OID: someCommit}}},
	} {
		t.Run(name, func(t *testing.T) {
			if id, err := r.Commit(t.Context(), s); !errors.Is(err, gitrepo.ErrMissingObject) {
				t.Errorf("Commit = %q, %v, want ErrMissingObject", id, err)
			}
		})
	}
	if left := git(t, r.Dir(), nil, "for-each-ref"); left != "" {
		t.Errorf("refs left: %s", left)
	}
}

func TestCommitIsDeterministicAndDatedByTheClock(t *testing.T) {
	remote := plain(t)
	clock := clocktesting.NewFakePassiveClock(noon)
	cfg := gitrepo.Config{Remote: gitrepo.Remote{URL: remote.url}, Clock: clock}
	one, other := open(t, cfg), open(t, cfg)
	s := spec("tier-0", "", "x")
	s.When = time.Time{}
	a, b := commit(t, one, s), commit(t, other, s)
	if a != b {
		t.Errorf("the same spec made %s and %s", a, b)
	}
	clock.SetTime(noon.Add(time.Second))
	if c := commit(t, one, s); c == a {
		t.Errorf("a second later the commit is still %s", c)
	}
}

func TestCommitOfAThousandFiles(t *testing.T) {
	remote := plain(t)
	r := remote.open(t)
	id := commit(t, r, thousandFiles("", "v1"))
	push(t, r, "tier-0", "", id)
	if got := len(files(t, r, id, "overlays")); got != 1000 {
		t.Errorf("files below overlays = %d, want 1000", got)
	}
	other := remote.open(t)
	fetch(t, other)
	if diff := cmp.Diff(files(t, r, id, ""), files(t, other, id, "")); diff != "" {
		t.Errorf("files after the way through the server (-pushed +fetched):\n%s", diff)
	}
}

func thousandFiles(parent gitrepo.OID, version string) gitrepo.CommitSpec {
	s := gitrepo.CommitSpec{Branch: "tier-0", Parent: parent, Message: "Render", Author: robot, When: noon}
	for i := range 1000 {
		path := fmt.Sprintf("overlays/shop%d/kustomization.yaml", i)
		s.Changes = append(s.Changes, gitrepo.PutFile(path, fmt.Appendf(nil, "namespace: shop%d\nversion: %s\n", i, version)))
	}
	return s
}

func BenchmarkCommitThousandFiles(b *testing.B) {
	r := plain(b).open(b)
	parent := commit(b, r, thousandFiles("", "v0"))
	for i := range b.N {
		parent = commit(b, r, thousandFiles(parent, fmt.Sprint("v1.", i)))
	}
	b.StopTimer()
	if got := len(files(b, r, parent, "overlays")); got != 1000 {
		b.Errorf("files = %d, want 1000", got)
	}
}
