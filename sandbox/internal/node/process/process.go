// Package process runs the processes of containers. Each leads a process group of
// its own, and where the system can (Linux) it is killed when the agent dies.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// drainTime is how long output may still come after a process has ended, from
// children that it left behind, before they are killed.
const drainTime = 500 * time.Millisecond

// Spec is a process to start.
type Spec struct {
	Path string
	Args []string // with argv[0]
	Env  []string
	Dir  string

	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Exit is how a process ended.
type Exit struct {
	// Code is the exit code, or 128 plus the number of the signal.
	Code   int
	Signal int
	// Message says more, if there is more to say.
	Message           string
	Started, Finished time.Time
}

// Process is a running or ended process.
type Process struct {
	pid     int
	started time.Time
	done    chan struct{}
	exit    Exit
}

// Launcher starts processes. The system counts the *thread* that started a process
// as its parent, so all are started by one that lives as long as the agent.
type Launcher struct {
	ctx   context.Context
	tasks chan func()
}

// NewLauncher returns a launcher that works until ctx is done.
func NewLauncher(ctx context.Context) *Launcher {
	launcher := &Launcher{ctx: ctx, tasks: make(chan func())}
	go launcher.run()
	return launcher
}

func (l *Launcher) run() {
	runtime.LockOSThread() // never unlocked: the thread must not serve, or end with, others
	for {
		select {
		case task := <-l.tasks:
			task()
		case <-l.ctx.Done():
			return
		}
	}
}

// Start starts a process.
func (l *Launcher) Start(spec Spec) (*Process, error) {
	cmd := &exec.Cmd{
		Path: spec.Path, Args: spec.Args, Env: spec.Env, Dir: spec.Dir,
		Stdin: spec.Stdin, Stdout: spec.Stdout, Stderr: spec.Stderr,
		SysProcAttr: groupLeader(), WaitDelay: drainTime,
	}
	started := make(chan error, 1)
	select {
	case l.tasks <- func() { started <- cmd.Start() }:
	case <-l.ctx.Done():
		return nil, fmt.Errorf("starting %s: %w", spec.Path, context.Cause(l.ctx))
	}
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Path, err)
	}
	process := &Process{pid: cmd.Process.Pid, started: time.Now(), done: make(chan struct{})}
	go process.wait(cmd)
	return process, nil
}

func (p *Process) wait(cmd *exec.Cmd) {
	err := cmd.Wait()
	p.signal(syscall.SIGKILL) // what the group's leader left behind
	p.exit = Exit{Started: p.started, Finished: time.Now()}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case ok && status.Signaled():
		p.exit.Signal = int(status.Signal())
		p.exit.Code = 128 + p.exit.Signal
	default:
		p.exit.Code = cmd.ProcessState.ExitCode()
	}
	var exitError *exec.ExitError
	if err != nil && !errors.As(err, &exitError) && !errors.Is(err, exec.ErrWaitDelay) {
		p.exit.Message = err.Error()
	}
	close(p.done)
}

// PID is the process id, and that of its group.
func (p *Process) PID() int { return p.pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit is how it ended; only after Done.
func (p *Process) Exit() Exit { return p.exit }

// Terminate asks the process to end (SIGTERM). As in a container, it is the first
// process that is asked, and its children only if it asks them.
func (p *Process) Terminate() {
	select {
	case <-p.done:
	default:
		_ = syscall.Kill(p.pid, syscall.SIGTERM) // it may have just ended
	}
}

// Kill ends the process and all that it started (SIGKILL).
func (p *Process) Kill() {
	select {
	case <-p.done:
	default:
		p.signal(syscall.SIGKILL)
	}
}

func (p *Process) signal(signal syscall.Signal) {
	_ = syscall.Kill(-p.pid, signal) // an empty group is what we want
}
