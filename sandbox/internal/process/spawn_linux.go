package process

import (
	"os/exec"
	"runtime"
	"syscall"
)

// Spawner starts children that die with it. The kernel ties the parent-death
// signal to the thread that forked, not to the process, so all children are
// started from one thread which lives as long as the program.
type Spawner struct {
	requests chan func()
}

// NewSpawner starts the thread.
func NewSpawner() *Spawner {
	s := &Spawner{requests: make(chan func())}
	go func() {
		runtime.LockOSThread()
		for request := range s.requests {
			request()
		}
	}()
	return s
}

// Start starts a command in a process group of its own. The kernel kills it
// should this program end first, however it ends.
func (s *Spawner) Start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	done := make(chan error)
	s.requests <- func() { done <- cmd.Start() }
	return <-done
}

// Yield makes a process that was just started, with all that it will start, give way to others by so
// much, from 0 to 19.
func Yield(pid, nice int) error {
	return syscall.Setpriority(syscall.PRIO_PGRP, pid, nice)
}

// Detach makes a command outlive its parent and its terminal.
func Detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
}
