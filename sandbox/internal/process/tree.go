package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Tree returns a process and all its descendants, parents first. It is empty
// when the process has ended.
func Tree(root ID) []ID {
	if !root.Alive() {
		return nil
	}
	children := map[int][]ID{}
	for _, s := range all() {
		children[s.parent] = append(children[s.parent], ID{PID: s.pid, Start: s.start})
	}
	tree := []ID{root}
	for i := 0; i < len(tree); i++ {
		tree = append(tree, children[tree[i].PID]...)
	}
	return tree
}

// SignalTree signals a process and its descendants. The root is stopped first,
// so that it starts nobody new in the meantime.
func SignalTree(root ID, signal syscall.Signal) {
	if signal == syscall.SIGKILL || signal == syscall.SIGSTOP {
		root.Signal(syscall.SIGSTOP)
	}
	for _, id := range Tree(root) {
		id.Signal(signal)
	}
}

// Marked returns the processes whose environment holds the entry
// "name=value", this one excepted. It finds those whose parent is gone.
func Marked(name, value string) []ID {
	entry := []byte(name + "=" + value)
	var marked []ID
	for _, s := range all() {
		if s.pid == os.Getpid() {
			continue
		}
		environment, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.pid), "environ"))
		if err != nil {
			continue // ended, or another user's
		}
		for _, e := range bytes.Split(environment, []byte{0}) {
			if bytes.Equal(e, entry) {
				marked = append(marked, ID{PID: s.pid, Start: s.start})
				break
			}
		}
	}
	return marked
}

// all reads every process of the machine, by ascending pid.
func all() []stat {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var stats []stat
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if s, err := readStat(pid); err == nil && !s.ended() {
			stats = append(stats, s)
		}
	}
	return stats
}
