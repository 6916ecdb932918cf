package githost_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/internal/githost"
)

const zeros = "0000000000000000000000000000000000000000"

// remote is a Host behind a real listener, with what its hook was told.
type remote struct {
	*githost.Host
	url string

	mu     sync.Mutex
	pushes []githost.Push
}

func start(t *testing.T, cfg githost.Config, wrap func(http.Handler) http.Handler) *remote {
	t.Helper()
	r := &remote{}
	cfg.Root = t.TempDir()
	cfg.Hook = func(p githost.Push) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.pushes = append(r.pushes, p)
	}
	host, err := githost.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	var handler http.Handler = host
	if wrap != nil {
		handler = wrap(host)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	r.url = server.URL
	if err := host.Create("apps"); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *remote) told() []githost.Push {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]githost.Push(nil), r.pushes...)
}

// at is the URL of a repository, with the credentials that a client would be given.
func (r *remote) at(credentials, path string) string {
	return strings.Replace(r.url, "http://", "http://"+credentials, 1) + path
}

// git runs the real client away from the machine's configuration.
func git(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_AUTHOR_NAME=Mia", "GIT_AUTHOR_EMAIL=mia@example.com",
		"GIT_COMMITTER_NAME=Mia", "GIT_COMMITTER_EMAIL=mia@example.com",
	}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func mustGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := git(t, dir, args...)
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return out
}

// clone makes a repository with one commit on main.
func clone(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	mustGit(t, dir, "init", "--quiet", "--initial-branch=main")
	commit(t, dir, size)
	return dir
}

func commit(t *testing.T, dir string, size int) string {
	t.Helper()
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(content) // which does not compress
	if err := os.WriteFile(filepath.Join(dir, "file"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	mustGit(t, dir, "add", "file")
	mustGit(t, dir, "commit", "--quiet", "--allow-empty", "-m", "change")
	return mustGit(t, dir, "rev-parse", "HEAD")
}

func TestPushFetchAndDeleteReachTheHook(t *testing.T) {
	r := start(t, githost.Config{}, nil)
	dir := clone(t, 10)
	head := mustGit(t, dir, "rev-parse", "HEAD")
	url := r.at("", "/apps.git")
	mustGit(t, dir, "push", "--quiet", url, "main", "main:tier-0")
	mustGit(t, dir, "push", "--quiet", url, ":tier-0")
	mustGit(t, dir, "push", "--quiet", url, "main") // nothing changes, nothing is told
	want := []githost.Push{
		{Repository: "apps", Ref: "refs/heads/main", Old: zeros, New: head},
		{Repository: "apps", Ref: "refs/heads/tier-0", Old: zeros, New: head},
		{Repository: "apps", Ref: "refs/heads/tier-0", Old: head, New: zeros},
	}
	if diff := cmp.Diff(want, r.told()); diff != "" {
		t.Errorf("pushes told (-want +got):\n%s", diff)
	}
	got := mustGit(t, t.TempDir(), "ls-remote", "--symref", url)
	wantRefs := "ref: refs/heads/main\tHEAD\n" + head + "\tHEAD\n" + head + "\trefs/heads/main"
	if got != wantRefs {
		t.Errorf("ls-remote = %q, want %q", got, wantRefs)
	}
	partial := t.TempDir()
	mustGit(t, partial, "clone", "--quiet", "--bare", "--filter=blob:none", url, "p.git")
	if out := mustGit(t, filepath.Join(partial, "p.git"), "rev-list", "--objects", "--all", "--missing=print"); !strings.Contains(out, "?") {
		t.Errorf("a clone without blobs lacks no object: the filter was ignored\n%s", out)
	}
}

func TestPushLargerThanTheClientsBufferComesChunked(t *testing.T) {
	r := start(t, githost.Config{}, nil)
	dir := clone(t, 3<<20)
	mustGit(t, dir, "push", "--quiet", r.at("", "/apps.git"), "main")
	if got := len(r.told()); got != 1 {
		t.Errorf("hook was called %d times, want 1", got)
	}
}

func TestRefusedPushIsNotTold(t *testing.T) {
	r := start(t, githost.Config{}, nil)
	path, err := r.Path("apps")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "hooks", "pre-receive"), []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := git(t, clone(t, 10), "push", r.at("", "/apps.git"), "main"); err == nil {
		t.Errorf("push succeeded, want it refused by the hook: %s", out)
	}
	if diff := cmp.Diff([]githost.Push(nil), r.told()); diff != "" {
		t.Errorf("pushes told (-want +got):\n%s", diff)
	}
}

func TestConcurrentPushesAreEachToldOnce(t *testing.T) {
	r := start(t, githost.Config{}, nil)
	const rivals = 6
	var want []string
	var group sync.WaitGroup
	for i := range rivals {
		dir := clone(t, 10+i)
		want = append(want, fmt.Sprintf("refs/heads/r%d %s", i, mustGit(t, dir, "rev-parse", "HEAD")))
		group.Go(func() {
			if out, err := git(t, dir, "push", "--quiet", r.at("", "/apps.git"), fmt.Sprintf("main:r%d", i)); err != nil {
				t.Errorf("push %d: %v\n%s", i, err, out)
			}
		})
	}
	group.Wait()
	var got []string
	for _, push := range r.told() {
		got = append(got, push.Ref+" "+push.New)
	}
	sort.Strings(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pushes told (-want +got):\n%s", diff)
	}
}

func TestOnlyKnownClientsGetIn(t *testing.T) {
	basic := githost.Config{Username: "robot", Password: "s3cret"}
	both := githost.Config{Username: "robot", Password: "s3cret", BearerToken: "t0ken"}
	cases := map[string]struct {
		cfg                 githost.Config
		credentials, header string
		want                int
	}{
		"no credentials are needed":             {want: 200},
		"basic, right":                          {cfg: basic, credentials: "robot:s3cret@", want: 200},
		"basic, wrong password":                 {cfg: basic, credentials: "robot:wrong@", want: 401},
		"basic, wrong user":                     {cfg: basic, credentials: "human:s3cret@", want: 401},
		"basic, none given":                     {cfg: basic, want: 401},
		"bearer, right":                         {cfg: both, header: "Bearer t0ken", want: 200},
		"bearer, wrong":                         {cfg: both, header: "Bearer nope", want: 401},
		"bearer, empty where none is set":       {cfg: basic, header: "Bearer ", want: 401},
		"basic, empty where only bearer is set": {cfg: githost.Config{BearerToken: "x"}, header: "Basic Og==", want: 401},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := start(t, tc.cfg, nil)
			if got := get(t, r.at(tc.credentials, "/apps.git/info/refs?service=git-upload-pack"), tc.header); got != tc.want {
				t.Errorf("status = %d, want %d", got, tc.want)
			}
		})
	}
}

