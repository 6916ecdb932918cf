package gitrepo_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/internal/gitrepo"
)

// traffic sums what went over the wire since the faults were reset, and counts
// the requests that downloaded objects.
func (r *remote) traffic() (sent, received int64, downloads int) {
	for _, exchange := range r.faults.Exchanges() {
		sent += exchange.RequestBytes
		received += exchange.ResponseBytes
		if strings.HasSuffix(exchange.Path, "/git-upload-pack") {
			downloads++
		}
	}
	return sent, received, downloads
}

// apps serves 300 commits with 6 MB of files that do not compress, and opens it
// without blobs.
func apps(t *testing.T) (*remote, *gitrepo.Repository) {
	t.Helper()
	remote := plain(t)
	remote.grow(t, "tier-0", 300, func(i int) []byte { return random(i, 20_000) })
	git(t, remote.path(t), nil, "update-ref", "refs/heads/tier-1", "refs/heads/tier-0~200")
	r := open(t, gitrepo.Config{Remote: gitrepo.Remote{URL: remote.url}, Filter: "blob:none"})
	remote.faults.Reset()
	fetch(t, r)
	return remote, r
}

func TestPartialCloneHasCommitsAndTreesOnly(t *testing.T) {
	remote, r := apps(t)
	if _, received, _ := remote.traffic(); received > 300_000 {
		t.Errorf("the first fetch received %d bytes of a repository of 6 MB", received)
	}
	if got := size(t, r.Dir()); got > 400_000 {
		t.Errorf("the clone takes %d bytes", got)
	}
	remote.grow(t, "tier-0", 5, func(i int) []byte { return random(1000+i, 20_000) })
	remote.faults.Reset()
	fetch(t, r)
	if _, received, _ := remote.traffic(); received > 20_000 {
		t.Errorf("fetching 5 commits received %d bytes", received)
	}

	remote.faults.Reset()
	tip := heads(t, r)["tier-0"]
	commits, err := r.History(t.Context(), tip, 0)
	if err != nil || len(commits) != 305 {
		t.Fatalf("history has %d commits, %v", len(commits), err)
	}
	ids := make([]gitrepo.OID, len(commits))
	for i, c := range commits {
		ids[i] = c.OID
	}
	if _, err := r.RootEntries(t.Context(), ids...); err != nil {
		t.Error(err)
	}
	if got := len(files(t, r, tip, "")); got != 100 {
		t.Errorf("the tip lists %d files, want 100", got)
	}
	if _, found, err := r.Entry(t.Context(), tip, "dir3/file3"); !found || err != nil {
		t.Errorf("Entry = %v, %v", found, err)
	}
	if got := remote.faults.Requests(); got != 0 {
		t.Errorf("reading history and trees made %d requests", got)
	}
}

func TestPartialCloneReadsBlobsOnDemandAndOnce(t *testing.T) {
	remote, r := apps(t)
	entries := files(t, r, heads(t, r)["tier-0"], "dir3")
	ids := []gitrepo.OID{entries["dir3/file3"].OID, entries["dir3/file13"].OID}
	want := map[gitrepo.OID][]byte{ids[0]: random(203, 20_000), ids[1]: random(213, 20_000)}
	for range 2 {
		got, err := r.ReadBlobs(t.Context(), ids...)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("blobs differ:\n%s", diff)
		}
	}
	if _, received, _ := remote.traffic(); received > 400_000 {
		t.Errorf("reading two files received %d bytes", received)
	}
	fetch(t, r)
	remote.faults.Reset()
	if _, err := r.ReadBlobs(t.Context(), ids...); err != nil || remote.faults.Requests() != 0 {
		t.Errorf("reading again made %d requests, %v", remote.faults.Requests(), err)
	}
}

func TestPushFromPartialCloneMovesNothingButTheRef(t *testing.T) {
	remote, r := apps(t)
	refs := heads(t, r)
	between, err := r.History(t.Context(), refs["tier-0"], 0, refs["tier-1"])
	if err != nil || len(between) != 200 {
		t.Fatalf("%d commits between the tiers, %v", len(between), err)
	}
	before := size(t, r.Dir())
	middle := between[100].OID
	for _, update := range []gitrepo.RefUpdate{
		move("tier-1", refs["tier-1"], middle),
		move("tier-1", middle, refs["tier-0"]),
		move("tier-2", "", middle),
		{Ref: "refs/shopset/releases/" + string(middle), New: middle},
	} {
		remote.faults.Reset()
		if err := r.Push(t.Context(), []gitrepo.RefUpdate{update}, true); err != nil {
			t.Fatal(err)
		}
		sent, received, downloads := remote.traffic()
		if sent > 1000 || received > 3000 || downloads != 0 {
			t.Errorf("pushing %s to %s sent %d and received %d bytes, with %d downloads", update.New.Short(), update.Ref, sent, received, downloads)
		}
	}
	if grown := size(t, r.Dir()) - before; grown > 2000 {
		t.Errorf("pushing made the clone grow by %d bytes", grown)
	}
	refs["tier-1"], refs["tier-2"] = refs["tier-0"], middle
	if diff := cmp.Diff(refs, heads(t, r)); diff != "" {
		t.Errorf("tracking refs (-want +got):\n%s", diff)
	}
	git(t, remote.path(t), nil, "fsck", "--connectivity-only")
}

