package gitrepo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/internal/githost"
	"shopset.dev/shopset/internal/gitrepo"
)

// classes are all that an error may belong to.
var classes = map[string]error{
	"conflict": gitrepo.ErrConflict, "auth": gitrepo.ErrAuth, "not found": gitrepo.ErrNotFound,
	"unreachable": gitrepo.ErrUnreachable, "tls": gitrepo.ErrTLS, "ambiguous": gitrepo.ErrAmbiguous,
	"rejected": gitrepo.ErrRejected, "missing object": gitrepo.ErrMissingObject, "corrupt": gitrepo.ErrCorrupt,
	"no change": gitrepo.ErrNoChange, "too large": gitrepo.ErrTooLarge, "in use": gitrepo.ErrInUse,
}

// class names the classes of an error, "" for none.
func class(err error) string {
	var names []string
	for _, name := range sorted(classes) {
		if errors.Is(err, classes[name]) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func TestPushMovesOnlyForwardAndOnlyFromWhereItWasExpected(t *testing.T) {
	// root ← one ← two, and root ← rival; the branch is at one, or as given.
	cases := map[string]struct {
		at, from, to string
		want, end    string // the class, and where the branch is then
	}{
		"forward":                          {"one", "one", "two", "", "two"},
		"a new branch":                     {"", "", "root", "", "root"},
		"where it is already":              {"two", "one", "two", "", "two"},
		"created already, the same":        {"root", "", "root", "", "root"},
		"created already by somebody else": {"rival", "", "one", "conflict", "rival"},
		"moved on by somebody else":        {"rival", "root", "one", "conflict", "rival"},
		"behind what was expected":         {"root", "one", "two", "conflict", "root"},
		"deleted meanwhile":                {"", "one", "two", "conflict", ""},
		"sideways":                         {"one", "one", "rival", "conflict", "one"},
		"backward":                         {"one", "one", "root", "conflict", "one"},
		"forward, but expected elsewhere":  {"one", "root", "two", "conflict", "one"},
		"from a commit nobody has":         {"one", "nobody", "two", "missing object", "one"},
		"to a commit nobody has":           {"one", "one", "nobody", "missing object", "one"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			remote := plain(t)
			r := remote.open(t)
			ids := map[string]gitrepo.OID{"": "", "nobody": someCommit}
			ids["root"] = commit(t, r, spec("x", "", "root"))
			ids["one"] = commit(t, r, spec("x", ids["root"], "one"))
			ids["two"] = commit(t, r, spec("x", ids["one"], "two"))
			ids["rival"] = commit(t, r, spec("x", ids["root"], "rival"))
			push(t, r, "all", "", ids["two"])
			push(t, r, "rivals", "", ids["rival"])
			if tc.at != "" {
				git(t, remote.path(t), nil, "update-ref", "refs/heads/tier-0", string(ids[tc.at]))
			}
			err := r.Push(t.Context(), []gitrepo.RefUpdate{move("tier-0", ids[tc.from], ids[tc.to])}, false)
			if got := class(err); got != tc.want || (err == nil) != (tc.want == "") {
				t.Errorf("Push = %v, class %q, want %q", err, got, tc.want)
			}
			if got := remote.at(t, "tier-0"); got != ids[tc.end] {
				t.Errorf("the branch is at %q, want %q (%s)", got, ids[tc.end], tc.end)
			}
			if tc.want == "" {
				if got := heads(t, r)["tier-0"]; got != ids[tc.end] {
					t.Errorf("the tracking ref is at %q, want %q", got, ids[tc.end])
				}
			}
		})
	}
}

func TestPushOfSeveralRefs(t *testing.T) {
	type outcome map[string]string // branch → class, "" when it moved
	cases := map[string]struct {
		hook   string // refuses tier-1
		rival  bool   // tier-1 moved meanwhile
		atomic bool
		want   outcome
	}{
		"all move":                           {want: outcome{"tier-0": "", "tier-1": ""}},
		"all move, atomically":               {atomic: true, want: outcome{"tier-0": "", "tier-1": ""}},
		"one moved meanwhile":                {rival: true, want: outcome{"tier-0": "", "tier-1": "conflict"}},
		"one moved meanwhile, atomically":    {rival: true, atomic: true, want: outcome{"tier-0": "given up", "tier-1": "conflict"}},
		"the server refuses one":             {hook: "update", want: outcome{"tier-0": "", "tier-1": "rejected"}},
		"the server refuses one, atomically": {hook: "update", atomic: true, want: outcome{"tier-0": "given up", "tier-1": "rejected"}},
		"the server refuses all":             {hook: "pre-receive", want: outcome{"tier-0": "rejected", "tier-1": "rejected"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			remote := plain(t)
			r := remote.open(t)
			root := commit(t, r, spec("x", "", "root"))
			next := commit(t, r, spec("x", root, "next"))
			push(t, r, "tier-0", "", root)
			push(t, r, "tier-1", "", root)
			switch tc.hook {
			case "update":
				remote.hook(t, "update", `[ "$1" != refs/heads/tier-1 ] || { echo "tier-1 is frozen" >&2; exit 1; }`)
			case "pre-receive":
				remote.hook(t, "pre-receive", `echo "tier-1 is frozen" >&2; exit 1`)
			}
			if tc.rival {
				push(t, r, "tier-1", root, commit(t, r, spec("y", root, "rival")))
			}
			err := r.Push(t.Context(), []gitrepo.RefUpdate{move("tier-0", root, next), move("tier-1", root, next)}, tc.atomic)
			got := outcome{"tier-0": "", "tier-1": ""}
			var pushErr *gitrepo.PushError
			if errors.As(err, &pushErr) {
				for _, result := range pushErr.Results {
					name := class(result.Err)
					if result.Err != nil && name == "" {
						name = "given up"
					}
					got[strings.TrimPrefix(result.Ref, "refs/heads/")] = name
				}
			} else if err != nil {
				t.Fatalf("Push = %v, want a PushError", err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("outcome of %v (-want +got):\n%s", err, diff)
			}
			for branch, class := range got {
				if moved := remote.at(t, branch) == next; moved != (class == "") {
					t.Errorf("%s moved: %v, reported %q", branch, moved, class)
				}
			}
			if tc.hook != "" && !strings.Contains(err.Error(), "tier-1 is frozen") {
				t.Errorf("error %q lacks the server's words", err)
			}
		})
	}
}

func TestPushRefusesNonsense(t *testing.T) {
	r := plain(t).open(t)
	id := commit(t, r, spec("x", "", "x"))
	for name, updates := range map[string][]gitrepo.RefUpdate{
		"a short name":   {{Ref: "main", New: id}},
		"an option":      {{Ref: "--force", New: id}},
		"a deletion":     {{Ref: "refs/heads/main", Old: id}},
		"a name":         {{Ref: "refs/heads/main", New: "HEAD"}},
		"a wildcard":     {{Ref: "refs/heads/*", New: id}},
		"the same twice": {move("a", "", id), move("a", "", id)},
	} {
		if err := r.Push(t.Context(), updates, false); err == nil {
			t.Errorf("%s: Push succeeded", name)
		}
	}
	if err := r.Push(t.Context(), nil, true); err != nil {
		t.Errorf("Push of nothing = %v", err)
	}
}

func TestRivalsBothMakeProgress(t *testing.T) {
	remote := plain(t)
	first := remote.open(t)
	push(t, first, "main", "", commit(t, first, spec("main", "", "root")))
	const rounds = 8
	var group sync.WaitGroup
	for name, r := range map[string]*gitrepo.Repository{"left": first, "right": remote.open(t)} {
		group.Go(func() {
			for round := range rounds {
				if err := addFile(t.Context(), r, fmt.Sprintf("%s/%d", name, round)); err != nil {
					t.Errorf("%s, round %d: %v", name, round, err)
				}
			}
		})
	}
	group.Wait()
	fetch(t, first)
	if got := len(files(t, first, remote.at(t, "main"), "")); got != 1+2*rounds {
		t.Errorf("main has %d files, want %d: somebody's push was lost", got, 1+2*rounds)
	}
}

// addFile commits on top of whatever the remote has, until it is pushed.
func addFile(ctx context.Context, r *gitrepo.Repository, path string) error {
	for range 200 {
		if err := r.Fetch(ctx); err != nil {
			return err
		}
		refs, err := r.Heads(ctx)
		if err != nil {
			return err
		}
		s := spec("main", refs["main"], path)
		s.Changes = []gitrepo.Change{gitrepo.PutFile(path, []byte(path))}
		id, err := r.Commit(ctx, s)
		if err != nil {
			return err
		}
		err = r.Push(ctx, []gitrepo.RefUpdate{move("main", refs["main"], id)}, false)
		if !errors.Is(err, gitrepo.ErrConflict) {
			return err
		}
	}
	return errors.New("no progress in 200 attempts")
}

// openIn opens a repository with a limit on silence, 0 for the default one.
func (r *remote) openIn(t *testing.T, dir string, stall time.Duration) *gitrepo.Repository {
	t.Helper()
	return openIn(t, dir, gitrepo.Config{Remote: gitrepo.Remote{URL: r.url}, StallTimeout: stall})
}

// reopen opens a repository again, impatient where a fault is silence and
// nowhere else: a busy machine is silent at times, too.
func (r *remote) reopen(t *testing.T, had *gitrepo.Repository, dir string, fault githost.Fault) *gitrepo.Repository {
	t.Helper()
	if had != nil {
		if err := had.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if fault.Delay > 0 {
		return r.openIn(t, dir, 2*time.Second)
	}
	return r.openIn(t, dir, 0)
}

func TestFaultsOfThePushLeadToTheirClass(t *testing.T) {
	const refs, pack = "/info/refs?service=git-receive-pack", "/git-receive-pack"
	cut := func(where githost.Cut, bytes int64) githost.Fault { return githost.Fault{Cut: where, Bytes: bytes} }
	cases := map[string]struct {
		path  string
		fault githost.Fault
		// once: curl repeats a request that a kept connection dropped, so the
		// fault is over before git sees it, and the push may happen twice.
		once bool
		// dark: no other request is answered either.
		dark   bool
		want   string
		pushed bool
	}{
		"401 for the refs":                   {path: refs, fault: githost.Fault{Status: 401}, want: "auth"},
		"403 for the refs":                   {path: refs, fault: githost.Fault{Status: 403}, want: "auth"},
		"404 for the refs":                   {path: refs, fault: githost.Fault{Status: 404}, want: "not found"},
		"500 for the refs":                   {path: refs, fault: githost.Fault{Status: 500}, want: "unreachable"},
		"503 for the refs":                   {path: refs, fault: githost.Fault{Status: 503}, want: "unreachable"},
		"429 for the refs":                   {path: refs, fault: githost.Fault{Status: 429}, want: "unreachable"},
		"301 for the refs":                   {path: refs, fault: githost.Fault{Status: 301}, want: "not found"},
		"cut before the refs":                {path: refs, fault: cut(githost.CutBefore, 0), want: "unreachable"},
		"cut in the refs":                    {path: refs, fault: cut(githost.CutResponse, 50), want: "unreachable"},
		"401 for the pack":                   {path: pack, fault: githost.Fault{Status: 401}, want: "auth"},
		"403 for the pack":                   {path: pack, fault: githost.Fault{Status: 403}, want: "auth"},
		"404 for the pack":                   {path: pack, fault: githost.Fault{Status: 404}, want: "not found"},
		"413 for the pack":                   {path: pack, fault: githost.Fault{Status: 413}, want: "rejected"},
		"500 for the pack":                   {path: pack, fault: githost.Fault{Status: 500}, want: "unreachable"},
		"503 for the pack":                   {path: pack, fault: githost.Fault{Status: 503}, want: "unreachable"},
		"cut before the pack":                {path: pack, fault: cut(githost.CutBefore, 0), want: "unreachable"},
		"cut in the commands":                {path: pack, fault: cut(githost.CutRequest, 30), want: "unreachable"},
		"cut in the pack":                    {path: pack, fault: cut(githost.CutRequest, 3000), want: "unreachable"},
		"cut once before the pack":           {path: pack, fault: cut(githost.CutBefore, 0), once: true, pushed: true},
		"cut once in the pack":               {path: pack, fault: cut(githost.CutRequest, 3000), once: true, pushed: true},
		"cut once after it was pushed":       {path: pack, fault: cut(githost.CutAfter, 0), once: true, pushed: true},
		"cut after it was pushed":            {path: pack, fault: cut(githost.CutAfter, 0), pushed: true},
		"cut in the report":                  {path: pack, fault: cut(githost.CutResponse, 10), pushed: true},
		"cut after, and no answer since":     {path: pack, fault: cut(githost.CutAfter, 0), dark: true, want: "ambiguous", pushed: true},
		"cut before, and no answer since":    {path: pack, fault: cut(githost.CutBefore, 0), dark: true, want: "ambiguous"},
		"everything is cut from the start":   {path: refs, fault: cut(githost.CutBefore, 0), dark: true, want: "unreachable"},
		"no answer for longer than patience": {path: pack, fault: githost.Fault{Delay: time.Hour}, want: "unreachable"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			remote := plain(t)
			dir := t.TempDir()
			r := remote.openIn(t, dir, 0)
			root := commit(t, r, spec("main", "", "root"))
			push(t, r, "main", "", root)
			s := spec("main", root, "next")
			s.Changes = []gitrepo.Change{gitrepo.PutFile("large", random(1, 6000))}
			next := commit(t, r, s)
			r = remote.reopen(t, r, dir, tc.fault)
			rules := []githost.Rule{{Path: tc.path, Fault: tc.fault}}
			if tc.once {
				rules[0].Times = 1
			}
			if tc.dark {
				rules = append(rules, githost.Rule{Path: "git-upload-pack", Fault: cut(githost.CutBefore, 0)})
			}
			remote.faults.SetRules(rules...)
			err := r.Push(t.Context(), []gitrepo.RefUpdate{move("main", root, next)}, true)
			if got := class(err); got != tc.want || (err == nil) != (tc.want == "") {
				t.Errorf("Push = %v, class %q, want %q", err, got, tc.want)
			}
			if pushed := remote.at(t, "main") == next; pushed != tc.pushed {
				t.Errorf("pushed: %v, want %v", pushed, tc.pushed)
			}
			if tc.pushed && err == nil && heads(t, r)["main"] != next {
				t.Error("the tracking ref did not follow")
			}
			remote.faults.SetRules()
			r = remote.reopen(t, r, dir, githost.Fault{})
			push(t, r, "main", root, next) // a retry ends well, whatever happened
		})
	}
}

func TestPushWhoseBranchMovedUnseenIsAConflict(t *testing.T) {
	remote := plain(t)
	r := remote.open(t)
	root := commit(t, r, spec("main", "", "root"))
	push(t, r, "main", "", root)
	next, rival := commit(t, r, spec("main", root, "next")), commit(t, r, spec("other", root, "rival"))
	push(t, r, "other", "", rival)
	// A rival gets in after the refs were read.
	remote.hook(t, "update", fmt.Sprintf("git update-ref refs/heads/main %s", rival))
	err := r.Push(t.Context(), []gitrepo.RefUpdate{move("main", root, next)}, false)
	if got := class(err); got != "conflict" {
		t.Errorf("Push = %v, class %q, want conflict", err, got)
	}
	if got := remote.at(t, "main"); got != rival {
		t.Errorf("main is at %s, want the rival's %s", got, rival)
	}
}

func TestCancelledPushIsAmbiguousAndEndsSoon(t *testing.T) {
	remote := plain(t)
	r := remote.open(t)
	id := commit(t, r, spec("main", "", "x"))
	remote.faults.SetRules(githost.Rule{Path: "/git-receive-pack", Fault: githost.Fault{Delay: time.Hour}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	result := make(chan error)
	go func() { result <- r.Push(ctx, []gitrepo.RefUpdate{move("main", "", id)}, false) }()
	waitUntil(t, "the push is being sent", func() bool { return remote.faults.Requests() == 2 })
	start := time.Now()
	cancel()
	err := <-result
	if !errors.Is(err, context.Canceled) || class(err) != "ambiguous" {
		t.Errorf("Push = %v, want ErrAmbiguous and the context's error", err)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("Push took %s after its context ended", took)
	}
	remote.faults.SetRules()
	push(t, r, "main", "", id)
}

func TestFaultsOfTheFetchLeadToTheirClass(t *testing.T) {
	const refs, pack = "/info/refs", "/git-upload-pack"
	cases := map[string]struct {
		rule githost.Rule
		want string
	}{
		"401":                     {githost.Rule{Path: refs, Fault: githost.Fault{Status: 401}}, "auth"},
		"403":                     {githost.Rule{Path: refs, Fault: githost.Fault{Status: 403}}, "auth"},
		"404":                     {githost.Rule{Path: refs, Fault: githost.Fault{Status: 404}}, "not found"},
		"500":                     {githost.Rule{Path: refs, Fault: githost.Fault{Status: 500}}, "unreachable"},
		"503":                     {githost.Rule{Path: refs, Fault: githost.Fault{Status: 503}}, "unreachable"},
		"301":                     {githost.Rule{Path: refs, Fault: githost.Fault{Status: 301}}, "not found"},
		"cut before the refs":     {githost.Rule{Path: refs, Fault: githost.Fault{Cut: githost.CutBefore}}, "unreachable"},
		"cut in the refs":         {githost.Rule{Path: refs, Fault: githost.Fault{Cut: githost.CutResponse, Bytes: 30}}, "unreachable"},
		"500 for the pack":        {githost.Rule{Path: pack, Fault: githost.Fault{Status: 500}}, "unreachable"},
		"403 for the pack":        {githost.Rule{Path: pack, Fault: githost.Fault{Status: 403}}, "auth"},
		"cut before the pack":     {githost.Rule{Path: pack, Fault: githost.Fault{Cut: githost.CutBefore}}, "unreachable"},
		"cut instead of the pack": {githost.Rule{Path: pack, Fault: githost.Fault{Cut: githost.CutAfter}}, "unreachable"},
		"cut in the question":     {githost.Rule{Path: pack, Fault: githost.Fault{Cut: githost.CutRequest, Bytes: 30}}, "unreachable"},
		"cut at 20 bytes":         {githost.Rule{Path: pack, Fault: githost.Fault{Cut: githost.CutResponse, Bytes: 20}}, "unreachable"},
		"cut at 300 bytes":        {githost.Rule{Path: pack, Fault: githost.Fault{Cut: githost.CutResponse, Bytes: 300}}, "unreachable"},
		"cut at 100,000 bytes":    {githost.Rule{Path: pack, Fault: githost.Fault{Cut: githost.CutResponse, Bytes: 100_000}}, "unreachable"},
		"silence":                 {githost.Rule{Path: pack, Fault: githost.Fault{Delay: time.Hour}}, "unreachable"},
		"silence at first":        {githost.Rule{Path: refs, Fault: githost.Fault{Delay: time.Hour}}, "unreachable"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			remote := plain(t)
			remote.grow(t, "main", 200, func(i int) []byte { return random(i, 2000) })
			dir := t.TempDir()
			r := remote.reopen(t, nil, dir, tc.rule.Fault)
			remote.faults.SetRules(tc.rule)
			err := r.Fetch(t.Context())
			if got := class(err); got != tc.want {
				t.Errorf("Fetch = %v, class %q, want %q", err, got, tc.want)
			}
			remote.faults.SetRules()
			r = remote.reopen(t, r, dir, githost.Fault{})
			fetch(t, r)
			if got := heads(t, r)["main"]; got != remote.at(t, "main") {
				t.Errorf("main is at %s after the fault is over", got)
			}
		})
	}
}
