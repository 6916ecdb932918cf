package apps

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
)

// TestUnbuildable breaks the build of one ShopSet and then of all of a tier, in three ways.
func TestUnbuildable(t *testing.T) {
	t.Parallel()
	in := func(tier, configuration string) v1alpha1.ShopSetSpec {
		return v1alpha1.ShopSetSpec{Tier: tier, Configuration: configuration, Cluster: workload}
	}
	f := start(t, plan{name: "unbuildable", shopSets: map[string]v1alpha1.ShopSetSpec{
		"s0": in("t0", "main"), "odd": in("t0", "odd"), "s1": in("t1", "main")}})
	f.create(&v1alpha1.Configuration{ObjectMeta: f.meta("odd")})
	before := f.push(good("shop/web:v1"))
	f.proven(before)

	configure := func(spec v1alpha1.ConfigurationSpec) {
		f.edit("odd", &v1alpha1.Configuration{}, func(o client.Object) { o.(*v1alpha1.Configuration).Spec = spec })
	}
	for _, broken := range []struct {
		spec  v1alpha1.ConfigurationSpec
		words string
	}{
		{v1alpha1.ConfigurationSpec{Patches: []v1alpha1.Patch{{Patch: "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: nowhere}\nspec: {paused: true}\n"}}}, "nowhere"},
		{v1alpha1.ConfigurationSpec{Literals: []v1alpha1.Literals{{ConfigMap: "elsewhere", Values: map[string]string{"A": "1"}}}}, "elsewhere"},
	} {
		configure(broken.spec)
		f.shopSetStalls("odd", "overlays/odd of branch tier-0 does not build", broken.words, "correct Configuration odd or the apps repository")
		f.tierStalls("t0", "ShopSet odd on cluster-a cannot take the release", broken.words)
		f.proven(before, "t1")
		configure(v1alpha1.ConfigurationSpec{})
		f.again()
	}

	f.push(map[string]string{"kustomization.yaml": "resources: [web.yaml, lost.yaml]\n"})
	f.shopSetStalls("s0", "overlays/s0 of branch tier-0 does not build", "lost.yaml", "the apps repository")
	f.tierStalls("t0", "cannot take the release", "lost.yaml")
	f.proven(before, "t1")
	f.runs("s1", "shop/web:v1")
	f.proven(f.push(good("shop/web:v2")))
	f.again()
}

// TestUnknownNames has ShopSets that name what does not exist, with nobody to refuse them, beside
// those that climb.
func TestUnknownNames(t *testing.T) {
	t.Parallel()
	f := start(t, plan{name: "unknown", shopSets: map[string]v1alpha1.ShopSetSpec{
		"s0": {Tier: "t0", Configuration: "main", Cluster: workload}, "s1": {Tier: "t1", Configuration: "main", Cluster: workload},
		"no-tier":          {Tier: "t9", Configuration: "main", Cluster: workload},
		"no-configuration": {Tier: "t0", Configuration: "nothing", Cluster: workload},
		"no-cluster":       {Tier: "t0", Configuration: "main", Cluster: "cluster-z"},
	}})
	f.create(&v1alpha1.Configuration{ObjectMeta: f.meta("leaky"), Spec: v1alpha1.ConfigurationSpec{
		Literals: []v1alpha1.Literals{{ConfigMap: "environment", Values: map[string]string{"DB_PASSWORD": secretValue}}}}})
	f.proven(f.push(good("shop/web:v1")))
	f.shopSetStalls("no-tier", "ShopSet no-tier: spec.tier", `there is no Tier "t9"`, "name one that exists: t0, t1")
	f.shopSetStalls("no-configuration", "ShopSet no-configuration: spec.configuration", `there is no Configuration "nothing"`, "create the Configuration")
	f.shopSetStalls("no-cluster", "ShopSet no-cluster: spec.cluster", `there is no WorkloadCluster "cluster-z"`, "create the WorkloadCluster")
	var leaky v1alpha1.Configuration
	f.stalls("leaky", &leaky, func() []metav1.Condition { return leaky.Status.Conditions },
		"Configuration leaky: spec.literals[environment].values[DB_PASSWORD]", "create a Secret")
	f.fleetStalls("4 objects break a convention")
	f.proven(f.push(good("shop/web:v2")))
	f.runs("s1", "shop/web:v2")
	if leaky.Status.Conditions == nil || strings.Contains(fmt.Sprint(leaky.Status.Conditions, f.events()), secretValue) {
		t.Errorf("the secret is repeated in a condition or an Event")
	}
	f.nowhereInGit(secretValue)
}

