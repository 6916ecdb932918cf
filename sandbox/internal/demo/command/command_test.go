package command_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"shopset.dev/shopset/sandbox/internal/demo/command"
)

func TestRun(t *testing.T) {
	dir := t.TempDir()
	runner := command.Runner{Stdin: []byte("from stdin")}.In(dir).With("A=1").With("B=2")
	out, err := runner.Run(t.Context(), "sh", "-c", `echo " $A$B $(cat) $(basename "$PWD") "`)
	if want := "12 from stdin " + filepath.Base(dir); err != nil || out != want {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
}

func TestAnErrorSaysWhatTheProgramSaid(t *testing.T) {
	var echo bytes.Buffer
	_, err := command.Runner{Echo: &echo}.Run(t.Context(), "sh", "-c", "echo the cause >&2; exit 3")
	if err == nil || !strings.Contains(err.Error(), "exit status 3: the cause") {
		t.Errorf("got %v", err)
	}
	if echo.String() != "the cause\n" {
		t.Errorf("echoed %q", echo.String())
	}
}

func TestACancelledProgramEndsWithItsChildren(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if data, err := os.ReadFile(pidFile); err == nil && len(data) > 0 {
				break
			}
		}
		cancel(enough)
	}()
	_, err := command.Runner{}.Run(ctx, "sh", "-c", `sleep 600 & echo $! > "$0"; wait`, pidFile)
	if !errors.Is(err, enough) {
		t.Errorf("got %v, want %v", err, enough)
	}
	data, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("process %d still runs", pid)
		}
	}
}

// alive is false for a process that has ended, also if nobody has waited for it yet.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}
