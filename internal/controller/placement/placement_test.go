package placement_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlmanager "sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/apitest"
	"shopset.dev/shopset/internal/argocd"
	"shopset.dev/shopset/internal/controller/placement"
	"shopset.dev/shopset/internal/githost"
	"shopset.dev/shopset/internal/metrics"
	"shopset.dev/shopset/internal/workload"
)

func TestPlacement(t *testing.T) {
	api := apitest.Start(t)
	api.InstallArgoCDKinds(t)
	for _, tc := range []struct {
		name string
		run  func(*testing.T, *rig)
	}{
		{"shops are routed, and what is wrong is said", testRouted},
		{"a cluster that all sides miss is down", testDown},
		{"one vantage point moves nothing", testOneSide},
		{"several domains down at once freeze", testFreeze},
		{"a hand edit is taken over", testHandEdit},
		{"a cluster is drained by hand", testHandDrain},
		{"a table that cannot be read is left alone", testUnreadable},
		{"Git is down, and comes back", testGitDown},
		{"rivals lose nothing", testRivals},
		{"a cluster is emptied and refilled", func(t *testing.T, g *rig) { testMaintenance(t, g, false, false) }},
		{"a cluster is emptied and refilled by controllers that are killed at every step", func(t *testing.T, g *rig) { testMaintenance(t, g, true, false) }},
		{"others stand in while a cluster is emptied", func(t *testing.T, g *rig) { testMaintenance(t, g, false, true) }},
		{"a drain is aborted by deleting it", testAborted},
		{"a ShopSet that is deleted drains first", testDeletion},
		{"clusters that nobody observes", testUnobserved},
		{"a ShopSet that is new waits until it can serve", testNewcomer},
		{"Argo CD is asked to look", testArgo},
		{"Git has lost tables that the edges have", testEpochLost},
		{"a manager wakes the controller", testManaged},
		{"a start with everything out of reach moves nothing", testBlindStart},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel() // most of the time is waiting
			tc.run(t, newRig(t, api))
		})
	}
}

func testRouted(t *testing.T, g *rig) {
	g.six()
	table := g.table()
	for group, shopSets := range rows(table, "double") {
		if len(shopSets) != 2 || clusterOf(shopSets[0]) == clusterOf(shopSets[1]) {
			t.Errorf("group %s is on %v, want two clusters", group, shopSets)
		}
	}
	for _, s := range table.ShopSets {
		if len(s.Addresses) != 1 || s.Domain != "site-"+s.Cluster {
			t.Errorf("row of ShopSet %s: %+v", s.Name, s)
		}
	}
	g.shop("late", "single", "ONE-0.Shop.Example.", "late.shop.example")
	g.shop("classless", "nowhere")
	g.class("lonely", 1)
	g.until("the newer claim to be refused", func() bool {
		var late, classless v1alpha1.Shop
		g.get(&late, "late")
		g.get(&classless, "classless")
		return strings.Contains(condition(late.Status.Conditions, "Ready").Message, "one-0") &&
			condition(classless.Status.Conditions, "Stalled").Status == "True"
	})
	owner := map[string]string{}
	for _, h := range g.table().Hosts {
		owner[h.Name] = h.Shop
	}
	if owner["one-0.shop.example"] != "one-0" || owner["late.shop.example"] != "late" || owner["classless.shop.example"] != "" {
		t.Errorf("hosts: %v", owner)
	}
	var class v1alpha1.ShopClass
	g.until("the class to count", func() bool { g.get(&class, "double"); return class.Status.Redundant == 12 })
	if class.Status.Shops != 12 || class.Status.Served != 12 || condition(class.Status.Conditions, "Ready").Status != "True" {
		t.Errorf("status of class double: %+v", class.Status)
	}
	var shop v1alpha1.Shop
	g.until("shops to be told", func() bool { g.get(&shop, "two-3"); return shop.Status.Group != "" })
	g.until("the table to settle", func() bool { return g.placed().Status == "True" })
	g.steady("nothing changes", time.Second)
	log := g.bash(g.clone(), "git log -1 --format=%B")
	for _, trailer := range []string{"ShopSet-Epoch: ", "ShopSet-Reason: ", "ShopSet-Actor: shopset-controller"} {
		if !strings.Contains(log, trailer) {
			t.Errorf("the commit lacks trailer %q:\n%s", trailer, log)
		}
	}
}

