package gitrepo_test

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"shopset.dev/shopset/internal/githost"
	"shopset.dev/shopset/internal/gitrepo"
)

func TestOnlyTheRightCredentialsGetIn(t *testing.T) {
	host := githost.Config{Username: "robot", Password: "pa:ss wörd'\"$(x)"}
	bearer := githost.Config{BearerToken: "t0ken"}
	cases := map[string]struct {
		host githost.Config
		with gitrepo.Credentials
		want string
	}{
		"basic":                     {host, gitrepo.Credentials{Username: host.Username, Password: host.Password}, ""},
		"basic, from a file":        {host, gitrepo.Credentials{Username: "robot\n", Password: host.Password + "\r\n"}, ""},
		"basic, wrong password":     {host, gitrepo.Credentials{Username: "robot", Password: "wrong"}, "auth"},
		"basic, none given":         {host, gitrepo.Credentials{}, "auth"},
		"bearer":                    {bearer, gitrepo.Credentials{BearerToken: "t0ken"}, ""},
		"bearer, wrong":             {bearer, gitrepo.Credentials{BearerToken: "other"}, "auth"},
		"bearer goes before basic":  {bearer, gitrepo.Credentials{BearerToken: "t0ken", Username: "x", Password: "y"}, ""},
		"given where none is asked": {githost.Config{}, gitrepo.Credentials{Username: "x", Password: "y"}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			remote := serve(t, tc.host, (*httptest.Server).Start)
			r := open(t, gitrepo.Config{Remote: gitrepo.Remote{URL: remote.url, Credentials: tc.with}})
			id := commit(t, r, spec("main", "", "x"))
			errs := map[string]error{}
			_, errs["list"] = r.ListRemote(t.Context())
			errs["fetch"] = r.Fetch(t.Context())
			errs["push"] = r.Push(t.Context(), []gitrepo.RefUpdate{move("main", "", id)}, false)
			for op, err := range errs {
				if got := class(err); got != tc.want {
					t.Errorf("%s = %v, class %q, want %q", op, err, got, tc.want)
				}
			}
		})
	}
}

func TestCredentialsCanBeChanged(t *testing.T) {
	remote := serve(t, githost.Config{Username: "robot", Password: "new"}, (*httptest.Server).Start)
	r := open(t, gitrepo.Config{Remote: gitrepo.Remote{URL: remote.url, Credentials: gitrepo.Credentials{Username: "robot", Password: "old"}}})
	if err := r.Fetch(t.Context()); class(err) != "auth" {
		t.Errorf("Fetch with old credentials = %v, want ErrAuth", err)
	}
	if err := r.SetRemote(gitrepo.Remote{URL: remote.url, Credentials: gitrepo.Credentials{Username: "robot", Password: "new"}}); err != nil {
		t.Fatal(err)
	}
	fetch(t, r)
}

func TestUnusableCredentialsAreRefusedAtOnce(t *testing.T) {
	for name, remote := range map[string]gitrepo.Remote{
		"a colon in the user name":   {URL: "https://git.example.com/x", Credentials: gitrepo.Credentials{Username: "a:b"}},
		"a header in the token":      {URL: "https://git.example.com/x", Credentials: gitrepo.Credentials{BearerToken: "a\r\nHost: b"}},
		"an SSH key for any server":  {URL: "git@git.example.com:x", Credentials: gitrepo.Credentials{SSHPrivateKey: []byte("key")}},
		"a password within the URL":  {URL: "https://u:s3cret@git.example.com/x"},
		"a scheme that runs a thing": {URL: "ext::sh -c s3cret"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := gitrepo.Open(t.Context(), t.TempDir(), gitrepo.Config{Remote: remote})
			if err == nil {
				_ = r.Close()
				t.Fatal("Open succeeded")
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error repeats a secret: %v", err)
			}
		})
	}
}

func TestOnlyTrustedCertificates(t *testing.T) {
	remote := serve(t, githost.Config{}, (*httptest.Server).StartTLS)
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.TLS = &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}}
	stranger.StartTLS()
	t.Cleanup(stranger.Close)
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: remote.server.Certificate().Raw})
	other := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: stranger.Certificate().Raw})
	for name, tc := range map[string]struct {
		url    string
		bundle []byte
		want   string
	}{
		"signed by the bundle":        {remote.url, own, ""},
		"one of the bundle":           {remote.url, append(append([]byte(nil), other...), own...), ""},
		"signed by another":           {remote.url, other, "tls"},
		"no bundle":                   {remote.url, nil, "tls"},
		"a bundle that is none":       {remote.url, []byte("no certificate"), "tls"},
		"trusted, for another server": {strings.Replace(remote.url, "127.0.0.1", "localhost", 1), own, "tls"},
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, gitrepo.Config{Remote: gitrepo.Remote{URL: tc.url, Credentials: gitrepo.Credentials{CABundle: tc.bundle}}})
			if err := r.Fetch(t.Context()); class(err) != tc.want {
				t.Errorf("Fetch = %v, class %q, want %q", err, class(err), tc.want)
			}
			id := commit(t, r, spec("main", "", "x"))
			if err := r.Push(t.Context(), []gitrepo.RefUpdate{move("main", "", id)}, false); class(err) != tc.want {
				t.Errorf("Push = %v, class %q, want %q", err, class(err), tc.want)
			}
		})
	}
}

