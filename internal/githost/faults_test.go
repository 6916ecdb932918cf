package githost_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/internal/githost"
)

func TestFaultsStrikeAPush(t *testing.T) {
	cases := map[string]struct {
		fault githost.Fault
		path  string
		// stored tells whether the host has the ref afterwards, ok whether the client thinks so.
		stored, ok bool
	}{
		"none":                        {path: "/nothing", stored: true, ok: true},
		"forbidden":                   {fault: githost.Fault{Status: 403}},
		"unavailable":                 {fault: githost.Fault{Status: 503}},
		"late":                        {fault: githost.Fault{Delay: 50 * time.Millisecond}, stored: true, ok: true},
		"cut before the work":         {fault: githost.Fault{Cut: githost.CutBefore}},
		"cut after the work":          {fault: githost.Fault{Cut: githost.CutAfter}, stored: true},
		"cut in the answer":           {fault: githost.Fault{Cut: githost.CutResponse, Bytes: 5}, stored: true},
		"cut in the question":         {fault: githost.Fault{Cut: githost.CutRequest, Bytes: 60}},
		"cut in the pack":             {fault: githost.Fault{Cut: githost.CutRequest, Bytes: 2000}},
		"cut before the refs' answer": {fault: githost.Fault{Cut: githost.CutBefore}, path: "/info/refs"},
		"cut in the refs' answer":     {fault: githost.Fault{Cut: githost.CutResponse, Bytes: 20}, path: "/info/refs"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if tc.path == "" {
				tc.path = "/git-receive-pack"
			}
			var faults *githost.Faults
			r := start(t, githost.Config{}, func(next http.Handler) http.Handler {
				faults = githost.NewFaults(next, githost.Rule{Path: tc.path, Fault: tc.fault})
				return faults
			})
			out, err := git(t, clone(t, 5000), "push", "--quiet", r.at("", "/apps.git"), "main")
			if (err == nil) != tc.ok {
				t.Errorf("push: %v, want success %v\n%s", err, tc.ok, out)
			}
			if got := len(r.told()) == 1; got != tc.stored {
				t.Errorf("stored = %v, want %v", got, tc.stored)
			}
			faults.SetRules()
			refs := mustGit(t, t.TempDir(), "ls-remote", r.at("", "/apps.git"), "main")
			if got := refs != ""; got != tc.stored {
				t.Errorf("the host's refs = %q, want stored %v", refs, tc.stored)
			}
		})
	}
}

func TestRulesChooseRequests(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
	teapot := githost.Fault{Status: http.StatusTeapot}
	cases := map[string]struct {
		rules []githost.Rule
		want  []int
	}{
		"no rule":            {nil, []int{200, 200, 200}},
		"every request":      {[]githost.Rule{{Fault: teapot}}, []int{418, 418, 418}},
		"the second":         {[]githost.Rule{{Request: 2, Fault: teapot}}, []int{200, 418, 200}},
		"twice":              {[]githost.Rule{{Times: 2, Fault: teapot}}, []int{418, 418, 200}},
		"another method":     {[]githost.Rule{{Method: "POST", Fault: teapot}}, []int{200, 200, 200}},
		"by path":            {[]githost.Rule{{Path: "/two", Fault: teapot}}, []int{200, 418, 200}},
		"the first one wins": {[]githost.Rule{{Times: 1, Fault: githost.Fault{Status: 500}}, {Fault: teapot}}, []int{500, 418, 418}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var faults *githost.Faults
			r := start(t, githost.Config{}, func(http.Handler) http.Handler {
				faults = githost.NewFaults(answer, tc.rules...)
				return faults
			})
			var got []int
			for _, path := range []string{"/one", "/two", "/three"} {
				got = append(got, get(t, r.at("", path), ""))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("statuses (-want +got):\n%s", diff)
			}
			if got := faults.Requests(); got != len(tc.want) {
				t.Errorf("Requests() = %d, want %d", got, len(tc.want))
			}
		})
	}
}

func TestExchangesCountBytes(t *testing.T) {
	var faults *githost.Faults
	r := start(t, githost.Config{}, func(next http.Handler) http.Handler {
		faults = githost.NewFaults(next)
		return faults
	})
	mustGit(t, clone(t, 2<<20), "push", "--quiet", r.at("", "/apps.git"), "main")
	var sent int64
	for _, exchange := range faults.Exchanges() {
		sent += exchange.RequestBytes
	}
	if sent < 1<<20 || sent > 3<<20 {
		t.Errorf("push of a 2 MiB file sent %d bytes", sent)
	}
	faults.Reset()
	if got := faults.Requests(); got != 0 {
		t.Errorf("Requests() after Reset = %d, want 0", got)
	}
}