func testDown(t *testing.T, g *rig) {
	g.six()
	before := g.table()
	var hit []string
	for group, shopSets := range rows(before, "single") {
		if clusterOf(shopSets[0]) == "a" {
			hit = append(hit, group)
		}
	}
	if len(hit) == 0 {
		t.Fatal("cluster a serves no unredundant shops: the test shows nothing")
	}
	g.lines["a"].Cut()
	g.edgesSee(false, "a-1", "a-2")
	g.until("cluster a to be down", func() bool { return g.serving("a").Reason == "Down" })
	g.until("unredundant shops to be served elsewhere", func() bool {
		now := rows(g.table(), "single")
		return !slices.ContainsFunc(hit, func(group string) bool { return clusterOf(now[group][0]) == "a" })
	})
	after := g.table()
	for group, was := range rows(before, "single") {
		if now := rows(after, "single")[group]; !slices.Contains(hit, group) && !cmp.Equal(was, now) {
			t.Errorf("group %s was not hit and went from %v to %v", group, was, now)
		}
	}
	for group, was := range rows(before, "double") {
		now := rows(after, "double")[group]
		survivor := was[0]
		if clusterOf(survivor) == "a" {
			survivor = was[1]
		}
		if now[0] != survivor {
			t.Errorf("redundant group %s was on %v, and its survivor does not lead %v", group, was, now)
		}
		if len(now) < 2 || clusterOf(now[0]) == clusterOf(now[1]) {
			t.Errorf("redundant group %s is on %v: its redundancy is not repaid", group, now)
		}
	}
	log := strings.Join(g.log, "\n")
	if n := strings.Count(log, "Warning a Down"); n != 1 {
		t.Errorf("%d events tell that cluster a is down, want 1:\n%s", n, log)
	}
	// It comes back: adopted, nothing is moved back or deleted.
	g.lines["a"].Mend(t)
	g.edgesSee(true, "a-1", "a-2")
	g.until("cluster a to be up", func() bool { return g.serving("a").Reason == "Up" })
	g.until("a settled table", func() bool { return g.placed().Status == "True" })
	for _, s := range g.table().ShopSets {
		if len(s.Addresses) == 0 {
			t.Errorf("ShopSet %s has lost its address", s.Name)
		}
	}
}

func testOneSide(t *testing.T, g *rig) {
	g.six()
	g.until("a settled table", func() bool { return g.placed().Status == "True" })
	g.lines["a"].Cut() // and the edges go on seeing it
	g.until("doubt", func() bool { return g.serving("a").Reason == "Unknown" })
	g.steady("the edges see cluster a", 3*time.Second)
	g.lines["a"].Mend(t)
	g.until("it to be up again", func() bool { return g.serving("a").Reason == "Up" })
	g.edgesSee(false, "a-1", "a-2") // and its API server answers
	g.until("doubt from the other side", func() bool { return g.serving("a").Reason != "Up" })
	if reason := g.serving("a").Reason; reason == "Down" {
		t.Errorf("cluster a counts as down although its API server answers")
	}
}

func testFreeze(t *testing.T, g *rig) {
	g.six()
	g.until("a settled table", func() bool { return g.placed().Status == "True" })
	g.lines["a"].Cut()
	g.lines["b"].Cut()
	g.edgesSee(false, "a-1", "a-2", "b-1", "b-2")
	g.until("the freeze", func() bool { return g.placed().Reason == "Frozen" })
	g.steady("everything is frozen", 3*time.Second)
	g.lines["b"].Mend(t)
	g.edgesSee(true, "b-1", "b-2")
	g.until("shops of a to be placed once only one domain is down", func() bool {
		for _, shopSets := range rows(g.table(), "single") {
			if clusterOf(shopSets[0]) == "a" {
				return false
			}
		}
		return true
	})
}

func testHandEdit(t *testing.T, g *rig) {
	g.six()
	g.until("a settled table", func() bool { return g.placed().Status == "True" })
	var group, from, to string
	for name, shopSets := range rows(g.table(), "single") {
		group, from = name, shopSets[0]
		break
	}
	for _, name := range []string{"a-1", "b-1"} {
		if name != from {
			to = name
		}
	}
	clone := g.clone()
	g.bash(clone, byHand(t, "Move a shop"), "GROUP="+group, "TO="+to, "REASON=hot")
	epoch := g.table().Epoch
	g.steadyAfter(clone, "the edit is the placement now")
	table := g.table()
	if got := rows(table, "single")[group]; !cmp.Equal(got, []string{to}) {
		t.Errorf("group %s is on %v, the edit said %s", group, got, to)
	}
	// The next commit of the controller's own keeps it.
	g.shop("another", "single")
	g.until("another shop", func() bool { return g.table().Epoch > epoch })
	if got := rows(g.table(), "single")[group]; !cmp.Equal(got, []string{to}) {
		t.Errorf("group %s is on %v after the controller's commit, the edit said %s", group, got, to)
	}
}

