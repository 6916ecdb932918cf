package gitrepo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/internal/gitrepo"
)

func TestFetchFollowsTheRemote(t *testing.T) {
	remote := plain(t)
	r := remote.open(t)
	ctx := t.Context()
	fetch(t, r) // of an empty repository
	if got := heads(t, r); len(got) != 0 {
		t.Errorf("heads of an empty remote = %v", got)
	}
	remote.grow(t, "tier-0", 3, numbered)
	remote.grow(t, "team/x", 1, numbered)
	git(t, remote.path(t), nil, "tag", "v1", "tier-0")
	fetch(t, r)
	want := map[string]gitrepo.OID{"tier-0": remote.at(t, "tier-0"), "team/x": remote.at(t, "team/x")}
	if diff := cmp.Diff(want, heads(t, r)); diff != "" {
		t.Errorf("heads (-want +got):\n%s", diff)
	}

	// Rewritten, deleted, and made anew where a directory of refs was.
	git(t, remote.path(t), nil, "update-ref", "refs/heads/tier-0", "refs/heads/tier-0~2")
	git(t, remote.path(t), nil, "update-ref", "-d", "refs/heads/team/x")
	git(t, remote.path(t), nil, "update-ref", "refs/heads/team", "refs/heads/tier-0")
	fetch(t, r)
	want = map[string]gitrepo.OID{"tier-0": remote.at(t, "tier-0"), "team": remote.at(t, "team")}
	if diff := cmp.Diff(want, heads(t, r)); diff != "" {
		t.Errorf("heads after rewriting (-want +got):\n%s", diff)
	}
	if _, err := r.ResolveRef(ctx, "refs/tags/v1"); !errors.Is(err, gitrepo.ErrNotFound) {
		t.Errorf("ResolveRef of a tag = %v, want ErrNotFound: tags are not fetched", err)
	}
	if id, err := r.ResolveRef(ctx, gitrepo.TrackingRef("team")); id != remote.at(t, "team") || err != nil {
		t.Errorf("ResolveRef = %s, %v", id, err)
	}
}

func TestWebPageIsNotAnEmptyRepository(t *testing.T) {
	remote := plain(t)
	remote.grow(t, "tier-0", 1, numbered)
	var login atomic.Bool
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if login.Load() {
			fmt.Fprint(w, "<html>Log in first</html>")
			return
		}
		remote.host.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	r := open(t, gitrepo.Config{Remote: gitrepo.Remote{URL: front.URL + "/system.git"}})
	fetch(t, r)
	want := heads(t, r)
	login.Store(true)
	for name, refspecs := range map[string][]string{
		"all branches": nil, "one branch": {"+refs/heads/tier-0:refs/remotes/origin/tier-0"},
	} {
		if err := r.Fetch(t.Context(), refspecs...); class(err) != "not found" {
			t.Errorf("Fetch of %s = %v, class %q, want ErrNotFound", name, err, class(err))
		}
	}
	if refs, err := r.ListRemote(t.Context()); class(err) != "not found" {
		t.Errorf("ListRemote = %v, %v, want ErrNotFound", refs, err)
	}
	if diff := cmp.Diff(want, heads(t, r)); diff != "" {
		t.Errorf("heads (-want +got):\n%s", diff)
	}
}

func TestFetchOfSingleBranches(t *testing.T) {
	remote := plain(t)
	remote.grow(t, "tier-0", 1, numbered)
	remote.grow(t, "tier-1", 1, numbered)
	remote.grow(t, "other", 1, numbered)
	r := remote.open(t)
	specs := []string{
		"+refs/heads/tier-0:refs/remotes/origin/tier-0",
		"+refs/heads/tier-1:refs/remotes/origin/tier-1",
		"+refs/heads/tier-9:refs/remotes/origin/tier-9",
	}
	fetch(t, r, specs...)
	if diff := cmp.Diff([]string{"tier-0", "tier-1"}, sorted(heads(t, r))); diff != "" {
		t.Errorf("branches (-want +got):\n%s", diff)
	}
	git(t, remote.path(t), nil, "update-ref", "-d", "refs/heads/tier-1")
	fetch(t, r, specs...)
	if diff := cmp.Diff([]string{"tier-0"}, sorted(heads(t, r))); diff != "" {
		t.Errorf("branches after one was deleted (-want +got):\n%s", diff)
	}
	fetch(t, r, specs[2])
	fetch(t, r, "+refs/heads/tier-*:refs/remotes/origin/tier-*")
	for _, bad := range []string{"tier-0", "--upload-pack=x", "refs/heads/*:refs/remotes/origin/x", "refs/heads/a b:refs/x", "--x:refs/heads/y"} {
		if err := r.Fetch(t.Context(), bad); err == nil {
			t.Errorf("Fetch(%q) succeeded", bad)
		}
	}
}