func TestRemotesThatAreNotThere(t *testing.T) {
	remote := plain(t)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>hello</html>") }))
	t.Cleanup(page.Close)
	for name, tc := range map[string]struct{ url, want string }{
		"no such repository":     {strings.Replace(remote.url, "system", "none", 1), "not found"},
		"nobody listens":         {closed.URL + "/system.git", "unreachable"},
		"no such name":           {"http://nowhere.invalid/system.git", "unreachable"},
		"a web page":             {page.URL + "/system.git", "not found"},
		"no such directory":      {filepath.Join(t.TempDir(), "none.git"), "not found"},
		"nobody listens for SSH": {"ssh://git@127.0.0.1:1/system.git", "unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, gitrepo.Config{Remote: gitrepo.Remote{URL: tc.url}})
			if _, err := r.ListRemote(t.Context()); class(err) != tc.want {
				t.Errorf("ListRemote = %v, class %q, want %q", err, class(err), tc.want)
			}
			if err := r.Fetch(t.Context()); class(err) != tc.want {
				t.Errorf("Fetch = %v, class %q, want %q", err, class(err), tc.want)
			}
			id := commit(t, r, spec("main", "", "x"))
			if err := r.Push(t.Context(), []gitrepo.RefUpdate{move("main", "", id)}, false); class(err) != tc.want {
				t.Errorf("Push = %v, class %q, want %q", err, class(err), tc.want)
			}
		})
	}
}

func TestFileRemote(t *testing.T) {
	remote := plain(t)
	remote.grow(t, "main", 2, numbered)
	r := open(t, gitrepo.Config{Remote: gitrepo.Remote{URL: "file://" + remote.path(t)}})
	fetch(t, r)
	checkWorks(t, remote, r)
}

func TestCredentialsNeverFollowARedirect(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Header.Get("Authorization"))
		http.NotFound(w, r)
	}))
	t.Cleanup(thief.Close)
	for _, status := range []int{301, 302, 307, 308} {
		trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, thief.URL+r.URL.RequestURI(), status)
		}))
		t.Cleanup(trap.Close)
		r := open(t, gitrepo.Config{Remote: gitrepo.Remote{URL: trap.URL + "/system.git", Credentials: gitrepo.Credentials{BearerToken: "t0ken"}}})
		if err := r.Fetch(t.Context()); class(err) != "not found" {
			t.Errorf("Fetch through a %d = %v, class %q, want ErrNotFound", status, err, class(err))
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(seen) != 0 {
		t.Errorf("the other host was asked %d times, with %q", len(seen), seen)
	}
}

func TestSecretsStayOutOfArgumentsErrorsAndTheRepository(t *testing.T) {
	const secret = "s3cret-value"
	encoded := base64.StdEncoding.EncodeToString([]byte("robot:" + secret))
	// The server repeats what it was told.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "no entry with %s or %s\n", r.Header.Get("Authorization"), secret)
	}))
	t.Cleanup(server.Close)
	log := filepath.Join(t.TempDir(), "log")
	wrapper := filepath.Join(t.TempDir(), "git")
	real, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\nprintf '%%s\\n' \"$@\" >>'%s'\nexec '%s' \"$@\"\n", log, real)
	if err := os.WriteFile(wrapper, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r := openIn(t, dir, gitrepo.Config{
		Git:    wrapper,
		Remote: gitrepo.Remote{URL: server.URL + "/system.git", Credentials: gitrepo.Credentials{Username: "robot", Password: secret}},
	})
	fetchErr := r.Fetch(t.Context())
	id := commit(t, r, spec("main", "", "x"))
	pushErr := r.Push(t.Context(), []gitrepo.RefUpdate{move("main", "", id)}, false)
	text := fmt.Sprint(fetchErr, pushErr)
	if !strings.Contains(text, "no entry with") {
		t.Errorf("errors %q lack the server's words", text)
	}
	arguments, err := os.ReadFile(log)
	if err != nil || !strings.Contains(string(arguments), "fetch") {
		t.Fatalf("arguments %q, %v", arguments, err)
	}
	text += string(arguments) + everyFile(t, dir)
	for _, hidden := range []string{secret, encoded} {
		if strings.Contains(text, hidden) {
			t.Errorf("%q shows in an error, an argument or a file", hidden)
		}
	}
}

func everyFile(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		all.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestTheMachinesConfigurationIsNotUsed(t *testing.T) {
	home := t.TempDir()
	write(t, filepath.Join(home, ".gitconfig"), "[url \"http://nowhere.invalid/\"]\n\tinsteadOf = http://\n[core]\n\thooksPath = "+home+"\n")
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("GIT_DIR", home)
	t.Setenv("GIT_SSL_NO_VERIFY", "1")
	t.Setenv("GIT_TRACE_CURL", filepath.Join(home, "trace"))
	remote := plain(t)
	remote.grow(t, "main", 1, numbered)
	r := remote.open(t)
	fetch(t, r)
	checkWorks(t, remote, r)
	if _, err := os.Stat(filepath.Join(home, "trace")); err == nil {
		t.Error("GIT_TRACE_CURL of the environment took effect")
	}
}
