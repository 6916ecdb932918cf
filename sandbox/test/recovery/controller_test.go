package recovery

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// controller is a controller's process, which can be killed and started again.
type controller struct {
	t   *testing.T
	box *box
	// dir is its --dir, log collects what all its processes write.
	dir, log string
	flags    []string
	// metrics and events are the addresses of two of its listeners.
	metrics, events string

	mu     sync.Mutex
	cmd    *exec.Cmd
	done   chan struct{}
	ending bool
}

// newController prepares a controller; start starts it.
func newController(t *testing.T, b *box, flags ...string) *controller {
	t.Helper()
	dir := t.TempDir()
	c := &controller{t: t, box: b, dir: filepath.Join(dir, "repositories"), log: filepath.Join(dir, "log")}
	ports := freePorts(t, 3)
	c.metrics, c.events = "127.0.0.1:"+ports[0], "127.0.0.1:"+ports[2]
	c.flags = append([]string{
		"--admission=false", "--bind-address=127.0.0.1", "--dir=" + c.dir,
		"--metrics-port=" + ports[0], "--probe-port=" + ports[1], "--push-event-port=" + ports[2], "--git-timeout=10s",
	}, flags...)
	t.Cleanup(func() {
		c.kill()
		if t.Failed() {
			t.Logf("last words of the controller:\n%s", lastWords(c.log))
		}
	})
	return c
}

// start starts the process if it does not run.
func (c *controller) start(more ...string) {
	c.t.Helper()
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(c.box.controller, append(append([]string{}, c.flags...), more...)...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.box.kubeconfig())
	cmd.Stdout, cmd.Stderr = log, log
	if err := c.box.spawner.Start(cmd); err != nil {
		c.t.Fatalf("starting the controller: %v", err)
	}
	done := make(chan struct{})
	c.mu.Lock()
	c.cmd, c.done, c.ending = cmd, done, false
	c.mu.Unlock()
	go func() {
		err := cmd.Wait()
		close(done)
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.ending && c.cmd == cmd {
			c.t.Errorf("the controller ended by itself: %v", err)
		}
	}()
}

// kill ends the process as a power cut would, and returns when it is gone.
func (c *controller) kill() { c.end(syscall.SIGKILL) }

// stop asks the process to end.
func (c *controller) stop() { c.end(syscall.SIGTERM) }

func (c *controller) end(signal syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil {
		return
	}
	c.ending = true
	if err := c.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		c.t.Errorf("ending the controller: %v", err)
	}
	select {
	case <-c.done:
	case <-time.After(patience):
		c.t.Errorf("the controller does not end on %s", signal)
	}
	c.cmd = nil
}

func (c *controller) said() string {
	c.t.Helper()
	log, err := os.ReadFile(c.log)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(log)
}

func lastWords(path string) string {
	log, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return strings.ToValidUTF8(string(log[max(0, len(log)-6000):]), "?")
}

// freePorts finds ports that nobody listens on now.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var ports []string
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		address, ok := listener.Addr().(*net.TCPAddr)
		if !ok {
			t.Fatal(fmt.Errorf("listening at %s: no TCP address", listener.Addr()))
		}
		ports = append(ports, strconv.Itoa(address.Port))
	}
	return ports
}