func TestListRemote(t *testing.T) {
	remote := plain(t)
	remote.grow(t, "tier-0", 1, numbered)
	remote.grow(t, "x/tier-0", 1, numbered)
	head := remote.at(t, "tier-0")
	git(t, remote.path(t), nil, "update-ref", "refs/shopset/releases/one", string(head))
	r := remote.open(t)
	cases := map[string]struct {
		patterns []string
		want     []string
	}{
		"all branches by default": {nil, []string{"refs/heads/tier-0", "refs/heads/x/tier-0"}},
		"one, by its full name":   {[]string{"refs/heads/tier-0"}, []string{"refs/heads/tier-0"}},
		"by the start":            {[]string{"refs/heads/x*"}, []string{"refs/heads/x/tier-0"}},
		"not only branches":       {[]string{"refs/shopset/*", "refs/heads/none"}, []string{"refs/shopset/releases/one"}},
		"none":                    {[]string{"refs/heads/none"}, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			refs, err := r.ListRemote(t.Context(), tc.patterns...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, sorted(refs)); diff != "" {
				t.Errorf("refs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHistoryIsReadInBulk(t *testing.T) {
	remote := plain(t)
	remote.grow(t, "main", 5000, numbered)
	r := remote.open(t)
	fetch(t, r)
	ctx := t.Context()
	tip := heads(t, r)["main"]
	all, err := r.History(ctx, tip, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 5000 || all[0].OID != tip || len(all[4999].Parents) != 0 {
		t.Fatalf("history has %d commits from %s", len(all), all[0].OID)
	}
	if got := all[42].Trailer("number"); got != "4957" || all[42].Subject != "Change 4957" {
		t.Errorf("commit 42 has subject %q and number %q", all[42].Subject, got)
	}
	if want := noon.Add(4957 * time.Second); !all[42].Committer.When.Equal(want) {
		t.Errorf("commit 42 is from %s, want %s", all[42].Committer.When, want)
	}
	some, err := r.History(ctx, tip, 10, all[3].OID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all[:3], some); diff != "" {
		t.Errorf("history up to a commit (-want +got):\n%s", diff)
	}
	if some, err = r.History(ctx, tip, 10); len(some) != 10 || err != nil {
		t.Errorf("history of 10 = %d, %v", len(some), err)
	}
	ids := make([]gitrepo.OID, len(all))
	for i, c := range all {
		ids[i] = c.OID
	}
	roots, err := r.RootEntries(ctx, ids...)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 4999} {
		entry, found, err := r.Entry(ctx, ids[i], "dir0")
		if err != nil || !found || roots[i]["dir0"] != entry {
			t.Errorf("root %d has %v, Entry has %v, %v", i, roots[i]["dir0"], entry, err)
		}
	}
	if len(roots[0]) != 10 || len(roots[4999]) != 1 {
		t.Errorf("roots have %d and %d entries", len(roots[0]), len(roots[4999]))
	}
}

func TestQuestionsAboutCommits(t *testing.T) {
	remote := plain(t)
	r := remote.open(t)
	ctx := t.Context()
	root := commit(t, r, spec("a", "", "root"))
	left := commit(t, r, spec("a", root, "left"))
	right := commit(t, r, spec("b", root, "right"))
	alien := commit(t, r, spec("c", "", "alien"))
	for name, tc := range map[string]struct {
		a, b gitrepo.OID
		is   bool
		base gitrepo.OID
	}{
		"parent and child": {root, left, true, root},
		"child and parent": {left, root, false, root},
		"itself":           {left, left, true, left},
		"siblings":         {left, right, false, root},
		"strangers":        {left, alien, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if is, err := r.IsAncestor(ctx, tc.a, tc.b); is != tc.is || err != nil {
				t.Errorf("IsAncestor = %v, %v, want %v", is, err, tc.is)
			}
			if base, found, err := r.MergeBase(ctx, tc.a, tc.b); base != tc.base || found != (tc.base != "") || err != nil {
				t.Errorf("MergeBase = %s, %v, %v, want %s", base, found, err, tc.base)
			}
		})
	}
	if _, found, err := r.Entry(ctx, root, "overlays/none"); found || err != nil {
		t.Errorf("Entry of a missing path = %v, %v", found, err)
	}
	if got := files(t, r, root, "none"); len(got) != 0 {
		t.Errorf("files below a missing directory = %v", got)
	}
	missing := map[string]error{}
	_, missing["commit"] = r.CommitInfo(ctx, someCommit)
	_, missing["ancestor"] = r.IsAncestor(ctx, someCommit, root)
	_, missing["history"] = r.History(ctx, someCommit, 1)
	_, missing["roots"] = r.RootEntries(ctx, someCommit)
	_, missing["files"] = r.ListFiles(ctx, someCommit, "")
	_, missing["blobs"] = r.ReadBlobs(ctx, someCommit)
	_, _, missing["entry"] = r.Entry(ctx, someCommit, "x")
	_, _, missing["base"] = r.MergeBase(ctx, someCommit, root)
	for _, name := range sorted(missing) {
		if err := missing[name]; !errors.Is(err, gitrepo.ErrMissingObject) || errors.Is(err, gitrepo.ErrCorrupt) {
			t.Errorf("%s of a missing object = %v, want ErrMissingObject", name, err)
		}
	}
}

func TestReadBlobsIsBounded(t *testing.T) {
	remote := plain(t)
	r := open(t, gitrepo.Config{Remote: gitrepo.Remote{URL: remote.url}, MaxBlobBytes: 10})
	content := []byte("0123456789")
	s := spec("a", "", "x")
	s.Changes = []gitrepo.Change{gitrepo.PutFile("fits", content), gitrepo.PutFile("not", append(content, '!'))}
	commit(t, r, s)
	fits, not := gitrepo.BlobOID(content), gitrepo.BlobOID([]byte("0123456789!"))
	got, err := r.ReadBlobs(t.Context(), fits, fits)
	if diff := cmp.Diff(map[gitrepo.OID][]byte{fits: content}, got); diff != "" || err != nil {
		t.Errorf("blobs, %v (-want +got):\n%s", err, diff)
	}
	if _, err := r.ReadBlobs(t.Context(), fits, not); !errors.Is(err, gitrepo.ErrTooLarge) {
		t.Errorf("ReadBlobs of a large file = %v, want ErrTooLarge", err)
	}
}

func TestDamagedRepositoryIsMadeAnew(t *testing.T) {
	cases := map[string]func(t *testing.T, dir string){
		"nothing is wrong": func(*testing.T, string) {},
		"half made":        func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "HEAD")) },
		"empty":            func(t *testing.T, dir string) { remove(t, dir); mkdir(t, dir) },
		"gone":             func(t *testing.T, dir string) { remove(t, dir) },
		"lock files of a dead process": func(t *testing.T, dir string) {
			for _, name := range []string{"packed-refs.lock", "refs/remotes/origin/main.lock", "config.lock", "shallow.lock", "gc.pid"} {
				mkdir(t, filepath.Dir(filepath.Join(dir, name)))
				write(t, filepath.Join(dir, name), "x")
			}
		},
		"a pack cut short":     func(t *testing.T, dir string) { cut(t, dir, "objects/pack/*.pack") },
		"an index cut short":   func(t *testing.T, dir string) { cut(t, dir, "objects/pack/*.idx") },
		"a pack without index": func(t *testing.T, dir string) { remove(t, one(t, dir, "objects/pack/*.idx")) },
		"packs gone":           func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "objects", "pack")) },
		"a ref to nowhere": func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "refs/remotes/origin/x"), string(someCommit)+"\n")
		},
		"a ref of zeros":  func(t *testing.T, dir string) { write(t, filepath.Join(dir, "refs/remotes/origin/x"), "\x00\x00") },
		"a spoilt config": func(t *testing.T, dir string) { write(t, filepath.Join(dir, "config"), "[core\nbare") },
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			remote := plain(t)
			remote.grow(t, "main", 200, numbered)
			dir := t.TempDir()
			cfg := gitrepo.Config{Remote: gitrepo.Remote{URL: remote.url}}
			r := openIn(t, dir, cfg)
			fetch(t, r)
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			spoil(t, r.Dir())
			r = openIn(t, dir, cfg)
			remote.grow(t, "main", 1, func(int) []byte { return []byte("newer\n") })
			fetch(t, r)
			checkWorks(t, remote, r)
		})
	}
}

