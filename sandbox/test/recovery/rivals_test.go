package recovery

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// rivalCommits is how many commits the rival makes, as fast as it can.
	rivalCommits = 50
	// commits are merged meanwhile, one a second.
	commits = 6
)

// TestRivalWriter lets somebody else write to the middle tier's branch, over HTTP and without a
// pause, while commits climb through it.
func TestRivalWriter(t *testing.T) {
	f := newFleet(t, "rival", fleetOptions{})
	c := newController(t, f.box)
	c.start()
	f.proven(f.work.git("rev-parse", "HEAD"))
	rival := f.rival()
	var wait sync.WaitGroup
	var refused int
	var err error
	begun := time.Now()
	wait.Go(func() { refused, err = rival.notes(rivalCommits) })
	last := ""
	for range commits { // faster than they can climb, so that they queue
		last = f.merge()
		time.Sleep(time.Second)
	}
	f.has(last, f.system, "tier-1:base")
	during := time.Since(begun)
	wait.Wait()
	if err != nil {
		t.Fatalf("the rival got stuck: %v", err)
	}
	wrote := time.Since(begun)
	f.proven(last)
	t.Logf("measured: the last of %d commits had entered the contested tier after %.1f s, %d climbed to the top; the rival wrote %d commits in %.1f s and was refused %d times, the controller %d times",
		commits, during.Seconds(), f.checkHistory(), rivalCommits, wrote.Seconds(), refused, strings.Count(c.said(), "Push did not succeed"))
	f.checkPromotions()
	for n := range rivalCommits {
		if got := git(t, f.system, "show", fmt.Sprintf("tier-1:notes/%02d", n)); got != "written by a rival" {
			t.Errorf("note %d of the rival is %q", n, got)
		}
	}
	if n := git(t, f.system, "rev-list", "--count", "--author=Rival", "tier-1"); n != fmt.Sprint(rivalCommits) {
		t.Errorf("tier-1 has %s commits of the rival, want %d", n, rivalCommits)
	}
}

// rival is a clone that pushes over HTTP.
type rival struct {
	clone
	env []string
}

func (f *testFleet) rival() rival {
	f.t.Helper()
	r := rival{clone: newClone(f.t, f.system)}
	u, err := url.Parse(f.host.url("system"))
	if err != nil {
		f.t.Fatal(err)
	}
	// Git asks for what it is not told, and so the password is on no command line.
	ask := filepath.Join(f.t.TempDir(), "askpass")
	writeProgram(f.t, ask, "#!/bin/sh\ncase $1 in Username*) echo "+theRival+";; *) echo \"$RIVAL\";; esac\n")
	r.env = []string{"GIT_ASKPASS=" + ask, "RIVAL=" + f.host.passwords[theRival], "no_proxy=" + u.Hostname(),
		"GIT_AUTHOR_NAME=Rival", "GIT_COMMITTER_NAME=Rival"}
	r.git("remote", "set-url", "origin", u.String())
	return r
}

// notes makes commits on the middle tier's branch and pushes each; a refused push is made anew
// from what the branch is then.
func (r rival) notes(count int) (refused int, err error) {
	run := func(args ...string) (string, error) { return tryGit(r.dir, r.env, args...) }
	for n := range count {
		r.note(n)
		for begun := time.Now(); ; {
			for _, args := range [][]string{
				{"fetch", "--quiet", "origin"}, {"reset", "--quiet", "--mixed", "origin/tier-1"}, {"add", "notes"},
				{"commit", "--quiet", "--message", fmt.Sprintf("Note %d", n)},
			} {
				if _, err := run(args...); err != nil {
					return refused, err
				}
			}
			if _, err = run("push", "--quiet", "origin", "HEAD:refs/heads/tier-1"); err == nil {
				break
			}
			if refused++; time.Since(begun) > patience {
				return refused, err
			}
		}
	}
	return refused, nil
}

func (r rival) note(n int) { r.write(fmt.Sprintf("notes/%02d", n), "written by a rival\n") }
