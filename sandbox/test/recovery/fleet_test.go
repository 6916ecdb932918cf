package recovery

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
)

// ladder are the tiers, the lowest first; each has one ShopSet of the same name.
var ladder = []string{"dev", "beta", "prod"} //nolint:gochecknoglobals // constant

// testFleet is a fleet with a host and two repositories of its own.
type testFleet struct {
	t   *testing.T
	box *box
	// namespace of the objects; prefix begins the names in Argo CD and on the cluster.
	namespace, prefix string
	tiers             []string
	poll              time.Duration
	more              int
	host              *host
	// apps and system are the bare repositories, work a person's clone of apps.
	apps, system string
	work         clone
	// lost are the releases, by branch, of history that a person threw away.
	lost map[string][]string
	// spent is what earlier commits were; the next is one more.
	spent int
}

// fleetOptions is what tests want differently.
type fleetOptions struct {
	tiers []string
	poll  time.Duration
	// bare leaves the ShopSets out; more are further ones of each tier.
	bare bool
	more int
	// prefix in place of the name's own.
	prefix string
}

// newFleet describes a fleet and merges its first commit. No controller runs yet.
func newFleet(t *testing.T, name string, o fleetOptions) *testFleet {
	t.Helper()
	f := &testFleet{t: t, box: need(t), namespace: "recovery-" + name, prefix: o.prefix, tiers: o.tiers, poll: o.poll, host: newHost(t), lost: map[string][]string{}}
	if f.prefix == "" {
		f.prefix = name + "-"
	}
	if f.tiers == nil {
		f.tiers = ladder
	}
	if f.poll == 0 {
		f.poll = time.Second
	}
	f.apps, f.system = f.host.root+"/apps.git", f.host.root+"/system.git"
	f.work = newClone(t, f.apps)
	f.seed()
	t.Cleanup(f.remove)
	f.create(f.objects()...)
	f.more = o.more
	if !o.bare {
		f.create(f.shopSets()...)
	}
	f.create(f.fleet())
	return f
}

// seed makes the apps repository's first commit.
func (f *testFleet) seed() {
	f.work.write("kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [page.yaml]\n"+
		"generatorOptions: {disableNameSuffixHash: true}\nconfigMapGenerator:\n- name: environment\n  literals: [WORLD=none]\n")
	f.merge()
}

// merge puts a new commit on the lowest tier's apps branch. Its id depends on nothing but the
// number of commits before it, so two fleets can be given the same commits.
func (f *testFleet) merge() string {
	f.t.Helper()
	f.spent++
	f.work.write("page.yaml", fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: page}\ndata: {release: \"%d\"}\n", f.spent))
	f.work.git("add", "--all", "--", ".")
	date := time.Date(2030, 1, 1, 0, 0, f.spent, 0, time.UTC).Format(time.RFC3339)
	env := []string{"GIT_AUTHOR_DATE=" + date, "GIT_COMMITTER_DATE=" + date}
	if _, err := tryGit(f.work.dir, env, "commit", "--quiet", "--message", fmt.Sprintf("Release %d", f.spent)); err != nil {
		f.t.Fatal(err)
	}
	f.work.git("push", "--quiet", "origin", "HEAD:refs/heads/tier-0")
	return f.work.git("rev-parse", "HEAD")
}

func (f *testFleet) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: f.namespace, Name: name}
}

// objects are all but the ShopSets and the Fleet, with the Secrets and Argo CD's root Application.
func (f *testFleet) objects() []client.Object {
	none := &metav1.Duration{}
	list := []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: f.namespace}},
		f.credentials(f.host.passwords[theController]),
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: f.namespace, Labels: map[string]string{"argocd.argoproj.io/secret-type": "repo-creds"}},
			StringData: map[string]string{"type": "git", "url": "http://" + f.host.address + "/", "username": theArgoCD, "password": f.host.passwords[theArgoCD]},
		},
		&v1alpha1.FailureDomain{ObjectMeta: f.meta("site"), Spec: v1alpha1.FailureDomainSpec{Level: "site"}},
		&v1alpha1.WorkloadCluster{ObjectMeta: f.meta(cluster), Spec: v1alpha1.WorkloadClusterSpec{FailureDomain: "site"}},
		&v1alpha1.Configuration{ObjectMeta: f.meta("world"), Spec: v1alpha1.ConfigurationSpec{
			Literals: []v1alpha1.Literals{{ConfigMap: "environment", Values: map[string]string{"WORLD": "test"}}}}},
		f.root(),
	}
	for level, name := range f.tiers {
		list = append(list, &v1alpha1.Tier{ObjectMeta: f.meta(name), Spec: v1alpha1.TierSpec{
			Level: int32(level), Gates: v1alpha1.Gates{Soak: none, Settle: none}}})
	}
	return list
}

func (f *testFleet) shopSets() []client.Object {
	var list []client.Object
	for _, tier := range f.tiers {
		for _, name := range f.namesOf(tier) {
			list = append(list, &v1alpha1.ShopSet{ObjectMeta: f.meta(name), Spec: v1alpha1.ShopSetSpec{Tier: tier, Configuration: "world", Cluster: cluster}})
		}
	}
	return list
}

