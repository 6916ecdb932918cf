package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
)

// killPoint is where the controller died, and how far the climb was by then.
type killPoint struct {
	number  int
	when    moment
	request string
	stage   string
}

// Stages of the promotion to the tier above the lowest, as the repositories tell.
const (
	beforeApps   = "before the apps push"
	betweenPush  = "after the apps push and before the system push"
	beforeStatus = "after the system push and before status"
	afterStatus  = "after status"
)

// TestKilledAtEveryStep kills the controller at every request that a climb makes to the Git
// host, and compares what became of the repositories with those of a fleet that nobody disturbed.
func TestKilledAtEveryStep(t *testing.T) {
	// Polls would make the number of requests a matter of time.
	o := fleetOptions{tiers: ladder[:2], poll: time.Hour, prefix: "killed-"}
	var disturbed repositories
	t.Run("killed", func(t *testing.T) {
		f := newFleet(t, "killed", o)
		c := newController(t, f.box)
		c.start()
		f.proven(f.work.git("rev-parse", "HEAD"))
		begun := time.Now()
		points := f.killEverywhere(c)
		checkPoints(t, points)
		t.Logf("measured: %d kill points in %.0f s, of %d requests in a climb", len(points), time.Since(begun).Seconds(), points[len(points)-1].number)
		f.checkPromotions()
		f.checkHistory()
		disturbed = f.repositories()
		disturbed.commits = f.spent
	})
	if t.Failed() {
		return
	}
	t.Run("undisturbed", func(t *testing.T) {
		undisturbed := climbAlone(t, o, disturbed.commits)
		if diff := cmp.Diff(undisturbed, disturbed, cmp.AllowUnexported(repositories{})); diff != "" {
			t.Errorf("the repositories differ from those of an undisturbed fleet (-undisturbed +disturbed):\n%s", diff)
		}
	})
}

// killEverywhere lets one commit climb for each kill point, until a climb has no more requests.
func (f *testFleet) killEverywhere(c *controller) []killPoint {
	f.t.Helper()
	var points []killPoint
	for k := 1; ; k++ {
		moments := []moment{beforeHandled}
		for i := 0; i < len(moments); i++ {
			point, sprung := f.killAt(c, k, moments[i])
			if !sprung && i == 0 {
				return points
			}
			if !sprung {
				f.t.Errorf("request %d came at one climb and not at the next", k)
			}
			points = append(points, point)
			if i == 0 && isPush(point.request) {
				// What only reads leaves no trace: handled or not is the same to everybody.
				moments = append(moments, midBody, afterHandled)
			}
		}
	}
}

// killAt lets a commit climb and kills the controller on the way.
func (f *testFleet) killAt(c *controller, k int, when moment) (killPoint, bool) {
	f.t.Helper()
	point := killPoint{number: k, when: when}
	commit := f.merge()
	killed := make(chan struct{})
	f.host.trap.arm(k, when, func(request string) {
		c.kill()
		point.request, point.stage = request, f.stage(commit)
		close(killed)
	})
	f.nudge()
	climbed := make(chan struct{})
	go func() { // the same commit may climb to its end without making so many requests
		defer close(climbed)
		for !f.isProven(commit) {
			select {
			case <-killed:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	<-climbed
	select {
	case <-killed:
		c.start()
	default:
	}
	took := f.proven(commit)
	_, sprung := f.host.trap.disarm()
	if sprung {
		f.t.Logf("request %2d, %s: %s, %s; proven %.1f s after", k, point.request, when, point.stage, took.Seconds())
	}
	return point, sprung
}

func (f *testFleet) isProven(commit string) bool {
	t, err := f.tier(f.tiers[len(f.tiers)-1])
	return err == nil && t.Status.Proven != nil && string(t.Status.Proven.Apps) == commit
}

// stage tells how far the promotion to the second tier is.
func (f *testFleet) stage(commit string) string {
	apps, _ := tryGit(f.apps, nil, "rev-parse", "tier-1")
	base, _ := tryGit(f.system, nil, "rev-parse", "tier-1:base")
	switch t, err := f.tier(f.tiers[1]); {
	case err != nil:
		return err.Error()
	case t.Status.Release != nil && string(t.Status.Release.Apps) == commit:
		return afterStatus
	case base == commit:
		return beforeStatus
	case apps == commit:
		return betweenPush
	}
	return beforeApps
}

func checkPoints(t *testing.T, points []killPoint) {
	t.Helper()
	count := map[string]int{}
	for _, p := range points {
		count[p.stage]++
		count[string(p.when)]++
	}
	for _, want := range []string{beforeApps, betweenPush, beforeStatus, string(beforeHandled), string(midBody), string(afterHandled)} {
		if count[want] == 0 {
			t.Errorf("no kill %s", want)
		}
		t.Logf("measured: %2d kills %s", count[want], want)
	}
}

// checkPromotions holds the records against the commits: one for each stay of a release.
func (f *testFleet) checkPromotions() {
	f.t.Helper()
	var want []string
	for _, tier := range f.tiers {
		for _, release := range releases(f.t, f.system, f.branch(tier)) {
			want = append(want, tier+" "+release)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, f.promotions(true)); diff != "" {
		f.t.Errorf("Promotions (-commits +records):\n%s", diff)
	}
}

// promotions are the records, all or those that are complete: tier and release of each.
func (f *testFleet) promotions(complete bool) []string {
	f.t.Helper()
	var list v1alpha1.PromotionList
	if err := f.box.mgmt.List(context.Background(), &list, client.InNamespace(f.namespace)); err != nil {
		f.t.Fatal(err)
	}
	var got []string
	for i := range list.Items {
		st := list.Items[i].Status
		whole := st.PushedAt != nil && st.LiveAt != nil && st.ProvenAt != nil && st.Phase == v1alpha1.PromotionProven
		if st.Release != nil && (whole || !complete) {
			got = append(got, fmt.Sprintf("%s %s %s %s", list.Items[i].Spec.Tier, st.Release.Apps, st.Release.Configurations, st.Release.Platform))
		}
	}
	slices.Sort(got)
	return got
}

// repositories is what two fleets that got the same commits must have in common.
type repositories struct {
	commits int
	// releases by branch, trees at the heads of the system repository, and the apps branches.
	releases    map[string]string
	trees, apps map[string]string
}

func (f *testFleet) repositories() repositories {
	f.t.Helper()
	r := repositories{commits: f.spent, releases: map[string]string{}, trees: map[string]string{}, apps: heads(f.t, f.apps)}
	for _, tier := range f.tiers {
		branch := f.branch(tier)
		r.releases[branch] = strings.Join(releases(f.t, f.system, branch), "\n")
		r.trees[branch] = git(f.t, f.system, "rev-parse", branch+"^{tree}")
	}
	return r
}

// climbAlone gives the same commits to a fleet that nobody disturbs. Its ShopSets come before the
// last commit, so that the others need not wait for Argo CD.
func climbAlone(t *testing.T, o fleetOptions, commits int) repositories {
	t.Helper()
	o.bare = true
	f := newFleet(t, "undisturbed", o)
	c := newController(t, f.box)
	c.start()
	f.proven(f.work.git("rev-parse", "HEAD"))
	for f.spent < commits {
		if f.spent == commits-1 {
			f.vacant()
			f.create(f.shopSets()...)
			f.served(f.spent, f.tiers...)
		}
		commit := f.merge()
		f.nudge()
		f.proven(commit)
	}
	f.checkHistory()
	return f.repositories()
}