// testHandDrain empties a cluster with git and sha256sum alone.
func testHandDrain(t *testing.T, g *rig) {
	g.six()
	g.until("a settled table", func() bool { return g.placed().Status == "True" })
	before := g.table()
	clone := g.clone()
	patch := strings.Split(byHand(t, "Drain a cluster"), "kubectl ")
	env := []string{"CLUSTER=b", "TO=a-1", "REASON=upgrade", "FLEET=" + g.namespace}
	g.bash(clone, "PATH=$PATH:"+g.kubectl()+"; kubectl "+patch[len(patch)-1], env...)
	g.bash(clone, patch[0], env...)
	g.until("what has lost its redundancy to get it back", func() bool {
		for _, shopSets := range rows(g.table(), "double") {
			if len(shopSets) != 2 || clusterOf(shopSets[0]) == "b" || clusterOf(shopSets[1]) == "b" {
				return false
			}
		}
		return true
	})
	after := g.table()
	if n := on(after, "b"); n != 0 {
		t.Errorf("%d groups are on the drained cluster", n)
	}
	for group, was := range groups(before) {
		if now := groups(after)[group]; clusterOf(was[0]) != "b" && was[0] != now[0] {
			t.Errorf("group %s was served by %s and is by %s now, for nothing", group, was[0], now[0])
		}
	}
	find := byHand(t, "Find a shop")
	if out := g.bash(clone, find, "HOST=one-3.shop.example"); !strings.Contains(out, "one-3.shop.example single/") || strings.Count(out, "single/") != 2 {
		t.Errorf("finding a shop prints\n%s", out)
	}
	// Switched off, the drained cluster is no failure, and the loss of another one is only one.
	g.lines["b"].Cut()
	g.lines["a"].Cut()
	g.edgesSee(false, "a-1", "a-2", "b-1", "b-2")
	g.until("the shops of a to be served by c", func() bool { return on(g.table(), "c") == len(groups(before)) })
}

// steadyAfter waits until the controller has read what a clone pushed, and sees it push nothing.
func (g *rig) steadyAfter(clone, what string) {
	g.t.Helper()
	if head := strings.TrimSpace(g.bash(clone, "git rev-parse HEAD")); head != g.head() {
		g.t.Fatalf("the edit %s was not pushed; main is at %s", head, g.head())
	}
	g.steady(what, 3*time.Second)
}

func testUnreadable(t *testing.T, g *rig) {
	g.six()
	clone := g.clone()
	g.bash(clone, `sed -i 's/a-1/nonsense/' routes/groups-0000.txt && git commit --quiet -am "A slip" && git push --quiet origin HEAD:main`)
	broken := g.head()
	g.until("the slip to be told", func() bool { return g.placed().Reason == "RoutesUnreadable" })
	message := g.placed().Message
	for _, want := range []string{"groups-0000.txt", "sha256sum", "overwrite-routes=" + broken} {
		if !strings.Contains(message, want) {
			t.Errorf("the condition lacks %q: %s", want, message)
		}
	}
	g.shop("meanwhile", "single")
	g.steady("the table cannot be read", 3*time.Second)
	g.restart() // who starts now knows the last good table from history
	g.until("the slip to be told again", func() bool { return g.placed().Reason == "RoutesUnreadable" })
	var f v1alpha1.Fleet
	g.get(&f, "fleet")
	f.Annotations = map[string]string{"shopset.dev/overwrite-routes": broken}
	if err := g.client.Update(t.Context(), &f); err != nil {
		t.Fatal(err)
	}
	g.until("a good table with the new shop", func() bool { return g.placed().Status == "True" && len(g.table().Hosts) == 25 })
}

