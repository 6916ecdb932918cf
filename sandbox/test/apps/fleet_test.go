package apps

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
)

// patience bounds the wait for what must happen, on a busy machine.
const patience = 6 * time.Minute

// argoNamespace is where Argo CD's Applications are.
const argoNamespace = "argocd"

// plan describes a fleet of a test. Its namespace, prefix and repositories are named like the case.
type plan struct {
	name string
	// levels of the tiers; the default is 0 and 1. The tiers are called t0, t1, …
	levels []int32
	// shopSets by name; the default are s0 of tier t0, s1 of t1, and so on, all on one cluster.
	shopSets map[string]v1alpha1.ShopSetSpec
	// change changes the Fleet before it is created, configuration is that of all ShopSets.
	change        func(*v1alpha1.FleetSpec)
	configuration v1alpha1.ConfigurationSpec
	// apps and system are where the repositories are; the default is the sandbox's server.
	apps, system *remote
	// person is who clones the system repository by hand; the default is the system repository's own user.
	person *account
	// deadline is the highest tier's progressDeadline, the default of the kind if zero.
	deadline time.Duration
}

// fleet is a fleet that runs.
type fleet struct {
	t *testing.T
	plan
	apps, system remote
	clone        clone
	tiers        []string
}

// start makes the repositories and the objects; the Fleet comes last.
func start(t *testing.T, p plan) *fleet {
	t.Helper()
	f := &fleet{t: t, plan: p}
	if f.levels == nil {
		f.levels = []int32{0, 1}
	}
	for i := range f.levels {
		f.tiers = append(f.tiers, fmt.Sprintf("t%d", i))
	}
	if f.shopSets == nil {
		f.shopSets = map[string]v1alpha1.ShopSetSpec{}
		for i, tier := range f.tiers {
			f.shopSets[fmt.Sprintf("s%d", i)] = v1alpha1.ShopSetSpec{Tier: tier, Configuration: "main", Cluster: workload}
		}
	}
	f.apps, f.system = f.remote(p.apps, "apps"), f.remote(p.system, "system")
	object := f.object()
	f.clone = newClone(t, f.apps, object.Spec.BranchPrefix+strconv.Itoa(int(f.levels[0])))
	f.describe()
	f.create(&object)
	f.create(f.root())
	t.Cleanup(f.end)
	return f
}

func (f *fleet) remote(given *remote, kind string) remote {
	if given != nil {
		return *given
	}
	return sandboxRemote(f.t, f.name+"/"+kind)
}

// reader is the system repository as the person enters it.
func (f *fleet) reader() remote {
	if f.person == nil {
		return f.system
	}
	return remote{f.system.url, *f.person}
}

func (f *fleet) object() v1alpha1.Fleet {
	reference := func(r remote, name string) v1alpha1.Repository {
		return v1alpha1.Repository{URL: r.url, SecretRef: &v1alpha1.LocalReference{Name: name}}
	}
	object := v1alpha1.Fleet{ObjectMeta: f.meta("fleet"), Spec: v1alpha1.FleetSpec{
		Apps: v1alpha1.AppsRepository{Repository: reference(f.apps, "apps-git")}, System: reference(f.system, "system-git"),
		BranchPrefix: "tier-", NamePrefix: f.name + "-",
	}}
	if f.change != nil {
		f.change(&object.Spec)
	}
	return object
}

// describe creates everything but the Fleet.
func (f *fleet) describe() {
	f.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: f.name}})
	for name, r := range map[string]remote{"apps-git": f.apps, "system-git": f.system} {
		f.create(&corev1.Secret{ObjectMeta: f.meta(name), StringData: map[string]string{"username": r.username, "password": r.password}})
	}
	f.create(&v1alpha1.FailureDomain{ObjectMeta: f.meta("site"), Spec: v1alpha1.FailureDomainSpec{Level: "site"}})
	for name, argo := range map[string]string{workload: "", otherCluster: "in-cluster"} {
		f.create(&v1alpha1.WorkloadCluster{ObjectMeta: f.meta(name), Spec: v1alpha1.WorkloadClusterSpec{FailureDomain: "site", ArgoCDCluster: argo}})
	}
	f.create(&v1alpha1.Configuration{ObjectMeta: f.meta("main"), Spec: f.configuration})
	for i, tier := range f.tiers {
		gates := v1alpha1.Gates{Settle: &metav1.Duration{Duration: time.Second}}
		if f.deadline != 0 && i == len(f.tiers)-1 {
			gates.ProgressDeadline = &metav1.Duration{Duration: f.deadline}
		}
		f.create(&v1alpha1.Tier{ObjectMeta: f.meta(tier), Spec: v1alpha1.TierSpec{Level: f.levels[i], Gates: gates}})
	}
	for name, spec := range f.shopSets {
		f.create(&v1alpha1.ShopSet{ObjectMeta: f.meta(name), Spec: spec})
	}
}

