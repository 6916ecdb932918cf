package placement_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/apitest"
	"shopset.dev/shopset/internal/controller/placement"
	"shopset.dev/shopset/internal/edgestatus"
	"shopset.dev/shopset/internal/githost"
	"shopset.dev/shopset/internal/manager"
	"shopset.dev/shopset/internal/metrics"
	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/internal/wiretest"
	"shopset.dev/shopset/internal/workload"
)

// patience bounds every wait; nothing is measured by it.
const patience = 90 * time.Second

// rig is a fleet of three clusters, a, b and c, on one API server behind three lines, with a real Git
// server. Edges, which are on cluster c, are played by the test.
type rig struct {
	t         *testing.T
	server    *apitest.Server
	client    client.Client
	namespace string
	prefix    string
	edges     string // namespace
	faults    *githost.Faults
	url       string
	lines     map[string]*wiretest.Line
	observers *workload.Observers
	*placement.Reconciler
	// views is what the edges say, by ShopSet; nil while they are silent.
	views map[string]bool
	epoch int64
	// ahead is by how much the edges' epoch is beyond that of Git.
	ahead int64
	told  time.Time
	// every is how often edges tell.
	every time.Duration
	log   []string
	// stop ends the observers, and dirs counts the folders of reconcilers.
	stop func()
	dirs int
}

func newRig(t *testing.T, server *apitest.Server) *rig {
	t.Helper()
	g := &rig{t: t, server: server, every: 2 * time.Second, lines: map[string]*wiretest.Line{}, namespace: server.Namespace(t, "fleet"), edges: server.Namespace(t, "edges")}
	g.prefix = strings.TrimPrefix(g.namespace, "fleet-") + "-"
	scheme, err := manager.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	if g.client, err = client.New(server.Config, client.Options{Scheme: scheme}); err != nil {
		t.Fatal(err)
	}
	g.git()
	target, err := url.Parse(server.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b", "c"} {
		g.lines[name] = wiretest.New(t, target.Host)
		g.cluster(name, target.Host)
	}
	g.fleet()
	g.create(&v1alpha1.Tier{ObjectMeta: g.meta("prod"), Spec: v1alpha1.TierSpec{Level: 0}})
	g.create(&v1alpha1.Configuration{ObjectMeta: g.meta("production")})
	g.restart()
	t.Cleanup(func() { g.stop() })
	return g
}

