package apps

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/sandbox/internal/state"
)

// quiet is how long nothing may move once a release is everywhere, and while tiers differ.
const (
	quiet          = 20 * time.Second
	quietMeanwhile = 8 * time.Second
)

// check tells whether an application is on a cluster as it shall be.
type check func(c cluster) error

// application is a shape of an apps repository, with two releases of it.
type application struct {
	plan
	// first are the files of the first release, second what the second changes of them.
	first, second map[string]string
	// moved changes the Fleet's path, some seconds before the second release follows.
	moved func(*v1alpha1.FleetSpec)
	// then checks a ShopSet after the first release, and finally after the second.
	then, finally check
	// hand are kubectl apply's arguments beside -k, where a person needs some; runs is how often
	// it must be run until all is applied, once if zero.
	hand []string
	runs int
}

// climbs is the proof for one shape.
func (a application) climbs(t *testing.T) {
	t.Parallel()
	f := start(t, a.plan)
	f.proven(f.push(a.first))
	f.holds(a.then)

	last := f.tiers[len(f.tiers)-1]
	f.hold(last, &v1alpha1.Hold{Reason: "the tiers shall differ for a while"})
	if a.moved != nil {
		f.edit("fleet", &v1alpha1.Fleet{}, func(o client.Object) { a.moved(&o.(*v1alpha1.Fleet).Spec) })
		f.fleetStalls("Fleet fleet: spec.apps.path", "add one, or correct the path")
		f.calm(quietMeanwhile) // what runs has not moved yet
	}
	commit := f.push(a.second)
	f.proven(commit, f.tiers[:len(f.tiers)-1]...)
	f.calm(quietMeanwhile)
	f.hold(last, nil)
	f.proven(commit)
	f.holds(a.finally)
	f.calm(quiet)
	f.neverFailed()
	f.byHand(a)
}

func (f *fleet) hold(tier string, h *v1alpha1.Hold) {
	f.t.Helper()
	f.edit(tier, &v1alpha1.Tier{}, func(o client.Object) { o.(*v1alpha1.Tier).Spec.Hold = h })
}

// holds waits until a check passes for every ShopSet.
func (f *fleet) holds(c check) {
	f.t.Helper()
	for _, name := range f.names() {
		f.eventually("what runs in "+name, func() error {
			return c(cluster{f.t, f.cluster(name), f.namespace(name), name})
		})
	}
}

// cluster is a client of the cluster that a ShopSet is on.
func (f *fleet) cluster(shopSet string) client.Client {
	if f.shopSets[shopSet].Cluster == workload {
		return shared.workloads
	}
	return shared.mgmt
}

// neverFailed looks for a word of any tier or ShopSet that could not build or apply something. The
// Fleet may well say that it waits for the other half of a change.
func (f *fleet) neverFailed() {
	f.t.Helper()
	for _, e := range f.events() {
		if e.Type == "Warning" && e.Regarding.Kind != "Fleet" {
			f.t.Errorf("on the way up there was an event of %s %s: %s: %s", e.Regarding.Kind, e.Regarding.Name, e.Reason, e.Note)
		}
	}
}

// byHand applies every overlay with git and kubectl alone, on a cluster that has never seen one.
func (f *fleet) byHand(a application) {
	f.t.Helper()
	prefix := get(f, "fleet", &v1alpha1.Fleet{}).Spec.BranchPrefix
	for _, name := range f.names() {
		if f.cluster(name) == shared.mgmt {
			f.vacate(name)
		}
	}
	for _, name := range f.names() {
		if f.cluster(name) == shared.mgmt {
			continue // one of its kind is enough for a cluster
		}
		tier := get(f, f.shopSets[name].Tier, &v1alpha1.Tier{})
		dir := filepath.Join(f.t.TempDir(), name)
		branch := prefix + strconv.Itoa(int(tier.Spec.Level))
		if out, err := f.reader().git(f.t, ".", "clone", "--quiet", "--recurse-submodules", "-b", branch, f.system.url, dir); err != nil {
			f.t.Fatalf("cloning by hand: %v\n%s", err, out)
		}
		args := append([]string{"apply", "-k", filepath.Join(dir, "overlays", name)}, a.hand...)
		for run := 1; run < a.runs && name == f.names()[0]; run++ {
			if out, err := kubectl(args...); err == nil {
				f.t.Errorf("run %d of kubectl %s was expected not to be enough:\n%s", run, args, out)
			}
		}
		f.eventually("kubectl apply -k of "+name, func() error {
			out, err := kubectl(args...)
			if err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		})
		f.eventually("what was applied by hand for "+name, func() error {
			return a.finally(cluster{f.t, shared.mgmt, f.namespace(name), name})
		})
	}
}

// vacate takes a ShopSet off its cluster, by its Application, which the root shall not bring back.
func (f *fleet) vacate(name string) {
	f.t.Helper()
	app := newApplication(f.namespace(name))
	for _, o := range []client.Object{f.root(), app} {
		if err := shared.mgmt.Delete(f.t.Context(), o); err != nil {
			f.t.Fatal(err)
		}
	}
	f.eventually("Argo CD to delete what "+name+" ran", func() error {
		err := shared.mgmt.Get(f.t.Context(), client.ObjectKeyFromObject(app), app)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is still there (%w)", err)
	})
}

// kubectl runs against the management cluster, which no ShopSet is meant for.
func kubectl(args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(shared.parts, "kubectl"), append([]string{"--kubeconfig", shared.dir.Kubeconfig(state.Management)}, args...)...)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}
