package process

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// syncBuffer is written by a process and read by the test.
type syncBuffer struct {
	mu   sync.Mutex
	kept bytes.Buffer // a field: its ReadFrom would not lock
}

func (b *syncBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kept.Write(data)
}

func (b *syncBuffer) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kept.String()
}

func shell(t *testing.T, script string) (*Process, *syncBuffer) {
	t.Helper()
	out := &syncBuffer{}
	process, err := NewLauncher(t.Context()).Start(Spec{
		Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: []string{"PATH=" + os.Getenv("PATH")}, Stdout: out, Stderr: out,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Kill)
	return process, out
}

func await(t *testing.T, process *Process) Exit {
	t.Helper()
	select {
	case <-process.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("the process does not end")
	}
	return process.Exit()
}

func awaitText(t *testing.T, out *syncBuffer, text string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(out.text(), text); {
		if time.Now().After(deadline) {
			t.Fatalf("the process wrote %q, not %q", out.text(), text)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestExit(t *testing.T) {
	for name, test := range map[string]struct {
		script string
		end    func(*Process)
		code   int
	}{
		"by itself, well":                 {"exit 0", nil, 0},
		"by itself, badly":                {"exit 9", nil, 9},
		"asked, and it listens":           {"trap 'exit 4' TERM; echo up; while :; do sleep 0.01; done", (*Process).Terminate, 4},
		"asked, and it knows no better":   {"echo up; exec sleep 60", (*Process).Terminate, 128 + 15},
		"killed, though it does not mind": {"trap '' TERM; echo up; while :; do sleep 0.01; done", (*Process).Kill, 128 + 9},
	} {
		t.Run(name, func(t *testing.T) {
			process, out := shell(t, test.script)
			if test.end != nil {
				awaitText(t, out, "up")
				test.end(process)
			}
			if exit := await(t, process); exit.Code != test.code {
				t.Errorf("exit %+v, want code %d", exit, test.code)
			}
		})
	}
}

func TestChildrenLeftBehindAreKilled(t *testing.T) {
	process, out := shell(t, "sleep 60 & echo $!; exit 0")
	if exit := await(t, process); exit.Code != 0 {
		t.Fatalf("exit %+v", exit)
	}
	child, err := strconv.Atoi(strings.TrimSpace(out.text()))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		state, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(child), "stat"))
		isZombie := err == nil && strings.Contains(string(state), ") Z ") // for init to collect
		if isZombie || errors.Is(syscall.Kill(child, 0), syscall.ESRCH) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("child %d is there: %s", child, state)
		}
	}
}

func TestStartOfNothing(t *testing.T) {
	if _, err := NewLauncher(t.Context()).Start(Spec{Path: "/nonexistent"}); err == nil {
		t.Error("nothing was started")
	}
}

func TestLogIsBoundedAndKeepsThePreviousRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.log")
	first, err := OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	line := bytes.Repeat([]byte("x"), 1<<20)
	for range 25 {
		if n, err := first.Write(line); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	for _, each := range []string{path, OldLog(path)} {
		if info, err := os.Stat(each); err != nil || info.Size() > MaxLog || info.Size() == 0 {
			t.Errorf("%s: %v, %v", each, info, err)
		}
	}
	first.Close()
	if n, err := first.Write(line); n != len(line) || err != nil {
		t.Errorf("a closed log upset its writer: %d, %v", n, err)
	}
	second, err := OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := second.Write([]byte("second\n")); err != nil {
		t.Fatal(err)
	}
	if now, _ := os.ReadFile(path); string(now) != "second\n" {
		t.Errorf("the log of the second run begins with %.20q", now)
	}
	if info, err := os.Stat(PreviousLog(path)); err != nil || info.Size() == 0 {
		t.Errorf("the log of the first run: %v, %v", info, err)
	}
}