// git serves a system repository with one commit on branch main.
func (g *rig) git() {
	g.t.Helper()
	host, err := githost.New(githost.Config{Root: g.t.TempDir()})
	if err != nil {
		g.t.Fatal(err)
	}
	if err := host.Create("system"); err != nil {
		g.t.Fatal(err)
	}
	g.faults = githost.NewFaults(host)
	server := httptest.NewServer(g.faults)
	g.t.Cleanup(server.Close)
	g.url = server.URL + "/system.git"
	clone := g.clone()
	write(g.t, filepath.Join(clone, "README.md"), "The system repository.\n")
	g.bash(clone, `git add . && git commit --quiet -m begin && git push --quiet origin HEAD:main`)
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// clone gives a folder with branch main checked out, if there is one. A clone that a push crosses may
// find an object missing, as anybody's may, and is made again.
func (g *rig) clone() string {
	g.t.Helper()
	dir := filepath.Join(g.t.TempDir(), "system")
	g.bash("", "for i in 1 2 3; do git clone --quiet "+g.url+" "+dir+" && exit; rm -rf "+dir+"; sleep 0.3; done; exit 1")
	return dir
}

// bash runs what a person would type, as nobody in particular.
func (g *rig) bash(dir, script string, env ...string) string {
	g.t.Helper()
	c := exec.CommandContext(g.t.Context(), "bash", "-euo", "pipefail", "-c", script)
	c.Dir = dir
	c.Env = append(os.Environ(), append(env, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=Pat", "GIT_AUTHOR_EMAIL=pat@example.com",
		"GIT_COMMITTER_NAME=Pat", "GIT_COMMITTER_EMAIL=pat@example.com", "KUBECONFIG="+g.server.Kubeconfig)...)
	out, err := c.CombinedOutput()
	if err != nil {
		g.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

func (g *rig) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: g.namespace, Name: name}
}

func (g *rig) create(o client.Object) {
	g.t.Helper()
	if err := g.client.Create(g.t.Context(), o); err != nil {
		g.t.Fatalf("creating %s: %v", o.GetName(), err)
	}
}

func (g *rig) fleet() {
	g.t.Helper()
	second := &metav1.Duration{Duration: time.Second}
	g.create(&v1alpha1.Fleet{ObjectMeta: g.meta("fleet"), Spec: v1alpha1.FleetSpec{
		Apps:   v1alpha1.AppsRepository{Repository: v1alpha1.Repository{URL: strings.Replace(g.url, "system", "apps", 1)}},
		System: v1alpha1.Repository{URL: g.url}, NamePrefix: g.prefix, PollInterval: second,
		Routing: v1alpha1.Routing{EdgeNamespace: g.edges, DownAfter: second, UpAfter: second, FreezeAbove: 1},
	}})
}

// cluster makes a WorkloadCluster in a failure domain of its own, reached over its line.
func (g *rig) cluster(name, target string) {
	g.t.Helper()
	text, err := os.ReadFile(g.server.Kubeconfig)
	if err != nil {
		g.t.Fatal(err)
	}
	kubeconfig := strings.ReplaceAll(string(text), target, g.lines[name].Address())
	g.create(&corev1.Secret{ObjectMeta: g.meta("cluster-" + name), Data: map[string][]byte{"kubeconfig": []byte(kubeconfig)}})
	g.create(&v1alpha1.FailureDomain{ObjectMeta: g.meta("site-" + name), Spec: v1alpha1.FailureDomainSpec{Level: "site"}})
	g.create(&v1alpha1.WorkloadCluster{ObjectMeta: g.meta(name), Spec: v1alpha1.WorkloadClusterSpec{
		FailureDomain: "site-" + name, KubeconfigSecretRef: &v1alpha1.LocalReference{Name: "cluster-" + name}, Edges: name == "c",
	}})
}

// shopSet makes a ShopSet whose entry Service has an address.
func (g *rig) shopSet(name, cluster string) {
	g.t.Helper()
	g.create(&v1alpha1.ShopSet{ObjectMeta: g.meta(name), Spec: v1alpha1.ShopSetSpec{Tier: "prod", Configuration: "production", Cluster: cluster}})
	g.entry(name)
}

// addresses counts the entry Services of all fleets.
var addresses atomic.Int64

func (g *rig) entry(shopSet string) {
	g.t.Helper()
	number := addresses.Add(1)
	namespace := g.prefix + shopSet
	g.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "lb"}, Spec: corev1.ServiceSpec{
		Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Name: "http", Port: 80}},
	}}
	g.create(s)
	s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: fmt.Sprintf("10.0.%d.%d", number/250, number%250+1)}}
	if err := g.client.Status().Update(g.t.Context(), s); err != nil {
		g.t.Fatal(err)
	}
}

func (g *rig) class(name string, domains int32) {
	g.t.Helper()
	g.create(&v1alpha1.ShopClass{ObjectMeta: g.meta(name), Spec: v1alpha1.ShopClassSpec{Tier: "prod", Domains: domains, Buckets: 8}})
}

func (g *rig) shop(name, class string, hosts ...string) {
	g.t.Helper()
	if len(hosts) == 0 {
		hosts = []string{name + ".shop.example"}
	}
	g.create(&v1alpha1.Shop{ObjectMeta: g.meta(name), Spec: v1alpha1.ShopSpec{Class: class, Hosts: hosts}})
}

// six makes two ShopSets on each cluster, twelve shops of one domain and twelve of two, and waits
// until all are routed.
func (g *rig) six() {
	g.t.Helper()
	for _, cluster := range []string{"a", "b", "c"} {
		g.shopSet(cluster+"-1", cluster)
		g.shopSet(cluster+"-2", cluster)
	}
	g.class("single", 1)
	g.class("double", 2)
	for i := range 12 {
		g.shop(fmt.Sprintf("one-%d", i), "single")
		g.shop(fmt.Sprintf("two-%d", i), "double")
	}
	g.edgesSee(true, "a-1", "a-2", "b-1", "b-2", "c-1", "c-2")
	g.until("24 hosts in the table", func() bool { return len(g.table().Hosts) == 24 })
}

