package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	// The binary is built while the tests run. These and the look at main.go in
	// build tell the test cache what it is made of.
	_ "example.shop/storefront/internal/api"
	_ "example.shop/storefront/internal/cart"
	_ "example.shop/storefront/internal/lb"
	_ "example.shop/storefront/internal/orders"
	_ "example.shop/storefront/internal/proxy"
	_ "example.shop/storefront/internal/shop"
)

// patience bounds every wait for something that must happen; on an idle
// machine it takes milliseconds.
const patience = 60 * time.Second

// build compiles the binary once for a test.
func build(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("../main.go"); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "storefront")
	cmd := exec.Command("go", "build", "-o", binary, "example.shop/storefront")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building storefront: %v\n%s", err, out)
	}
	return binary
}

// process is one running component.
type process struct {
	name    string
	address string
	cmd     *exec.Cmd
	exited  chan error
}

// start runs a component on a free port of the loopback address and returns
// once it listens.
func start(t *testing.T, binary, name string, env ...string) *process {
	t.Helper()
	p, stdout := launch(t, binary, name, env...)
	listening := make(chan string, 1)
	go readLog(stdout, listening)
	select {
	case p.address = <-listening:
	case err := <-p.exited:
		t.Fatalf("%s ended before it listened: %v", name, err)
	case <-time.After(patience):
		t.Fatalf("%s does not listen", name)
	}
	return p
}

func launch(t *testing.T, binary, name string, env ...string) (*process, io.Reader) {
	t.Helper()
	cmd := exec.Command(binary, name)
	cmd.Env = append([]string{"SANDBOX_BIND_ADDRESS=127.0.0.1", "PORT=0"}, env...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	p := &process{name: name, cmd: cmd, exited: make(chan error, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		state, err := cmd.Process.Wait()
		if err == nil && !state.Success() {
			err = &exec.ExitError{ProcessState: state}
		}
		p.exited <- err
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-done
	})
	return p, stdout
}

// readLog finds the address in the log and hands the rest to nobody.
func readLog(log io.Reader, listening chan<- string) {
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var entry struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "listening" {
			listening <- entry.Address
		}
	}
}

// stop sends SIGTERM and returns how long the process took to end.
func (p *process) stop(t *testing.T) time.Duration {
	t.Helper()
	begin := time.Now()
	p.signal(t)
	p.wait(t)
	return time.Since(begin)
}

func (p *process) signal(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("stopping %s: %v", p.name, err)
	}
}

func (p *process) wait(t *testing.T) {
	t.Helper()
	select {
	case err := <-p.exited:
		if err != nil {
			t.Errorf("%s ended with %v, want a graceful end", p.name, err)
		}
	case <-time.After(patience):
		t.Fatalf("%s does not end", p.name)
	}
}

// lines splits a file of JSON lines.
func lines(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}
