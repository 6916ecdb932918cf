package edgetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// argsVariable holds the arguments of an edge that a test binary shall be.
const argsVariable = "SHOPSET_EDGE_TEST_ARGS"

// Edge is a running shopset-edge: the test binary itself, started again.
type Edge struct {
	HTTP, HTTPS, Status string
	cmd                 *exec.Cmd
	exited              chan struct{}
	log, access         buffer
}

// buffer can be written and read at the same time.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// Main lets a test binary be the edge when Start asks for it: call it first in TestMain, with what
// runs the edge.
func Main(run func(args []string) error) {
	text := os.Getenv(argsVariable)
	if text == "" {
		return
	}
	go endWithParent(os.Getppid())
	var args []string
	err := json.Unmarshal([]byte(text), &args)
	if err == nil {
		err = run(args)
	}
	fmt.Fprintln(os.Stderr, "edge:", err)
	os.Exit(1)
}

// endWithParent keeps a test that panics from leaving its edges behind.
func endWithParent(parent int) {
	for os.Getppid() == parent {
		time.Sleep(time.Second)
	}
	os.Exit(1)
}

// Command is this test binary as what Main makes of the arguments.
func Command(args ...string) *exec.Cmd {
	text, _ := json.Marshal(args)   // strings always have one
	cmd := exec.Command(os.Args[0]) //nolint:gosec // G702: the test binary itself
	cmd.Env = append(os.Environ(), argsVariable+"="+string(text))
	return cmd
}

// Start runs an edge over the tables and waits until it is ready.
func Start(t testing.TB, tables string, more ...string) *Edge {
	t.Helper()
	e := &Edge{HTTP: FreePort(t), HTTPS: FreePort(t), Status: FreePort(t), exited: make(chan struct{})}
	args := append([]string{"--name", "test", "--tables-dir", tables, "--http", e.HTTP, "--https", e.HTTPS, "--status", e.Status}, more...)
	for i, arg := range more {
		switch arg {
		case "--http":
			e.HTTP = more[i+1]
		case "--https":
			e.HTTPS = more[i+1]
		}
	}
	e.cmd = Command(args...)
	e.cmd.Stderr, e.cmd.Stdout = &e.log, &e.access
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = e.cmd.Wait()
		close(e.exited)
	}()
	t.Cleanup(func() {
		_ = e.cmd.Process.Kill()
		<-e.exited
		if t.Failed() {
			t.Logf("log of the edge:\n%s", e.log.String())
		}
	})
	e.waitReady(t)
	return e
}

func (e *Edge) waitReady(t testing.TB) {
	t.Helper()
	Eventually(t, "the edge is ready", func() error {
		select {
		case <-e.exited:
			t.Fatalf("the edge ended:\n%s", e.log.String())
		default:
		}
		res, err := http.Get("http://" + e.Status + "/readyz")
		if err != nil {
			return err
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("/readyz says %s", res.Status)
		}
		conn, err := net.Dial("tcp", e.HTTP)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
}

// Terminate sends SIGTERM.
func (e *Edge) Terminate(t testing.TB) {
	t.Helper()
	if err := e.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// Exited is closed when the process has ended.
func (e *Edge) Exited() <-chan struct{} { return e.exited }

// ExitCode of a process that has ended.
func (e *Edge) ExitCode() int { return e.cmd.ProcessState.ExitCode() }

// Pid of the process.
func (e *Edge) Pid() int { return e.cmd.Process.Pid }

// Log is what the edge said of itself so far, AccessLog what it said of requests.
func (e *Edge) Log() string       { return e.log.String() }
func (e *Edge) AccessLog() string { return e.access.String() }

// WaitEpoch waits until the edge routes by the table of that epoch.
func (e *Edge) WaitEpoch(t testing.TB, epoch int64) {
	t.Helper()
	Eventually(t, fmt.Sprintf("the edge has epoch %d", epoch), func() error {
		res, err := http.Get("http://" + e.Status + "/status")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		var status struct{ Table struct{ Epoch int64 } }
		if err := json.NewDecoder(res.Body).Decode(&status); err != nil {
			return err
		}
		if status.Table.Epoch < epoch {
			return fmt.Errorf("it has epoch %d", status.Table.Epoch)
		}
		return nil
	})
}

// Metric is the sum of a metric's samples.
func (e *Edge) Metric(t testing.TB, name string) float64 {
	t.Helper()
	res, err := http.Get("http://" + e.Status + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	sum, found := 0.0, false
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if base, _, _ := strings.Cut(key, "{"); base != name {
			continue
		}
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum, found = sum+number, true
	}
	if !found {
		t.Fatalf("there is no metric %s", name)
	}
	return sum
}

// FreePort is a loopback address that nobody listens at.
func FreePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// Eventually waits until try succeeds; it gives up after half a minute.
func Eventually(t testing.TB, what string, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s: %v", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
