// Package command runs the programs that the demo is made of: the sandbox, kubectl, git and sh.
// Arguments are never put together by a shell, and secrets travel in files or the environment.
package command

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	// maxOutput is how much of a program's output is kept.
	maxOutput = 4 << 20
	// maxError is how much of it an error shows: the end, where the cause is.
	maxError = 2000
	// grace is how long a program may take to end when it is told to.
	grace = 5 * time.Second
)

// Runner runs programs in a directory, with variables added to the demo's own.
type Runner struct {
	Dir string
	Env []string
	// Stdin is what a program reads; nil for nothing.
	Stdin []byte
	// Echo gets the program's stderr as it comes; nil for nobody.
	Echo io.Writer
}

// With adds variables, each NAME=VALUE.
func (r Runner) With(env ...string) Runner {
	r.Env = append(append([]string{}, r.Env...), env...)
	return r
}

// In changes the directory.
func (r Runner) In(dir string) Runner {
	r.Dir = dir
	return r
}

// Run runs a program and returns what it wrote to stdout, without the space around it.
func (r Runner) Run(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = r.Dir, append(os.Environ(), r.Env...)
	if r.Stdin != nil {
		cmd.Stdin = bytes.NewReader(r.Stdin)
	}
	stdout, stderr := &tail{}, &tail{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if r.Echo != nil {
		cmd.Stderr = io.MultiWriter(stderr, r.Echo)
	}
	// A group of its own: Ctrl-C on a terminal is for the demo, which then ends its programs.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	err := cmd.Run()
	out := strings.TrimSpace(stdout.String())
	if err == nil {
		return out, nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	what := strings.Join(append([]string{program}, args...), " ")
	if said := strings.TrimSpace(stderr.String()); said != "" {
		err = fmt.Errorf("%w: %s", err, lastOf(said, maxError))
	}
	return out, fmt.Errorf("running %q: %w", lastOf(what, maxError), err)
}

// tail keeps the last part of what is written.
type tail struct{ data []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.data = append(t.data, p...)
	if over := len(t.data) - maxOutput; over > 0 {
		t.data = t.data[over:]
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.data) }

func lastOf(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return "… " + strings.ToValidUTF8(s[len(s)-most:], "")
}
