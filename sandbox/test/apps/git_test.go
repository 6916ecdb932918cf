package apps

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/internal/githost"
)

// account is a user of a Git server.
type account struct{ username, password string }

// remote is a repository on some Git server, and who may enter it.
type remote struct {
	url string
	account
}

// sandboxRemote makes a repository on the sandbox's own Git server, which serves what is there.
func sandboxRemote(t *testing.T, name string) remote {
	t.Helper()
	password, err := os.ReadFile(shared.dir.GitPassword())
	if err != nil {
		t.Fatal(err)
	}
	host, err := githost.New(githost.Config{Root: shared.dir.Git()})
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Create(name); err != nil {
		t.Fatal(err)
	}
	return remote{shared.git.Repository(name), account{shared.git.Username, strings.TrimSpace(string(password))}}
}

// ownRemote makes a repository on a Git server of its own, which lets several users in.
func ownRemote(t *testing.T, name string, users ...account) remote {
	t.Helper()
	host, err := githost.New(githost.Config{Root: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Create(name); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, _ := r.BasicAuth()
		for _, u := range users {
			if u == (account{name, password}) {
				host.ServeHTTP(w, r)
				return
			}
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(w, "authentication required", http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	return remote{server.URL + "/" + name + ".git", users[0]}
}

// argoCredentials tells Argo CD a user for repositories, as a person does.
func argoCredentials(t *testing.T, name string, user account, urls ...string) {
	t.Helper()
	for i, url := range urls {
		secret := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: argoNamespace, Name: fmt.Sprintf("%s-%d", name, i),
				Labels: map[string]string{"argocd.argoproj.io/secret-type": "repository"}},
			StringData: map[string]string{"type": "git", "url": url, "username": user.username, "password": user.password},
		}
		if err := shared.mgmt.Create(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
	}
}

// askPass hands out what git asks for; the password is on no command line.
const askPass = "#!/bin/sh\ncase $1 in Username*) echo \"$GIT_TEST_USERNAME\";; *) echo \"$GIT_TEST_PASSWORD\";; esac\n"

// clone is a developer's clone of a repository.
type clone struct {
	t   *testing.T
	dir string
	remote
	branch string
}

func newClone(t *testing.T, r remote, branch string) clone {
	t.Helper()
	c := clone{t: t, dir: filepath.Join(t.TempDir(), "clone"), remote: r, branch: branch}
	c.git(".", "init", "--quiet", "--initial-branch", branch, c.dir)
	c.git(c.dir, "remote", "add", "origin", r.url)
	return c
}

// git runs git as the remote's user.
func (r remote) git(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	ask := filepath.Join(t.TempDir(), "askpass")
	if err := os.WriteFile(ask, []byte(askPass), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Mia", "GIT_AUTHOR_EMAIL=mia@example.com", "GIT_COMMITTER_NAME=Mia", "GIT_COMMITTER_EMAIL=mia@example.com",
		"GIT_ASKPASS=" + ask, "GIT_TEST_USERNAME=" + r.username, "GIT_TEST_PASSWORD=" + r.password,
	}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (c clone) git(dir string, args ...string) string {
	c.t.Helper()
	out, err := c.remote.git(c.t, dir, args...)
	if err != nil {
		c.t.Fatalf("git %s: %v\n%s", args, err, out)
	}
	return out
}

// push commits files, of which an empty one is removed, and returns the commit.
func (c clone) push(files map[string]string) string {
	c.t.Helper()
	for name, content := range files {
		path := filepath.Join(c.dir, name)
		if content == "" {
			if err := os.Remove(path); err != nil {
				c.t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			c.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
	c.git(c.dir, "add", "--all")
	c.git(c.dir, "commit", "--quiet", "--message", "Change the shop")
	c.git(c.dir, "push", "--quiet", "origin", c.branch)
	return c.git(c.dir, "rev-parse", "HEAD")
}

// loadCrashingImage makes Pods with an image end at once.
func loadCrashingImage(t *testing.T, ref string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := command(filepath.Join(shared.home, "shopset-sandbox"), "image", "load", ref, "--binary", self,
		"--env", crashVariable+"=yes", "--dir", string(shared.dir)); err != nil {
		t.Fatal(err)
	}
}