// checkWorks reads, commits and pushes.
func checkWorks(t *testing.T, remote *remote, r *gitrepo.Repository) {
	t.Helper()
	head := remote.at(t, "main")
	if diff := cmp.Diff(map[string]gitrepo.OID{"main": head}, heads(t, r)); diff != "" {
		t.Errorf("heads (-want +got):\n%s", diff)
	}
	next := commit(t, r, spec("main", head, "next"))
	push(t, r, "main", head, next)
	if got := remote.at(t, "main"); got != next {
		t.Errorf("main is at %s, want %s", got, next)
	}
	git(t, r.Dir(), nil, "fsck", "--connectivity-only")
}

func TestDamageMetAtWorkIsHealedByFetch(t *testing.T) {
	remote := plain(t)
	remote.grow(t, "main", 200, func(i int) []byte { return random(i, 2000) })
	r := remote.open(t)
	fetch(t, r)
	pack := one(t, r.Dir(), "objects/pack/*.pack")
	data, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	for i := 100; i < len(data)-100; i += 50 {
		data[i] ^= 0xff
	}
	remove(t, pack)
	write(t, pack, string(data))
	if _, err := r.History(t.Context(), remote.at(t, "main"), 0); !errors.Is(err, gitrepo.ErrCorrupt) {
		t.Errorf("reading a damaged pack = %v, want ErrCorrupt", err)
	}
	fetch(t, r)
	checkWorks(t, remote, r)
}