const secretValue = "correct-horse-battery"

// TestUnknownToArgoCD has a WorkloadCluster that Argo CD was not told of.
func TestUnknownToArgoCD(t *testing.T) {
	t.Parallel()
	f := start(t, plan{name: "not-in-argo", deadline: 30 * time.Second, shopSets: map[string]v1alpha1.ShopSetSpec{
		"s0": {Tier: "t0", Configuration: "main", Cluster: workload}, "s1": {Tier: "t1", Configuration: "main", Cluster: workload},
		"s2": {Tier: "t1", Configuration: "main", Cluster: "nowhere"},
	}})
	f.create(&v1alpha1.WorkloadCluster{ObjectMeta: f.meta("nowhere"), Spec: v1alpha1.WorkloadClusterSpec{FailureDomain: "site"}})
	commit := f.push(good("shop/web:v1"))
	f.proven(commit, "t0")
	f.runs("s1", "shop/web:v1")
	f.eventually("s2 to say what is missing", func() error {
		c := meta.FindStatusCondition(get(f, "s2", &v1alpha1.ShopSet{}).Status.Conditions, v1alpha1.ConditionReady)
		if c == nil || c.Status != metav1.ConditionFalse {
			return fmt.Errorf("it says %v", c)
		}
		return said(c.Message, []string{"WorkloadCluster nowhere: spec.argocdCluster", "register the cluster in Argo CD"})
	})
	f.eventually("the tier to give up and say why", func() error {
		st := get(f, "t1", &v1alpha1.Tier{}).Status
		if st.Phase != v1alpha1.TierDegraded {
			return fmt.Errorf("it is %s", st.Phase)
		}
		return said(st.Reason, []string{"s2 on nowhere", "WorkloadCluster nowhere: spec.argocdCluster"})
	})
	f.told("Tier", "t1", "not live within 30s")
	next := f.push(good("shop/web:v2"))
	f.proven(next, "t0")
	f.runs("s1", "shop/web:v2")
}

// TestBrokenImages releases images that crash or do not exist.
func TestBrokenImages(t *testing.T) {
	t.Parallel()
	const crashing, missing = "registry.example/broken:v1", "registry.example/broken:v2"
	loadCrashingImage(t, crashing)
	f := start(t, plan{name: "broken-image"})
	// Without a readiness probe Kubernetes takes a container for ready as soon as it runs, so also one
	// that is about to crash: minReadySeconds is what tells them apart.
	const rollout = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {minReadySeconds: 8, progressDeadlineSeconds: 20}\n"
	hasty := func(image string) map[string]string {
		files := good(image)
		files["kustomization.yaml"] += "patches: [{path: rollout.yaml}]\n"
		files["rollout.yaml"] = rollout
		return files
	}
	before := f.push(hasty("shop/web:v1"))
	f.proven(before)
	for _, image := range []string{crashing, missing} {
		f.push(hasty(image))
		f.runs("s0", image)
		f.tierStalls("t0", "ShopSet s0 on cluster-a is Degraded", "Application broken-image-s0 in Argo CD")
		f.shopSetStalls("s0", "Argo CD says Degraded", "Application broken-image-s0 in Argo CD")
		f.proven(before, "t1")
		f.runs("s1", "shop/web:v1")
	}
	f.proven(f.push(hasty("shop/web:v2")))
	f.again()
}

// nowhereInGit looks for a text in all that the system repository has ever held.
func (f *fleet) nowhereInGit(text string) {
	f.t.Helper()
	dir := filepath.Join(f.t.TempDir(), "system.git")
	if out, err := f.system.git(f.t, ".", "clone", "--quiet", "--bare", f.system.url, dir); err != nil {
		f.t.Fatalf("cloning the system repository: %v\n%s", err, out)
	}
	out, err := f.system.git(f.t, dir, "log", "--all", "--format=%h", "-S"+text)
	if err != nil || out != "" {
		f.t.Errorf("commits with the text: %v %s", err, out)
	}
}