// namesOf are the ShopSets of a tier: one of its own name, and the further ones.
func (f *testFleet) namesOf(tier string) []string {
	names := []string{tier}
	for n := range f.more {
		names = append(names, fmt.Sprintf("%s-%d", tier, n+2))
	}
	return names
}

func (f *testFleet) fleet() *v1alpha1.Fleet {
	secret := &v1alpha1.LocalReference{Name: "git"}
	return &v1alpha1.Fleet{ObjectMeta: f.meta("fleet"), Spec: v1alpha1.FleetSpec{
		Apps:         v1alpha1.AppsRepository{Repository: v1alpha1.Repository{URL: f.host.url("apps"), SecretRef: secret}},
		System:       v1alpha1.Repository{URL: f.host.url("system"), SecretRef: secret},
		PollInterval: &metav1.Duration{Duration: f.poll}, NamePrefix: f.prefix, PromotionHistoryLimit: 1000,
	}}
}

// credentials is the Secret that the Fleet names.
func (f *testFleet) credentials(password string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: f.meta("git"), StringData: map[string]string{"username": theController, "password": password}}
}

func (f *testFleet) create(list ...client.Object) {
	f.t.Helper()
	for _, o := range list {
		if err := f.box.mgmt.Create(context.Background(), o); err != nil {
			f.t.Fatalf("creating %T %s: %v", o, o.GetName(), err)
		}
	}
}

// change changes an object, whoever else does.
func change[T client.Object](f *testFleet, name string, into T, edit func(T)) {
	f.t.Helper()
	eventually(f.t, "changing "+name, func() error {
		if err := f.box.mgmt.Get(context.Background(), client.ObjectKey{Namespace: f.namespace, Name: name}, into); err != nil {
			return err
		}
		edit(into)
		return f.box.mgmt.Update(context.Background(), into)
	})
}

// nudge asks the controller to look at Git now, as a push event does.
func (f *testFleet) nudge() {
	f.t.Helper()
	patch := fmt.Sprintf(`{"metadata":{"annotations":{"shopset.dev/refresh":%q}}}`, time.Now().UTC().Format(time.RFC3339Nano))
	if err := f.box.mgmt.Patch(context.Background(), f.fleet(), client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
		f.t.Fatal(err)
	}
}

// branch is the name of a tier's branch.
func (f *testFleet) branch(tier string) string {
	return fmt.Sprintf("tier-%d", slices.Index(f.tiers, tier))
}

// secrets are what nobody may ever read anywhere: passwords as they are and as HTTP sends them.
func (f *testFleet) secrets() []string {
	var list []string
	for user, password := range f.host.passwords {
		list = append(list, password, base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
	slices.Sort(list)
	return list
}

// remove deletes everything that the fleet has, on both clusters.
func (f *testFleet) remove() {
	begun := time.Now()
	defer func() { f.t.Logf("measured: %s removed in %.1f s", f.namespace, time.Since(begun).Seconds()) }()
	ctx := context.Background()
	key := client.InNamespace(f.namespace)
	for _, kind := range []client.Object{&v1alpha1.Fleet{}, &v1alpha1.ShopSet{}, &v1alpha1.Configuration{}, &v1alpha1.WorkloadCluster{},
		&v1alpha1.Tier{}, &v1alpha1.Promotion{}, &v1alpha1.FailureDomain{}, &corev1.Secret{}} {
		if err := f.box.mgmt.DeleteAllOf(ctx, kind, key); err != nil {
			f.t.Errorf("deleting the %T of %s: %v", kind, f.namespace, err)
		}
	}
	f.letGo()
	f.removeFromArgoCD()
	for _, o := range []client.Object{
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: f.namespace}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: f.namespace}},
	} {
		if err := f.box.mgmt.Delete(ctx, o); err != nil && !apierrors.IsNotFound(err) {
			f.t.Errorf("deleting %T %s: %v", o, o.GetName(), err)
		}
	}
}

// letGo takes the finalizers off what is being deleted, as no controller runs that would.
func (f *testFleet) letGo() {
	for _, list := range []client.ObjectList{&v1alpha1.ShopSetList{}, &v1alpha1.ConfigurationList{}, &v1alpha1.WorkloadClusterList{}} {
		if err := f.box.mgmt.List(context.Background(), list, client.InNamespace(f.namespace)); err != nil {
			f.t.Errorf("listing what is left of %s: %v", f.namespace, err)
		}
		_ = meta.EachListItem(list, func(item runtime.Object) error { // which returns nil alone
			o, ok := item.(client.Object)
			patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
			if err := f.box.mgmt.Patch(context.Background(), o, patch); ok && err != nil && !apierrors.IsNotFound(err) {
				f.t.Errorf("taking the finalizers off %s: %v", o.GetName(), err)
			}
			return nil
		})
	}
}
