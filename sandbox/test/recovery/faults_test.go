package recovery

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"shopset.dev/shopset/internal/githost"
)

// trouble is something that happens to a fleet's Git while a commit climbs.
type trouble struct {
	name string
	// strike begins it, heal ends it.
	strike, heal func(*testFleet)
	// fleet are words that the Fleet must say meanwhile, tier those of the Tier beta.
	fleet, tier []string
}

// answers makes every request of the controller, or those to a part of the URL, fail alike.
func answers(fault githost.Fault, path string) func(*testFleet) {
	return func(f *testFleet) { f.host.faults.SetRules(githost.Rule{Path: path, Fault: fault}) }
}

func healed(f *testFleet) { f.host.faults.SetRules() }

// serverTroubles are those of the server and the network.
func serverTroubles() []trouble {
	const (
		retry    = "nothing is changed until it answers again"
		put      = "put valid credentials into the Secret that secretRef names"
		system   = "Fleet fleet: spec.system.url"
		push     = "git-receive-pack"
		anything = ""
	)
	list := []trouble{{
		name: "server down", strike: func(f *testFleet) { f.host.down() }, heal: func(f *testFleet) { f.host.up(f.t) },
		fleet: []string{"GitUnreachable", system, retry}, tier: []string{system, retry},
	}}
	for _, s := range []struct {
		status       int
		reason, next string
	}{
		{http.StatusUnauthorized, "CredentialsRefused", put},
		{http.StatusForbidden, "CredentialsRefused", put},
		{http.StatusNotFound, "RepositoryNotFound", "create the repository, correct the URL"},
		{http.StatusInternalServerError, "GitUnreachable", retry},
		{http.StatusServiceUnavailable, "GitUnreachable", retry},
	} {
		list = append(list, trouble{
			name: fmt.Sprintf("every request answered with %d", s.status), strike: answers(githost.Fault{Status: s.status}, anything), heal: healed,
			fleet: []string{s.reason, system, s.next}, tier: []string{system, s.next},
		})
	}
	return append(list,
		trouble{
			name: "server hangs", strike: answers(githost.Fault{Delay: time.Hour}, "system.git"), heal: healed,
			fleet: []string{"GitUnreachable", system, retry}, tier: []string{system, retry},
		},
		trouble{
			name: "pushes alone are forbidden", strike: answers(githost.Fault{Status: http.StatusForbidden}, push), heal: healed,
			fleet: []string{"PushForbidden", "Fleet fleet: ", "to beta", "tier-1", "secretRef", "must be allowed to push"}, tier: []string{"must be allowed to push"},
		},
		trouble{
			name: "connection cut in the middle of every push", strike: answers(githost.Fault{Cut: githost.CutRequest, Bytes: 300}, "/"+push), heal: healed,
			fleet: []string{"GitUnreachable", "Fleet fleet: ", "to beta", "nothing was pushed"}, tier: []string{"nothing was pushed"},
		},
	)
}

// TestGitFaults lets everything go wrong with Git that can, while commits climb. One controller
// lives through all of it.
func TestGitFaults(t *testing.T) {
	f := newFleet(t, "faults", fleetOptions{})
	// The bystander has another server. Nothing of its own waits for Argo CD.
	bystander := newFleet(t, "bystander", fleetOptions{bare: true})
	c := newController(t, f.box)
	c.start()
	f.proven(f.work.git("rev-parse", "HEAD"))
	for _, trouble := range append(serverTroubles(), credentialTroubles()...) {
		t.Run(trouble.name, func(t *testing.T) {
			f, bystander := f.in(t), bystander.in(t)
			commit := f.enter()
			trouble.strike(f)
			begun := time.Now()
			f.says(trouble.fleet...)
			said := time.Since(begun)
			f.tierSays("beta", trouble.tier...)
			went := bystander.proven(bystander.merge())
			trouble.heal(f)
			took := f.proven(commit)
			t.Logf("measured: said after %.1f s, a bystander climbed in %.1f s; proven %.1f s after the end", said.Seconds(), went.Seconds(), took.Seconds())
			f.checkHistory()
			bystander.checkHistory()
		})
	}
	t.Run("pushed, but the answer is lost", func(t *testing.T) { f.in(t).loseAnswers() })
	for _, rewriting := range rewritings() {
		t.Run(rewriting.name, func(t *testing.T) {
			f := f.in(t)
			begun := time.Now()
			rewriting.test(f)
			t.Logf("measured: %.1f s", time.Since(begun).Seconds())
		})
	}
	f.keptSecrets(c)
}

// in lends the fleet to a subtest.
func (f *testFleet) in(t *testing.T) *testFleet {
	parent := f.t
	f.t, f.work.t = t, t
	t.Cleanup(func() { f.t, f.work.t = parent, parent })
	return f
}

// enter merges a commit and waits until it has entered the lowest tier.
func (f *testFleet) enter() string {
	f.t.Helper()
	commit := f.merge()
	f.has(commit, f.system, "tier-0:base")
	return commit
}

// has waits until a name means an object in a bare repository.
func (f *testFleet) has(object, bare, name string) {
	f.t.Helper()
	eventually(f.t, fmt.Sprintf("%s to be %.8s", name, object), func() error {
		got, err := tryGit(bare, nil, "rev-parse", name)
		if err == nil && got != object {
			err = fmt.Errorf("it is %.8s", got)
		}
		return err
	})
}

// loseAnswers lets pushes succeed and their answers be lost, and at the second promotion also the
// look that follows.
func (f *testFleet) loseAnswers() {
	f.t.Helper()
	for _, blind := range []int{0, 4} {
		commit := f.enter()
		rules := []githost.Rule{
			{Path: "system.git/git-receive-pack", Times: 1, Fault: githost.Fault{Cut: githost.CutAfter}},
			{Path: "apps.git/git-receive-pack", Times: 1, Fault: githost.Fault{Cut: githost.CutAfter}},
		}
		f.host.faults.SetRules(rules...)
		if blind > 0 {
			f.has(commit, f.apps, "tier-1")
			f.host.faults.SetRules(rules[0], githost.Rule{Path: "git-upload-pack", Times: blind, Fault: githost.Fault{Status: http.StatusServiceUnavailable}})
		}
		took := f.proven(commit)
		healed(f)
		for _, branch := range []string{"tier-0", "tier-1", "tier-2"} {
			if n := git(f.t, f.system, "rev-list", "--count", "--grep=^Release "+commit[:8], branch); n != "1" {
				f.t.Errorf("%s commits let %.8s into %s, want one", n, commit, branch)
			}
		}
		f.t.Logf("measured: answers lost, and %d reads refused afterwards: proven %.1f s after", blind, took.Seconds())
	}
	f.checkHistory()
}