func get(t *testing.T, url, authorization string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

func TestNothingButTheSmartProtocolIsServed(t *testing.T) {
	r := start(t, githost.Config{}, nil)
	for _, path := range []string{
		"/", "/apps.git", "/apps.git/", "/apps.git/HEAD", "/apps.git/config", "/apps.git/objects/info/packs",
		"/../apps.git/info/refs", "/x/../apps.git/info/refs", "/%2e%2e/apps.git/info/refs", "/.git/info/refs",
		"/apps.git/../apps.git/info/refs", "/apps.git/hooks/post-receive", "/none.git/info/refs", "//apps.git/info/refs",
	} {
		if got := get(t, r.at("", path)+"?service=git-upload-pack", ""); got != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", path, got)
		}
	}
}

func TestCreateTakesOnlyNamesBelowTheRoot(t *testing.T) {
	cases := map[string]struct {
		name string
		good bool
	}{
		"plain":                     {"apps2", true},
		"nested":                    {"team/shop.set-apps_1", true},
		"again":                     {"apps", true},
		"empty":                     {"", false},
		"parent":                    {"../x", false},
		"parent inside":             {"a/../../x", false},
		"absolute":                  {"/etc/x", false},
		"hidden":                    {".x", false},
		"option":                    {"-x", false},
		"suffix given":              {"apps.git", false},
		"inside another repository": {"apps.git/x", false},
		"newline":                   {"a\nb", false},
	}
	r := start(t, githost.Config{}, nil)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if err := r.Create(tc.name); (err == nil) != tc.good {
				t.Errorf("Create(%q) = %v, want success %v", tc.name, err, tc.good)
			}
		})
	}
}