func testGitDown(t *testing.T, g *rig) {
	g.six()
	g.until("a settled table", func() bool { return g.placed().Status == "True" })
	g.faults.SetRules(githost.Rule{Fault: githost.Fault{Status: 503}})
	g.shop("meanwhile", "single")
	g.until("Git to be missed", func() bool { return g.placed().Reason == "GitUnreachable" })
	g.faults.SetRules()
	g.until("the shop to be routed", func() bool { return len(g.table().Hosts) == 25 })
	g.until("the condition to recover", func() bool { return g.placed().Status == "True" })
	// A push whose answer is lost has happened: nothing is made twice.
	g.faults.SetRules(githost.Rule{Path: "git-receive-pack", Method: "POST", Times: 1, Fault: githost.Fault{Cut: githost.CutAfter}})
	g.shop("again", "single")
	g.until("the other shop to be routed", func() bool { return len(g.table().Hosts) == 26 })
	g.until("a settled table", func() bool { return g.placed().Status == "True" })
}

func testRivals(t *testing.T, g *rig) {
	g.six()
	// Every push of ours finds that somebody else was faster, five times in a row.
	clone := g.clone()
	for i := range 5 {
		g.shop(fmt.Sprintf("rival-%d", i), "single")
		if err := os.WriteFile(filepath.Join(clone, "README.md"), fmt.Appendf(nil, "edit %d\n", i), 0o600); err != nil {
			t.Fatal(err)
		}
		g.bash(clone, `git pull --quiet --rebase --autostash origin main && git commit --quiet -am "Somebody else" && git push --quiet origin HEAD:main`)
		g.reconcile()
	}
	first := g.Reconciler
	second := g.second()
	g.until("all shops", func() bool {
		g.Reconciler = second
		g.reconcile()
		g.Reconciler = first
		return len(g.table().Hosts) == 29
	})
	log := g.bash(g.clone(), "git log --format=%s")
	if n := strings.Count(log, "Somebody else"); n != 5 {
		t.Errorf("%d of 5 commits of others are left:\n%s", n, log)
	}
}

func testBlindStart(t *testing.T, g *rig) {
	g.six()
	g.until("a settled table", func() bool { return g.placed().Status == "True" })
	for _, l := range g.lines {
		l.Cut()
	}
	g.views = nil
	g.restart()
	g.steady("nothing is known", 4*time.Second)
	if got := g.serving("a").Reason; got != "Unknown" && got != "Up" {
		t.Errorf("cluster a is believed to be %s", got)
	}
}

func testNewcomer(t *testing.T, g *rig) {
	g.six()
	g.until("a settled table", func() bool { return g.placed().Status == "True" })
	g.create(&v1alpha1.ShopSet{ObjectMeta: g.meta("c-3"), Spec: v1alpha1.ShopSetSpec{Tier: "prod", Configuration: "production", Cluster: "c"}})
	says := func() string {
		var s v1alpha1.ShopSet
		g.get(&s, "c-3")
		return condition(s.Status.Conditions, v1alpha1.ConditionServing).Message
	}
	g.until("the missing address to be told", func() bool { return strings.Contains(says(), "no address") })
	g.entry("c-3")
	g.until("the edges to be waited for", func() bool { return strings.Contains(says(), "edges do not see it healthy") })
	// Everything would be better off there, and yet nothing comes while the edges miss it.
	for _, name := range []string{"a", "b"} {
		g.edgesSee(true, "a-1", "b-1")
		g.create(&v1alpha1.Shop{ObjectMeta: g.meta("pinned-" + name), Spec: v1alpha1.ShopSpec{Class: "single", Hosts: []string{name + ".example.com"}, Pin: []string{"c-3"}}})
	}
	var shop v1alpha1.Shop
	g.until("a pinned shop to wait", func() bool {
		g.get(&shop, "pinned-a")
		return condition(shop.Status.Conditions, "Ready").Reason == "Unplaced"
	})
	g.edgesSee(true, "c-3")
	g.until("the pinned shops to be served", func() bool { return len(g.table().Hosts) == 26 })
	g.until("them to say so", func() bool {
		g.get(&shop, "pinned-a")
		return condition(shop.Status.Conditions, "Ready").Status == "True"
	})
}

