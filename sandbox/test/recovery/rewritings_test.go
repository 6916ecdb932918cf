package recovery

import (
	"fmt"
	"strings"
)

// rewriting is a person's rewriting of history behind the controller's back.
type rewriting struct {
	name string
	test func(*testFleet)
}

func rewritings() []rewriting {
	return []rewriting{
		{"lowest apps branch rewritten to an unrelated history, collected, and back", (*testFleet).unrelatedHistory},
		{"apps branch of a higher tier rewritten to what never ran below, and back", (*testFleet).strayBranch},
		{"commit that was never released collected", (*testFleet).collectUnreleased},
		{"system branch rewritten to an older commit", (*testFleet).rewriteSystem},
		{"system branch deleted", (*testFleet).deleteSystem},
		{"branch main deleted", (*testFleet).deleteMain},
		{"system branch without a release", (*testFleet).emptySystem},
	}
}

// orphan makes a commit without a parent, of the apps' files with another page, and returns it.
func (f *testFleet) orphan() string {
	f.t.Helper()
	head := f.work.git("rev-parse", "HEAD")
	f.work.git("checkout", "--quiet", "--orphan", "unrelated")
	f.spent++
	f.work.write("page.yaml", fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: page}\ndata: {release: unrelated-%d}\n", f.spent))
	f.work.git("add", "--all", "--", ".")
	f.work.git("commit", "--quiet", "--message", "Unrelated")
	commit := f.work.git("rev-parse", "HEAD")
	f.work.git("checkout", "--quiet", "--detach", head)
	f.work.git("branch", "--quiet", "-D", "unrelated")
	return commit
}

// force points a branch of the apps repository at a commit of the person's clone.
func (f *testFleet) force(branch, commit string) {
	f.t.Helper()
	f.work.git("push", "--quiet", "--force", "origin", commit+":refs/heads/"+branch)
}

// collect throws away what no ref of the apps repository holds.
func (f *testFleet) collect() {
	f.t.Helper()
	git(f.t, f.apps, "reflog", "expire", "--expire=now", "--all")
	git(f.t, f.apps, "gc", "--quiet", "--prune=now")
}

func (f *testFleet) unrelatedHistory() {
	before := f.merge()
	f.proven(before)
	unrelated := f.orphan()
	f.force("tier-0", unrelated)
	f.proven(unrelated, "dev")
	f.tierSays("beta", "apps branch tier-1", "cannot be fast-forwarded", unrelated[:8], "merge tier-1 into the lowest tier's branch first")
	f.collect()
	git(f.t, f.apps, "cat-file", "-e", before) // a released commit is kept by its pin
	f.force("tier-0", before)
	f.proven(before)
	f.collect()
	git(f.t, f.apps, "cat-file", "-e", unrelated)
	git(f.t, f.t.TempDir(), "-c", "protocol.file.allow=always", "clone", "--quiet", "--branch=tier-2", f.apps, "clone")
	f.proven(f.merge())
	f.checkHistory(before)
}

func (f *testFleet) strayBranch() {
	before := f.work.git("rev-parse", "HEAD")
	stray := f.orphan()
	f.force("tier-1", stray)
	f.tierSays("beta", "OrderViolated=True", "apps branch tier-1 is at "+stray[:8], "which tier dev has never run", "move tier-1 back to "+before[:8])
	if got := git(f.t, f.system, "rev-parse", "tier-1:base"); got != before {
		f.t.Errorf("the stray commit's tier runs %.8s, want %.8s as before", got, before)
	}
	f.force("tier-1", before)
	f.proven(f.merge())
	f.tierSays("beta", "Ready=True")
	f.checkHistory(f.returned()...)
}

// collectUnreleased merges a commit that the controller cannot see, and takes it away for good.
func (f *testFleet) collectUnreleased() {
	f.host.down()
	f.says("GitUnreachable")
	before := f.work.git("rev-parse", "HEAD")
	gone := f.merge()
	f.work.git("reset", "--quiet", "--hard", before)
	f.force("tier-0", before)
	f.collect()
	if _, err := tryGit(f.apps, nil, "cat-file", "-e", gone); err == nil {
		f.t.Errorf("%.8s was not collected", gone)
	}
	f.host.up(f.t)
	f.proven(f.merge())
	f.checkHistory(f.returned()...)
}

// rewriteSystem takes the newest commit away from the middle tier's branch.
func (f *testFleet) rewriteSystem() {
	commit := f.merge()
	f.proven(commit)
	older := git(f.t, f.system, "rev-parse", "tier-1~1")
	git(f.t, f.system, "update-ref", "refs/heads/tier-1", older)
	f.has(commit, f.system, "tier-1:base")
	f.proven(commit)
	if got := git(f.t, f.system, "rev-parse", "tier-1~1"); got != older {
		f.t.Errorf("tier-1 was built on %.8s, want %.8s, which the person left", got, older)
	}
	f.checkHistory(f.returned()...)
}

func (f *testFleet) deleteSystem() {
	commit := f.work.git("rev-parse", "HEAD")
	release := releaseAt(f.t, f.system, "tier-1")
	f.lost["tier-1"] = append(f.lost["tier-1"], releases(f.t, f.system, "tier-1")...)
	git(f.t, f.system, "update-ref", "-d", "refs/heads/tier-1")
	f.has(commit, f.system, "tier-1:base")
	f.proven(commit)
	if got := releaseAt(f.t, f.system, "tier-1"); got != release {
		f.t.Errorf("the branch is back with %s, want %s", got, release)
	}
	f.served(f.spent, "beta")
	f.proven(f.merge())
	f.checkHistory(f.returned()...)
}

func (f *testFleet) deleteMain() {
	tree := git(f.t, f.system, "rev-parse", "main^{tree}")
	git(f.t, f.system, "update-ref", "-d", "refs/heads/main")
	f.has(tree, f.system, "main^{tree}")
	f.proven(f.merge())
	f.checkHistory(f.returned()...)
}

// emptySystem breaks one tier's branch; the tier below goes on.
func (f *testFleet) emptySystem() {
	person := newClone(f.t, f.system)
	person.checkout("tier-1")
	good := person.git("rev-parse", "HEAD")
	person.git("rm", "--quiet", "-r", "--cached", ".")
	person.git("clean", "--quiet", "-ffdx")
	person.write("README", "Nothing is here.\n")
	person.git("add", "README")
	person.git("commit", "--quiet", "--message", "Clear")
	empty := person.git("rev-parse", "HEAD")
	person.git("push", "--quiet", "origin", "HEAD:refs/heads/tier-1")
	commit := f.merge()
	f.proven(commit, "dev")
	f.tierSays("beta", "branch tier-1 of the system repository", "no release", "repair or delete the branch")
	if got := git(f.t, f.system, "rev-parse", "tier-1"); got != empty {
		f.t.Errorf("tier-1 is at %.8s, want it left at %.8s", got, empty)
	}
	person.git("push", "--quiet", "--force", "origin", good+":refs/heads/tier-1")
	f.proven(commit)
	f.checkHistory(f.returned()...)
}

// returned are apps commits that ran on the lowest tier more than once.
func (f *testFleet) returned() []string {
	f.t.Helper()
	seen, twice := map[string]bool{}, []string{}
	for _, release := range releases(f.t, f.system, "tier-0") {
		apps, _, _ := strings.Cut(release, " ")
		if seen[apps] {
			twice = append(twice, apps)
		}
		seen[apps] = true
	}
	return twice
}