// restart kills the controller, if it runs, and starts another that knows nothing.
func (g *rig) restart() {
	g.t.Helper()
	if g.stop != nil {
		g.stop()
	}
	g.observers = workload.New(workload.Config{
		Secrets: g.client, Clock: clock.RealClock{}, Changed: func(string) {}, ProbeEvery: 50 * time.Millisecond, ProbeTimeout: 500 * time.Millisecond,
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = g.observers.Start(ctx) }()
	g.dirs++
	r := placement.New(placement.Config{
		Client: g.client, Live: g.client, Events: recorder{g}, Clock: clock.RealClock{}, Metrics: metrics.New(prometheus.NewRegistry()),
		Observers: g.observers, Dir: filepath.Join(g.t.TempDir(), fmt.Sprint(g.dirs)), GitTimeout: 20 * time.Second,
	})
	g.Reconciler = r
	g.stop = func() {
		cancel()
		<-done
		r.Close()
	}
}

// recorder notes events.
type recorder struct{ g *rig }

var _ events.EventRecorder = recorder{}

func (r recorder) Eventf(regarding, _ runtime.Object, kind, reason, _, note string, args ...any) {
	name := ""
	if o, ok := regarding.(client.Object); ok {
		name = o.GetName()
	}
	r.g.log = append(r.g.log, strings.Join([]string{kind, name, reason, fmt.Sprintf(note, args...)}, " "))
}

// reconcile makes one step, with what the edges say told first if it is time.
func (g *rig) reconcile() {
	g.t.Helper()
	g.tell()
	req := ctrl.Request{}
	req.Namespace = g.namespace
	if _, err := g.Reconcile(g.t.Context(), req); err != nil {
		g.log = append(g.log, "error "+err.Error())
	}
}

// until reconciles until something holds.
func (g *rig) until(what string, ok func() bool) {
	g.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		g.reconcile()
		if ok() {
			return
		}
		if time.Now().After(deadline) {
			g.t.Fatalf("waited in vain for %s\nlog:\n%s\nconditions:\n%s\ntable: %+v", what, strings.Join(g.log[max(0, len(g.log)-20):], "\n"), g.conditions(), g.table())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// steady reconciles for a while in which nothing may change in Git.
func (g *rig) steady(what string, long time.Duration) {
	g.t.Helper()
	head := g.head()
	for end := time.Now().Add(long); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		g.reconcile()
	}
	if now := g.head(); now != head {
		g.t.Fatalf("%s, and yet something was pushed:\n%s", what, g.bash(g.clone(), "git log --stat -3"))
	}
}

func (g *rig) head() string {
	return strings.TrimSpace(g.bash("", "git ls-remote "+g.url+" refs/heads/main | cut -f1"))
}

// table reads what Git has.
func (g *rig) table() routes.Table {
	g.t.Helper()
	table, err := g.read()
	if err != nil {
		g.t.Fatalf("the table in Git cannot be read: %v", err)
	}
	return table
}

func (g *rig) read() (routes.Table, error) {
	g.t.Helper()
	files := map[string][]byte{}
	dir := filepath.Join(g.clone(), "routes")
	entries, _ := os.ReadDir(dir) // none before the first table
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			g.t.Fatal(err)
		}
		files[e.Name()] = content
	}
	if len(files) == 0 {
		return routes.Table{}, nil
	}
	return routes.Decode(files)
}

// rows are the groups of a class in Git, with the cluster of each ShopSet.
func rows(t routes.Table, class string) map[string][]string {
	out := map[string][]string{}
	for _, group := range t.Groups {
		if routes.ClassOf(group.Name) == class {
			out[group.Name] = group.ShopSets
		}
	}
	return out
}

func clusterOf(shopSet string) string { c, _, _ := strings.Cut(shopSet, "-"); return c }

// edgesSee says what both edges see from now on.
func (g *rig) edgesSee(healthy bool, shopSets ...string) {
	if g.views == nil {
		g.views = map[string]bool{}
	}
	for _, name := range shopSets {
		g.views[name] = healthy
	}
	g.told = time.Time{}
}

