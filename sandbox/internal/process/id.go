// Package process starts, watches and ends the processes of a sandbox.
//
// A process is identified by its pid and its start time together: pids are
// reused, and a sandbox that was killed may find another program under a pid
// that it wrote down. Nothing is ever signalled by pid alone.
package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ID names one process for as long as the machine is up.
type ID struct {
	PID int `json:"pid"`
	// Start is when it started, in clock ticks since boot.
	Start uint64 `json:"start"`
}

// Self is the calling process.
func Self() (ID, error) { return Identify(os.Getpid()) }

// Identify reads the start time of a running process.
func Identify(pid int) (ID, error) {
	stat, err := readStat(pid)
	if err != nil {
		return ID{}, err
	}
	return ID{PID: pid, Start: stat.start}, nil
}

// Alive says whether the process still runs. A zombie does not, once its last
// thread has ended: until then it holds its ports.
func (id ID) Alive() bool {
	if id.PID <= 0 {
		return false
	}
	stat, err := readStat(id.PID)
	return err == nil && stat.start == id.Start && !stat.ended()
}

// Signal sends a signal if the process still runs, and nothing otherwise.
func (id ID) Signal(signal syscall.Signal) {
	if id.Alive() {
		// It may end between the two calls; then there is nobody to tell.
		_ = syscall.Kill(id.PID, signal)
	}
}

type stat struct {
	pid, parent int
	state       string
	threads     int
	start       uint64
}

func (s stat) ended() bool { return s.state == "X" || s.state == "Z" && s.threads <= 1 }

// readStat reads /proc/<pid>/stat. The command's name, in parentheses, may
// hold anything, so fields count from the last closing one.
func readStat(pid int) (stat, error) {
	path := filepath.Join("/proc", strconv.Itoa(pid), "stat")
	data, err := os.ReadFile(path)
	if err != nil {
		return stat{}, fmt.Errorf("identifying process %d: %w", pid, err)
	}
	text := string(data)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return stat{}, fmt.Errorf("identifying process %d: %s has only %d fields", pid, path, len(fields))
	}
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return stat{}, fmt.Errorf("identifying process %d: reading its parent: %w", pid, err)
	}
	threads, err := strconv.Atoi(fields[17])
	if err != nil {
		return stat{}, fmt.Errorf("identifying process %d: reading its threads: %w", pid, err)
	}
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("identifying process %d: reading its start time: %w", pid, err)
	}
	return stat{pid: pid, parent: parent, state: fields[0], threads: threads, start: start}, nil
}