func testArgo(t *testing.T, g *rig) {
	g.six()
	name := g.prefix + "c.routes"
	app := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
		"metadata": map[string]any{"namespace": "argocd", "name": name, "labels": map[string]any{
			v1alpha1.LabelFleet: g.namespace, v1alpha1.LabelCluster: "c"}},
		"spec": map[string]any{"project": "default", "destination": map[string]any{"name": "c"},
			"source": map[string]any{"repoURL": g.url, "path": "routes", "targetRevision": "main"}},
	}}
	g.create(app)
	refresh := func() string {
		if err := g.client.Get(t.Context(), client.ObjectKeyFromObject(app), app); err != nil {
			t.Fatal(err)
		}
		return app.GetAnnotations()["argocd.argoproj.io/refresh"]
	}
	g.until("Argo CD to be asked", func() bool { return refresh() != "" })
	// Argo CD has compared; nothing is asked until the table changes, whatever else does.
	app.SetAnnotations(nil)
	spec := app.Object["spec"].(map[string]any)
	app.Object["status"] = map[string]any{"sync": map[string]any{"status": "Synced", "revision": g.head(),
		"comparedTo": map[string]any{"source": spec["source"], "destination": spec["destination"]}}}
	if err := g.client.Update(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	g.bash(g.clone(), `echo more >> README.md && git commit --quiet -am "Something else" && git push --quiet origin HEAD:main`)
	g.steady("the table has not changed", 2*time.Second)
	if refresh() != "" {
		t.Error("Argo CD was asked although the table has not changed")
	}
	g.shop("another", "single")
	g.until("Argo CD to be asked again", func() bool { return refresh() != "" })
}

func testEpochLost(t *testing.T, g *rig) {
	g.six()
	g.until("a settled table", func() bool { return g.placed().Status == "True" })
	g.ahead = 100
	g.told = time.Time{}
	g.until("a table after the edges'", func() bool { return g.table().Epoch > 100 })
	g.ahead = 0
	g.told = time.Time{}
	g.until("a settled table", func() bool { return g.placed().Status == "True" })
}

// testManaged has the controller woken by a manager, with a cache, instead of by the test.
func testManaged(t *testing.T, g *rig) {
	g.stop()
	mgr, err := ctrl.NewManager(g.server.Config, ctrl.Options{
		Scheme: g.client.Scheme(), Metrics: server.Options{BindAddress: "0"},
		Cache: cache.Options{
			DefaultNamespaces: map[string]cache.Config{g.namespace: {}},
			ByObject:          map[client.Object]cache.ByObject{&argocd.Application{}: {Namespaces: map[string]cache.Config{"argocd": {}}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	wake := &placement.Waker{}
	observers := workload.New(workload.Config{Secrets: g.client, Clock: clock.RealClock{}, Changed: wake.Wake, ProbeEvery: 100 * time.Millisecond})
	r := placement.New(placement.Config{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Events: mgr.GetEventRecorder("placement"), Clock: clock.RealClock{},
		Metrics: metrics.New(prometheus.NewRegistry()), Observers: observers, Dir: t.TempDir(),
	})
	if err := errors.Join(mgr.Add(ctrlmanager.RunnableFunc(observers.Start)), r.SetupWithManager(mgr, wake)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	g.stop = func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		r.Close()
	}
	wait := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(patience); !ok(); time.Sleep(200 * time.Millisecond) {
			g.tell()
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain for %s\n%s\n%+v", what, g.conditions(), g.table())
			}
		}
	}
	for _, cluster := range []string{"a", "b", "c"} {
		g.shopSet(cluster+"-1", cluster)
	}
	g.edgesSee(true, "a-1", "b-1", "c-1")
	g.class("single", 1)
	for i := range 300 {
		g.shop(fmt.Sprintf("shop-%d", i), "single")
	}
	wait("300 shops in the table", func() bool { return len(g.table().Hosts) == 300 })
	if epoch := g.table().Epoch; epoch > 60 {
		t.Errorf("300 shops made %d tables: they were not gathered", epoch)
	}
	wait("all shops to be told", func() bool {
		var list v1alpha1.ShopList
		if err := g.client.List(t.Context(), &list, client.InNamespace(g.namespace)); err != nil {
			t.Fatal(err)
		}
		return !slices.ContainsFunc(list.Items, func(s v1alpha1.Shop) bool { return condition(s.Status.Conditions, "Ready").Status != "True" })
	})
	if err := g.client.Delete(t.Context(), &v1alpha1.Shop{ObjectMeta: g.meta("shop-7")}); err != nil {
		t.Fatal(err)
	}
	wait("a deleted shop to leave the table", func() bool { return len(g.table().Hosts) == 299 })
	g.lines["a"].Cut()
	g.edgesSee(false, "a-1")
	wait("shops of a lost cluster to be placed elsewhere", func() bool { return on(g.table(), "a") == 0 })
}
