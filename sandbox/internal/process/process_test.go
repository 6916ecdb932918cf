package process

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/utils/clock"
)

// patience bounds the wait for what must happen.
const patience = 30 * time.Second

// roleVariable makes this test binary a program of its own.
const roleVariable = "SANDBOX_PROCESS_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) == "parent" {
		becomeParent()
	}
	os.Exit(m.Run())
}

// becomeParent starts a child through a Spawner, prints its pid, and waits to
// be killed.
func becomeParent() {
	cmd := exec.Command("sleep", "600")
	if err := NewSpawner().Start(cmd); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(cmd.Process.Pid)
	select {}
}

func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !check(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still waiting: %s", what)
		}
	}
}

func newTestRunner(t *testing.T, script string, env ...string) *Runner {
	t.Helper()
	r := NewRunner(Spec{
		Name: "test", Path: "/bin/sh", Args: []string{"-c", script},
		Env: append(os.Environ(), env...), Dir: t.TempDir(),
		Log: filepath.Join(t.TempDir(), "log"), Grace: 300 * time.Millisecond,
	}, NewSpawner(), clock.RealClock{}, slog.New(slog.DiscardHandler), func(string, ID) {})
	t.Cleanup(r.Kill)
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAProcessThatEndsIsStartedAgain(t *testing.T) {
	r := newTestRunner(t, "exec sleep 600")
	first := r.ID()
	first.Signal(syscall.SIGKILL)
	eventually(t, "a second process", func() bool { id := r.ID(); return id.PID != 0 && id != first })
	if got := r.Restarts(); got != 1 {
		t.Errorf("%d restarts, want 1", got)
	}
	r.Stop(context.Background())
	if id := r.ID(); id != (ID{}) {
		t.Errorf("after Stop: %+v still runs", id)
	}
}

func TestStopLeavesNoDescendant(t *testing.T) {
	scripts := map[string]string{
		"who ends when asked":           "sleep 600 & sleep 600",
		"who ignores being asked":       "trap '' TERM; sleep 600 & while :; do sleep 1; done",
		"whose child left its group":    "setsid sleep 600 & wait",
		"whose grandchild has children": "sh -c 'sh -c \"sleep 600\" & wait' & wait",
	}
	for name, script := range scripts {
		t.Run(name, func(t *testing.T) {
			r := newTestRunner(t, script)
			eventually(t, "the child", func() bool { return len(Tree(r.ID())) > 1 })
			tree := Tree(r.ID())
			r.Stop(context.Background())
			for _, id := range tree {
				eventually(t, fmt.Sprintf("the end of %d", id.PID), func() bool { return !id.Alive() })
			}
		})
	}
}

func TestKillEndsAFrozenProcess(t *testing.T) {
	r := newTestRunner(t, "sleep 600 & wait")
	eventually(t, "the child", func() bool { return len(Tree(r.ID())) > 1 })
	tree := Tree(r.ID())
	SignalTree(r.ID(), syscall.SIGSTOP)
	for _, id := range tree {
		eventually(t, "standing still", func() bool { s, err := readStat(id.PID); return err == nil && s.state == "T" })
	}
	r.Kill()
	for _, id := range tree {
		eventually(t, "the end", func() bool { return !id.Alive() })
	}
}

func TestAnOrphanIsFoundByItsMark(t *testing.T) {
	value := fmt.Sprintf("%s-%d", t.Name(), os.Getpid())
	r := newTestRunner(t, "setsid sleep 600 & exec sleep 600", "SANDBOX_TEST_MARK="+value)
	eventually(t, "both processes", func() bool { return len(Marked("SANDBOX_TEST_MARK", value)) == 2 })
	r.ID().Signal(syscall.SIGKILL)
	r.release()
	eventually(t, "only the orphan", func() bool { return len(Marked("SANDBOX_TEST_MARK", value)) == 1 })
	for _, id := range Marked("SANDBOX_TEST_MARK", value) {
		id.Signal(syscall.SIGKILL)
	}
}

func TestAReusedPidIsNotSignalled(t *testing.T) {
	r := newTestRunner(t, "exec sleep 600")
	stranger := r.ID()
	stranger.Start-- // the same pid, another process
	if stranger.Alive() {
		t.Error("a process with another start time is said to be alive")
	}
	stranger.Signal(syscall.SIGKILL)
	SignalTree(stranger, syscall.SIGKILL)
	if !r.ID().Alive() || r.Restarts() != 0 {
		t.Error("the stranger was killed")
	}
}

func TestChildrenDieWithTheirParent(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), roleVariable+"=parent")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(strings.TrimSpace(string(line[:n])), &pid); err != nil {
		t.Fatalf("parent says %q", line[:n])
	}
	child, err := Identify(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	eventually(t, "the child's end", func() bool { return !child.Alive() })
}