func (f *fleet) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: f.name, Name: name}
}

func (f *fleet) create(o client.Object) {
	f.t.Helper()
	if err := shared.mgmt.Create(f.t.Context(), o); err != nil {
		f.t.Fatalf("creating %s: %v", o.GetName(), err)
	}
}

// root is the one Application that a person applies.
func (f *fleet) root() *unstructured.Unstructured {
	app := newApplication(f.name)
	app.Object["spec"] = map[string]any{
		"project":     "default",
		"source":      map[string]any{"repoURL": f.system.url, "targetRevision": "main", "path": "argocd", "directory": map[string]any{"recurse": true}},
		"destination": map[string]any{"server": "https://kubernetes.default.svc", "namespace": argoNamespace},
		"syncPolicy": map[string]any{
			"automated": map[string]any{"prune": true, "selfHeal": true},
			"retry":     map[string]any{"limit": int64(-1), "refresh": true, "backoff": map[string]any{"duration": "1s", "factor": int64(2), "maxDuration": "30s"}},
		},
	}
	return app
}

func newApplication(name string) *unstructured.Unstructured {
	app := &unstructured.Unstructured{}
	app.SetGroupVersionKind(schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "Application"})
	app.SetNamespace(argoNamespace)
	app.SetName(name)
	return app
}

// push releases files and asks the controller to look now, as a push webhook would.
func (f *fleet) push(files map[string]string) string {
	f.t.Helper()
	commit := f.clone.push(files)
	f.edit("fleet", &v1alpha1.Fleet{}, func(o client.Object) {
		o.SetAnnotations(map[string]string{"shopset.dev/refresh": commit})
	})
	return commit
}

// edit changes an object on the management cluster.
func (f *fleet) edit(name string, o client.Object, change func(client.Object)) {
	f.t.Helper()
	if err := shared.mgmt.Get(f.t.Context(), client.ObjectKey{Namespace: f.name, Name: name}, o); err != nil {
		f.t.Fatal(err)
	}
	before := o.DeepCopyObject().(client.Object)
	change(o)
	if err := shared.mgmt.Patch(f.t.Context(), o, client.MergeFrom(before)); err != nil {
		f.t.Fatalf("changing %s: %v", name, err)
	}
}

// namespace of a ShopSet on its cluster.
func (f *fleet) namespace(shopSet string) string { return f.name + "-" + shopSet }

// proven waits until tiers have proven a commit, all if none is named.
func (f *fleet) proven(commit string, tiers ...string) {
	f.t.Helper()
	if len(tiers) == 0 {
		tiers = f.tiers
	}
	for _, name := range tiers {
		f.eventually(fmt.Sprintf("commit %.8s to be proven on %s", commit, name), func() error {
			tier := get(f, name, &v1alpha1.Tier{})
			st := tier.Status
			if st.Phase != v1alpha1.TierProven || st.Release == nil || string(st.Release.Apps) != commit {
				return fmt.Errorf("it is %s with %s, %s live: %s", st.Phase, st.ShortRelease, st.Live, st.Reason)
			}
			return nil
		})
	}
}

// get reads an object of the fleet.
func get[T client.Object](f *fleet, name string, o T) T {
	f.t.Helper()
	if err := shared.mgmt.Get(f.t.Context(), client.ObjectKey{Namespace: f.name, Name: name}, o); err != nil {
		f.t.Fatal(err)
	}
	return o
}

// names are those of the fleet's ShopSets.
func (f *fleet) names() []string {
	var out []string
	for name := range f.shopSets {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func (f *fleet) eventually(what string, check func() error) {
	f.t.Helper()
	began := time.Now()
	for {
		err := check()
		if err == nil {
			f.t.Logf("%6.1f s for %s", time.Since(began).Seconds(), what)
			return
		}
		if time.Since(began) > patience {
			f.t.Fatalf("waiting for %s: %v\nlast words of the controller:\n%s", what, err, lastWords(f.name))
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// lastWords are what the controller logged about a namespace.
func lastWords(namespace string) string {
	log, err := os.ReadFile(controllerLog(shared.home))
	if err != nil {
		return err.Error()
	}
	var lines []string
	for line := range strings.SplitSeq(string(log), "\n") {
		if strings.Contains(line, `"`+namespace+`"`) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}
