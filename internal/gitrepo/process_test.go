//go:build unix

package gitrepo_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"shopset.dev/shopset/internal/gitrepo"
)

// hanging is a git whose fetch starts a child and hangs, leaving a lock file.
func hanging(t *testing.T) (program, pids string) {
	t.Helper()
	dir := t.TempDir()
	real, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	program, pids = filepath.Join(dir, "git"), filepath.Join(dir, "pids")
	script := fmt.Sprintf(`#!/bin/sh
if [ "$2" = fetch ] && [ ! -e '%[1]s' ]; then
	: >"${1#--git-dir=}/packed-refs.lock"
	trap '' TERM
	sleep 600 &
	echo $$ $! >'%[1]s'
	wait
	sleep 600
fi
exec '%[2]s' "$@"
`, pids, real)
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return program, pids
}

func TestTheEndOfTheContextEndsAllProcesses(t *testing.T) {
	program, pids := hanging(t)
	remote := plain(t)
	remote.grow(t, "main", 1, numbered)
	r := open(t, gitrepo.Config{Remote: gitrepo.Remote{URL: remote.url}, Git: program})
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- r.Fetch(ctx) }()
	waitUntil(t, "the fetch hangs", func() bool { data, _ := os.ReadFile(pids); return strings.HasSuffix(string(data), "\n") })
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("Fetch = %v, want context.Canceled", err)
	}
	data, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range strings.Fields(string(data)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		waitUntil(t, "process "+field+" ends", func() bool { return gone(pid) })
	}
	fetch(t, r) // in spite of the lock file
	checkWorks(t, remote, r)
}

// gone tells whether a process has ended; an unreaped one has.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(status), ") Z ")
}

func TestTimeoutOfOurOwnIsUnreachable(t *testing.T) {
	program, _ := hanging(t)
	remote := plain(t)
	remote.grow(t, "main", 1, numbered)
	dir := t.TempDir()
	r := openIn(t, dir, gitrepo.Config{Remote: gitrepo.Remote{URL: remote.url}, Git: program, Timeout: time.Second})
	if err := r.Fetch(t.Context()); class(err) != "unreachable" {
		t.Errorf("Fetch = %v, class %q, want ErrUnreachable", err, class(err))
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	fetch(t, remote.openIn(t, dir, 0))
}

func TestObserveIsToldOfEveryOperation(t *testing.T) {
	type seen struct {
		op     string
		failed bool
	}
	var got []seen
	remote := plain(t)
	r := open(t, gitrepo.Config{Remote: gitrepo.Remote{URL: remote.url}, Observe: func(op string, err error, d time.Duration) {
		if d < 0 {
			t.Errorf("%s took %s", op, d)
		}
		got = append(got, seen{op, err != nil})
	}})
	fetch(t, r)
	id := commit(t, r, spec("main", "", "x"))
	if _, err := r.Commit(t.Context(), spec("main", id, "x")); err == nil {
		t.Error("Commit of no change succeeded")
	}
	push(t, r, "main", "", id)
	want := []seen{{"fetch", false}, {"commit", false}, {"commit", true}, {"push", false}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("observed %v, want %v", got, want)
	}
}
