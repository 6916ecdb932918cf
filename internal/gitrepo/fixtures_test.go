package gitrepo_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shopset.dev/shopset/internal/githost"
	"shopset.dev/shopset/internal/gitrepo"
)

var (
	robot = gitrepo.Identity{Name: "ShopSet", Email: "shopset@example.com"}
	noon  = time.Date(2021, 11, 4, 12, 0, 0, 0, time.UTC)
)

// remote is a Git server with one repository, "system", and faults on demand.
type remote struct {
	host   *githost.Host
	faults *githost.Faults
	server *httptest.Server
	url    string
}

func serve(t testing.TB, cfg githost.Config, start func(*httptest.Server)) *remote {
	t.Helper()
	cfg.Root = t.TempDir()
	host, err := githost.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Create("system"); err != nil {
		t.Fatal(err)
	}
	faults := githost.NewFaults(host)
	server := httptest.NewUnstartedServer(faults)
	start(server)
	t.Cleanup(server.Close)
	t.Cleanup(func() { faults.SetRules() }) // lets go of delayed requests
	return &remote{host: host, faults: faults, server: server, url: server.URL + "/system.git"}
}

// plain serves over HTTP to everybody.
func plain(t testing.TB) *remote {
	t.Helper()
	return serve(t, githost.Config{}, (*httptest.Server).Start)
}

func open(t testing.TB, cfg gitrepo.Config) *gitrepo.Repository {
	t.Helper()
	return openIn(t, t.TempDir(), cfg)
}

func openIn(t testing.TB, dir string, cfg gitrepo.Config) *gitrepo.Repository {
	t.Helper()
	r, err := gitrepo.Open(t.Context(), dir, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// openURL opens a repository of the remote with defaults.
func (r *remote) open(t testing.TB) *gitrepo.Repository {
	t.Helper()
	return open(t, gitrepo.Config{Remote: gitrepo.Remote{URL: r.url}})
}

// path is the bare repository's directory on the server.
func (r *remote) path(t testing.TB) string {
	t.Helper()
	path, err := r.host.Path("system")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// hook installs an executable hook on the server.
func (r *remote) hook(t testing.TB, name, script string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.path(t), "hooks", name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// at is where a branch of the server is, or "".
func (r *remote) at(t testing.TB, branch string) gitrepo.OID {
	t.Helper()
	return gitrepo.OID(git(t, r.path(t), nil, "for-each-ref", "--format=%(objectname)", gitrepo.BranchRef(branch)))
}

// git runs a command in the server's own repository, away from the machine's configuration.
func git(t testing.TB, dir string, stdin []byte, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"--git-dir=" + dir}, args...)...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_AUTHOR_NAME=Mia", "GIT_AUTHOR_EMAIL=mia@example.com", "GIT_AUTHOR_DATE=1636027200 +0900",
		"GIT_COMMITTER_NAME=Mia", "GIT_COMMITTER_EMAIL=mia@example.com", "GIT_COMMITTER_DATE=1636027200 +0900",
	}
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// spec is a commit of one file, whose content makes it differ from others.
func spec(branch string, parent gitrepo.OID, content string) gitrepo.CommitSpec {
	return gitrepo.CommitSpec{
		Branch: branch, Parent: parent, Message: "Change " + content, Author: robot, When: noon,
		Changes: []gitrepo.Change{gitrepo.PutFile("overlays/shop1/kustomization.yaml", []byte(content+"\n"))},
	}
}

func commit(t testing.TB, r *gitrepo.Repository, spec gitrepo.CommitSpec) gitrepo.OID {
	t.Helper()
	id, err := r.Commit(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func push(t testing.TB, r *gitrepo.Repository, branch string, from, to gitrepo.OID) {
	t.Helper()
	if err := r.Push(t.Context(), []gitrepo.RefUpdate{move(branch, from, to)}, false); err != nil {
		t.Fatal(err)
	}
}

func move(branch string, from, to gitrepo.OID) gitrepo.RefUpdate {
	return gitrepo.RefUpdate{Ref: gitrepo.BranchRef(branch), Old: from, New: to}
}

func fetch(t testing.TB, r *gitrepo.Repository, refspecs ...string) {
	t.Helper()
	if err := r.Fetch(t.Context(), refspecs...); err != nil {
		t.Fatal(err)
	}
}

func heads(t testing.TB, r *gitrepo.Repository) map[string]gitrepo.OID {
	t.Helper()
	refs, err := r.Heads(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return refs
}

// grow adds commits to a branch on the server, each changing one file, with
// content made by the function.
func (r *remote) grow(t testing.TB, branch string, commits int, content func(i int) []byte) {
	t.Helper()
	growIn(t, r.path(t), branch, commits, content)
}

func growIn(t testing.TB, dir, branch string, commits int, content func(i int) []byte) {
	t.Helper()
	var stream bytes.Buffer
	for i := range commits {
		fmt.Fprintf(&stream, "commit refs/heads/%s\ncommitter Mia <mia@example.com> %d +0000\n", branch, noon.Unix()+int64(i))
		message := fmt.Sprintf("Change %d\n\nNumber: %d\n", i, i)
		fmt.Fprintf(&stream, "data %d\n%s\n", len(message), message)
		if i == 0 && git(t, dir, nil, "for-each-ref", "refs/heads/"+branch) != "" {
			fmt.Fprintf(&stream, "from refs/heads/%s^0\n", branch)
		}
		data := content(i)
		fmt.Fprintf(&stream, "M 100644 inline dir%d/file%d\ndata %d\n", i%10, i%100, len(data))
		stream.Write(data)
		stream.WriteString("\n")
	}
	git(t, dir, stream.Bytes(), "fast-import", "--quiet")
}

func numbered(i int) []byte { return fmt.Appendf(nil, "content %d\n", i) }

// size is what a directory takes on disk, in bytes of its files.
func size(t testing.TB, dir string) int64 {
	t.Helper()
	var total int64
	err := filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return total
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func waitUntil(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waiting until %s", what)
		}
	}
}