// tell writes the edges' statuses, if they have something to say.
func (g *rig) tell() {
	g.t.Helper()
	if g.views == nil || time.Since(g.told) < g.every {
		return
	}
	g.told = time.Now()
	if table, err := g.read(); err == nil {
		g.epoch = table.Epoch // edges keep what they have where they cannot read the new one
	}
	for _, edge := range []string{"e1", "e2"} {
		s := edgestatus.Status{Edge: edge, Time: time.Now(), Ready: true, Table: edgestatus.Table{Epoch: g.epoch + g.ahead}}
		for name, healthy := range g.views {
			s.ShopSets = append(s.ShopSets, edgestatus.ShopSetStatus{Name: name, Healthy: healthy, Since: time.Now(), Reason: "as the test says"})
		}
		text, err := json.Marshal(s)
		if err != nil {
			g.t.Fatal(err)
		}
		c := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: g.edges, Name: edgestatus.NamePrefix + edge,
			Labels: map[string]string{edgestatus.LabelKey: "true"}}, Data: map[string]string{edgestatus.DataKey: string(text)}}
		if err := g.client.Update(g.t.Context(), c); err != nil {
			g.create(c)
		}
	}
}

func (g *rig) get(o client.Object, name string) {
	g.t.Helper()
	if err := g.client.Get(g.t.Context(), client.ObjectKey{Namespace: g.namespace, Name: name}, o); err != nil {
		g.t.Fatalf("getting %s: %v", name, err)
	}
}

func condition(list []metav1.Condition, kind string) metav1.Condition {
	for _, c := range list {
		if c.Type == kind {
			return c
		}
	}
	return metav1.Condition{}
}

func (g *rig) placed() metav1.Condition {
	g.t.Helper()
	var f v1alpha1.Fleet
	g.get(&f, "fleet")
	return condition(f.Status.Conditions, v1alpha1.ConditionPlaced)
}

func (g *rig) serving(cluster string) metav1.Condition {
	g.t.Helper()
	var c v1alpha1.WorkloadCluster
	g.get(&c, cluster)
	return condition(c.Status.Conditions, v1alpha1.ConditionServing)
}

func (g *rig) conditions() string {
	out := fmt.Sprintln("placed", g.placed().Reason, g.placed().Message)
	for _, name := range []string{"a", "b", "c"} {
		out += fmt.Sprintln(name, g.serving(name).Reason, g.serving(name).Message)
	}
	var list v1alpha1.ShopSetList
	_ = g.client.List(g.t.Context(), &list, client.InNamespace(g.namespace)) // only for a message
	for _, s := range list.Items {
		c := condition(s.Status.Conditions, v1alpha1.ConditionServing)
		out += fmt.Sprintln(s.Name, c.Reason, c.Message)
	}
	return out
}

// second makes another reconciler beside the first, as a replica that does not know that it has lost
// the lease.
func (g *rig) second() *placement.Reconciler {
	g.t.Helper()
	g.dirs++
	r := placement.New(placement.Config{
		Client: g.client, Live: g.client, Events: recorder{g}, Clock: clock.RealClock{}, Metrics: metrics.New(prometheus.NewRegistry()),
		Observers: g.observers, Dir: filepath.Join(g.t.TempDir(), fmt.Sprint(g.dirs)), GitTimeout: 20 * time.Second,
	})
	g.t.Cleanup(r.Close)
	return r
}

// byHand gives the commands below a heading of the page about placing by hand.
func byHand(t *testing.T, heading string) string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/by-hand/place.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("the page has no heading %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var commands strings.Builder
	for i, part := range strings.Split(section, "```") {
		if i%2 == 1 {
			commands.WriteString(strings.TrimPrefix(part, "sh\n"))
		}
	}
	return commands.String()
}

// kubectl is the folder that has it.
func (g *rig) kubectl() string {
	if folder := os.Getenv("KUBEBUILDER_ASSETS"); folder != "" {
		return folder
	}
	return filepath.Join(g.server.Root, "bin", "sandbox-parts")
}