func TestOpenStartsAnewForAnotherRemote(t *testing.T) {
	first, second := plain(t), plain(t)
	first.grow(t, "main", 1, numbered)
	dir := t.TempDir()
	r := openIn(t, dir, gitrepo.Config{Remote: gitrepo.Remote{URL: first.url}})
	fetch(t, r)
	if err := r.SetRemote(gitrepo.Remote{URL: second.url}); err == nil {
		t.Error("SetRemote took another URL")
	}
	_ = r.Close()
	r = openIn(t, dir, gitrepo.Config{Remote: gitrepo.Remote{URL: first.url}})
	if got := heads(t, r); len(got) != 1 {
		t.Errorf("heads after opening again = %v, want them kept", got)
	}
	_ = r.Close()
	r = openIn(t, dir, gitrepo.Config{Remote: gitrepo.Remote{URL: second.url}})
	if got := heads(t, r); len(got) != 0 {
		t.Errorf("heads of another remote = %v", got)
	}
}

func TestOpenIsForOneAtATime(t *testing.T) {
	remote := plain(t)
	dir := t.TempDir()
	r := openIn(t, dir, gitrepo.Config{Remote: gitrepo.Remote{URL: remote.url}})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := gitrepo.Open(ctx, dir, gitrepo.Config{Remote: gitrepo.Remote{URL: remote.url}}); !errors.Is(err, gitrepo.ErrInUse) {
		t.Errorf("opening twice = %v, want ErrInUse", err)
	}
	_ = r.Close()
	openIn(t, dir, gitrepo.Config{Remote: gitrepo.Remote{URL: remote.url}})
}

func TestMaintainPacksWhatPiledUp(t *testing.T) {
	for name, filter := range map[string]string{"whole": "", "without blobs": "blob:none"} {
		t.Run(name, func(t *testing.T) {
			remote := plain(t)
			remote.grow(t, "main", 1, numbered)
			r := open(t, gitrepo.Config{Remote: gitrepo.Remote{URL: remote.url}, Filter: filter})
			for range 35 {
				remote.grow(t, "main", 110, numbered)
				fetch(t, r)
			}
			head := heads(t, r)["main"]
			if err := r.Maintain(t.Context()); err != nil {
				t.Fatal(err)
			}
			packs, err := filepath.Glob(filepath.Join(r.Dir(), "objects/pack/*.pack"))
			if err != nil || len(packs) == 0 || len(packs) > 3 {
				t.Errorf("%d packs after maintenance, %v", len(packs), err)
			}
			if commits, err := r.History(t.Context(), head, 0); err != nil || len(commits) != 1+35*110 {
				t.Errorf("history after maintenance has %d commits, %v", len(commits), err)
			}
			remote.grow(t, "main", 1, numbered)
			fetch(t, r)
		})
	}
}
