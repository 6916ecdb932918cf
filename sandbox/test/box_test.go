package test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shopset.dev/shopset/sandbox/internal/control"
	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/process"
	"shopset.dev/shopset/sandbox/internal/state"
	"shopset.dev/shopset/sandbox/internal/supervisor"
)

const (
	// patience bounds the wait for what must happen, on a busy machine.
	patience = 3 * time.Minute
	// silence is how long nothing must be heard.
	silence = 2 * time.Second
)

// box is a sandbox of a test.
type box struct {
	t   *testing.T
	dir layout.Dir
	// program, unless empty, is another copy of shopset-sandbox: what lies beside it counts.
	program string
}

// newBox returns a sandbox that is not up yet, and purges it in the end.
func newBox(t *testing.T) box {
	t.Helper()
	if testing.Short() {
		t.Skip("starts whole clusters, which -short forbids")
	}
	b := box{t: t, dir: layout.Dir(filepath.Join(t.TempDir(), "sandbox"))}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("last words of the supervisor:\n%s", b.lastWords())
		}
		b.must("down", "--purge")
		if _, err := os.Stat(string(b.dir)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("after down --purge: %v, want the directory gone", err)
		}
	})
	return b
}

func (b box) lastWords() string {
	log, err := os.ReadFile(b.dir.Log("supervisor"))
	if err != nil {
		return err.Error()
	}
	return string(log[max(0, len(log)-4000):])
}

func (b box) command(args ...string) *exec.Cmd {
	args = append(args, "--dir", string(b.dir))
	if args[0] == "up" || args[0] == "env" {
		args = append(args, "--parts", parts)
	}
	return exec.Command(cmp.Or(b.program, program), args...)
}

// run runs a verb and returns what it printed on either stream and its exit code.
func (b box) run(args ...string) (stdout, stderr string, code int) {
	b.t.Helper()
	cmd := b.command(args...)
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &messages
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatalf("%s: %v", args, err)
	}
	return out.String(), messages.String(), cmd.ProcessState.ExitCode()
}

func (b box) must(args ...string) string {
	b.t.Helper()
	out, messages, code := b.run(args...)
	if code != 0 {
		b.t.Fatalf("shopset-sandbox %s: exit code %d\n%s%s", args, code, out, messages)
	}
	return out
}

func (b box) status() control.Status {
	b.t.Helper()
	out, messages, _ := b.run("status", "-o", "json")
	var status control.Status
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		b.t.Fatalf("decoding status: %v\n%s%s", err, out, messages)
	}
	return status
}

func (b box) condition(cluster string) control.Condition {
	b.t.Helper()
	for _, c := range b.status().Clusters {
		if c.Name == cluster {
			return c.Condition
		}
	}
	b.t.Fatalf("status does not know cluster %q", cluster)
	return ""
}

func (b box) state() *state.State {
	b.t.Helper()
	s, err := state.Load(b.dir.State())
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// processes are all of the sandbox's that run, found without its help.
func (b box) processes() []process.ID {
	b.t.Helper()
	return process.Marked(supervisor.MarkName, b.state().ID)
}

// kubectl runs kubectl against a cluster, as from outside it.
func (b box) kubectl(cluster, stdin string, args ...string) (string, error) {
	b.t.Helper()
	cmd := exec.Command(filepath.Join(parts, "kubectl"), append([]string{"--kubeconfig", b.dir.Kubeconfig(cluster)}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (b box) mustKubectl(cluster, stdin string, args ...string) string {
	b.t.Helper()
	out, err := b.kubectl(cluster, stdin, args...)
	if err != nil {
		b.t.Fatalf("kubectl %s: %v\n%s", args, err, out)
	}
	return out
}

// eventually waits until a check returns no error.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s: %v", what, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// get fetches a URL on a connection of its own.
func get(url string, timeout time.Duration) (string, error) {
	client := &http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return string(body), err
}
