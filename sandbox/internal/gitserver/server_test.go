package gitserver

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/state"
)

const patience = 30 * time.Second

func startServer(t *testing.T) (layout.Dir, state.Git) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	git := state.Git{Port: listener.Addr().(*net.TCPAddr).Port, Username: Username}
	listener.Close()
	dir := layout.Dir(t.TempDir())
	server, err := Start(dir, git, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close(context.Background()) })
	return dir, git
}

func run(t *testing.T, dir string, env []string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=test", "GIT_AUTHOR_EMAIL=test@example.com",
		"GIT_COMMITTER_NAME=test", "GIT_COMMITTER_EMAIL=test@example.com",
	}, env...)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func mustRun(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	out, err := run(t, dir, env, args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", args, err, out)
	}
	return out
}

// credentials give git the sandbox's user through its environment.
func credentials(t *testing.T, dir layout.Dir) []string {
	t.Helper()
	askpass := filepath.Join(t.TempDir(), "askpass")
	script := "#!/bin/sh\ncase $1 in Username*) echo " + Username + ";; *) cat \"$PASSWORD_FILE\";; esac\n"
	if err := os.WriteFile(askpass, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return []string{"GIT_ASKPASS=" + askpass, "PASSWORD_FILE=" + dir.GitPassword()}
}

func commit(t *testing.T) (work, id string) {
	t.Helper()
	work = t.TempDir()
	mustRun(t, work, nil, "init", "-q", "-b", "tier-0")
	mustRun(t, work, nil, "commit", "-q", "--allow-empty", "-m", "one")
	return work, mustRun(t, work, nil, "rev-parse", "HEAD")
}

func TestOnlyTheUserMayPush(t *testing.T) {
	dir, git := startServer(t)
	work, id := commit(t)
	if out, err := run(t, work, nil, "push", git.Repository(Apps), "tier-0"); err == nil {
		t.Errorf("a push without credentials went through: %s", out)
	}
	auth := credentials(t, dir)
	mustRun(t, work, auth, "push", git.Repository(Apps), "tier-0")
	if got, want := mustRun(t, work, auth, "ls-remote", git.Repository(Apps)), id+"\trefs/heads/tier-0"; got != want {
		t.Errorf("remote holds %q, want %q", got, want)
	}
	info, err := os.Stat(dir.GitPassword())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("password file: %v, %v; want mode 0600", info, err)
	}
}

func TestAPushIsToldToWebhooks(t *testing.T) {
	dir, git := startServer(t)
	type call struct {
		event, signature string
		body             []byte
	}
	calls := make(chan call, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		calls <- call{r.Header.Get("X-GitHub-Event"), r.Header.Get("X-Hub-Signature-256"), body}
	}))
	defer receiver.Close()
	secretFile := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secretFile, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// The first receiver is gone: the second must hear of the push all the same.
	webhooks := fmt.Sprintf(`[{"url":"http://127.0.0.1:1/"},{"url":%q,"secretFile":%q}]`, receiver.URL, secretFile)
	if err := os.WriteFile(dir.Webhooks(), []byte(webhooks), 0o600); err != nil {
		t.Fatal(err)
	}
	work, id := commit(t)
	mustRun(t, work, credentials(t, dir), "push", git.Repository(System), "tier-0")

	var got call
	select {
	case got = <-calls:
	case <-time.After(patience):
		t.Fatal("no webhook was called")
	}
	mac := hmac.New(sha256.New, []byte("s3cret"))
	mac.Write(got.body)
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); got.signature != want || got.event != "push" {
		t.Errorf("event %q signed %q, want push signed %q", got.event, got.signature, want)
	}
	var event pushEvent
	if err := json.Unmarshal(got.body, &event); err != nil {
		t.Fatal(err)
	}
	url := git.Repository(System)
	want := pushEvent{
		Ref: "refs/heads/tier-0", Before: strings.Repeat("0", 40), After: id, Created: true,
		Repository: repository{Name: System, FullName: "sandbox/" + System, CloneURL: url, HTMLURL: url},
	}
	if diff := cmp.Diff(want, event); diff != "" {
		t.Errorf("event differs (-want +got):\n%s", diff)
	}
}