func TestPromotingATreeSendsOnlyWhatTheTierLacks(t *testing.T) {
	remote := plain(t)
	r := remote.open(t)
	s := thousandFiles("", "v1")
	s.Changes = append(s.Changes, gitrepo.PutFile("platform/large", random(1, 500_000)), gitrepo.PutFile("platform/small", []byte("1")))
	low := commit(t, r, s)
	high := commit(t, r, promotion(t, r, commit(t, r, spec("tier-1", "", "root")), low))
	push(t, r, "tier-0", "", low)
	push(t, r, "tier-1", "", high)
	s = spec("tier-0", low, "next")
	s.Changes = append(s.Changes, gitrepo.PutFile("platform/small", []byte("2")))
	lower := commit(t, r, s)
	push(t, r, "tier-0", low, lower)

	higher := commit(t, r, promotion(t, r, high, lower))
	remote.faults.Reset()
	push(t, r, "tier-1", high, higher)
	if sent, _, _ := remote.traffic(); sent > 20_000 {
		t.Errorf("promoting a change of two small files sent %d bytes", sent)
	}
	roots, err := r.RootEntries(t.Context(), lower, higher)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(roots[0], roots[1]); diff != "" {
		t.Errorf("roots differ (-tier-0 +tier-1):\n%s", diff)
	}
}

// promotion puts the very trees of one branch into another.
func promotion(t *testing.T, r *gitrepo.Repository, parent, from gitrepo.OID) gitrepo.CommitSpec {
	t.Helper()
	roots, err := r.RootEntries(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	s := gitrepo.CommitSpec{Branch: "tier-1", Parent: parent, Message: "Promote", Author: robot, When: noon}
	for _, name := range sorted(roots[0]) {
		s.Changes = append(s.Changes, gitrepo.PutTree(name, roots[0][name].OID))
	}
	return s
}

func TestCommitsOnlyFetchesDirectoriesWhenAsked(t *testing.T) {
	remote := plain(t)
	remote.grow(t, "tier-0", 300, func(i int) []byte { return random(i, 20_000) })
	git(t, remote.path(t), nil, "update-ref", "refs/heads/tier-1", "refs/heads/tier-0~200")
	r := open(t, gitrepo.Config{Remote: gitrepo.Remote{URL: remote.url}, Filter: gitrepo.CommitsOnly})
	fetch(t, r)
	if got := size(t, r.Dir()); got > 150_000 {
		t.Errorf("300 commits alone take %d bytes", got)
	}
	tip := heads(t, r)["tier-0"]
	for path, want := range map[string]bool{"dir3/file3": true, "dir3": true, "dir3/none": false, "none/at/all": false} {
		if _, found, err := r.Entry(t.Context(), tip, path); found != want || err != nil {
			t.Errorf("Entry(%q) = %v, %v, want %v", path, found, err, want)
		}
	}
	remote.faults.Reset()
	if _, found, err := r.Entry(t.Context(), tip, "dir3/file3"); !found || err != nil {
		t.Errorf("once more: %v, %v", found, err)
	}
	if _, _, downloads := remote.traffic(); downloads != 0 {
		t.Errorf("what was downloaded once was downloaded again, %d times", downloads)
	}
	// Fast-forwarding a branch to a commit whose files nobody here has ever seen sends nothing.
	update := gitrepo.RefUpdate{Ref: "refs/heads/tier-1", Old: heads(t, r)["tier-1"], New: tip}
	remote.faults.Reset()
	if err := r.Push(t.Context(), []gitrepo.RefUpdate{update}, true); err != nil {
		t.Fatal(err)
	}
	if sent, _, downloads := remote.traffic(); sent > 2000 || downloads != 0 {
		t.Errorf("the push sent %d bytes and downloaded %d times", sent, downloads)
	}
}
