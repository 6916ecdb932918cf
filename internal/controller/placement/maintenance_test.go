package placement_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/githost"
	"shopset.dev/shopset/internal/plan/routes"
)

// groups are all groups of a table.
func groups(t routes.Table) map[string][]string {
	out := map[string][]string{}
	for _, g := range t.Groups {
		out[g.Name] = g.ShopSets
	}
	return out
}

// on counts the groups that a table has on a cluster.
func on(t routes.Table, cluster string) int {
	n, there := 0, map[string]bool{}
	for _, s := range t.ShopSets {
		there[s.Name] = s.Cluster == cluster
	}
	for _, g := range t.Groups {
		for _, s := range g.ShopSets {
			if there[s] {
				n++
			}
		}
	}
	return n
}

func (g *rig) maintenance() *v1alpha1.ClusterMaintenance {
	g.t.Helper()
	m := &v1alpha1.ClusterMaintenance{}
	g.get(m, "upgrade")
	return m
}

// phase reconciles until the maintenance is in a phase. If the controller is to be killed, that
// happens after each change of the status and after each push; some pushes are lost, so that it also
// dies in between.
func (g *rig) phase(want v1alpha1.MaintenancePhase, kill bool) {
	g.t.Helper()
	last, kills := "", 0
	g.until("phase "+string(want), func() bool {
		m := g.maintenance()
		if now := m.ResourceVersion + g.head(); kill && now != last {
			last = now
			g.faults.SetRules()
			if kills++; kills%2 == 0 && kills < 10 {
				g.faults.SetRules(githost.Rule{Path: "git-receive-pack", Times: 1, Fault: githost.Fault{Status: 503}})
			}
			g.restart()
		}
		g.serveSurged()
		return m.Status.Phase == want
	})
	g.faults.SetRules()
	if kill {
		g.t.Logf("killed %d times until %s", kills, want)
	}
}

// serveSurged plays Argo CD and the cluster: ShopSets that stand in get an address, and edges see them.
func (g *rig) serveSurged() {
	g.t.Helper()
	var list v1alpha1.ShopSetList
	if err := g.client.List(g.t.Context(), &list, client.InNamespace(g.namespace), client.HasLabels{v1alpha1.LabelMaintenance}); err != nil {
		g.t.Fatal(err)
	}
	for _, s := range list.Items {
		if !g.views[s.Name] {
			g.entry(s.Name)
			g.edgesSee(true, s.Name)
		}
	}
}

func testMaintenance(t *testing.T, g *rig, kill, surge bool) {
	g.six()
	g.until("a settled table", func() bool { return g.placed().Status == "True" })
	g.every = 300 * time.Millisecond
	before := g.table()
	if on(before, "b") == 0 {
		t.Fatal("cluster b holds nothing: the test shows nothing")
	}
	g.create(&v1alpha1.ClusterMaintenance{ObjectMeta: g.meta("upgrade"), Spec: v1alpha1.ClusterMaintenanceSpec{
		Cluster: "b", Reason: "a newer Kubernetes", StepPercent: 40, Surge: surge,
	}})
	g.phase(v1alpha1.MaintenanceDrained, kill)
	drained := g.table()
	if n := on(drained, "b"); n != 0 {
		t.Errorf("%d groups are still on cluster b, which counts as drained", n)
	}
	if len(drained.Hosts) != len(before.Hosts) {
		t.Errorf("%d hosts are routed, %d were", len(drained.Hosts), len(before.Hosts))
	}
	if surged := g.maintenance().Status.Surged; surge != (len(surged) > 0) {
		t.Errorf("ShopSets that stand in: %v", surged)
	}
	if steps := g.maintenance().Status.Steps; steps < 2 {
		t.Errorf("drained in %d steps, want several", steps)
	}
	g.shop("meanwhile", "single") // takes part in nothing of this
	g.until("a shop that came meanwhile", func() bool { return len(g.table().Hosts) == 25 })
	if n := on(g.table(), "b"); n != 0 {
		t.Errorf("%d groups came to the drained cluster", n)
	}
	m := g.maintenance()
	m.Spec.Goal = v1alpha1.MaintenanceReturn
	if err := g.client.Update(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	g.phase(v1alpha1.MaintenanceCompleted, kill)
	if diff := cmp.Diff(groups(before), groups(g.table())); diff != "" {
		t.Errorf("groups before and after the maintenance (-before +after):\n%s", diff)
	}
	var list v1alpha1.ShopSetList
	g.until("who stood in to be gone", func() bool {
		if err := g.client.List(t.Context(), &list, client.InNamespace(g.namespace), client.HasLabels{v1alpha1.LabelMaintenance}); err != nil {
			t.Fatal(err)
		}
		return len(list.Items) == 0
	})
	g.until("the finalizer to be gone", func() bool { return len(g.maintenance().Finalizers) == 0 })
}

func testAborted(t *testing.T, g *rig) {
	g.six()
	g.until("a settled table", func() bool { return g.placed().Status == "True" })
	g.every = 300 * time.Millisecond
	before := g.table()
	g.create(&v1alpha1.ClusterMaintenance{ObjectMeta: g.meta("upgrade"), Spec: v1alpha1.ClusterMaintenanceSpec{Cluster: "b", StepPercent: 30}})
	g.until("the drain to be half done", func() bool { return g.maintenance().Status.Steps >= 1 && on(g.table(), "b") < on(before, "b") })
	if err := g.client.Delete(t.Context(), g.maintenance()); err != nil {
		t.Fatal(err)
	}
	g.until("the maintenance to be gone", func() bool {
		err := g.client.Get(t.Context(), client.ObjectKey{Namespace: g.namespace, Name: "upgrade"}, &v1alpha1.ClusterMaintenance{})
		return apierrors.IsNotFound(err)
	})
	if diff := cmp.Diff(groups(before), groups(g.table())); diff != "" {
		t.Errorf("groups before and after the aborted maintenance (-before +after):\n%s", diff)
	}
}

func testDeletion(t *testing.T, g *rig) {
	g.six()
	g.until("a settled table", func() bool { return g.placed().Status == "True" })
	var s v1alpha1.ShopSet
	g.get(&s, "a-1")
	s.Finalizers = []string{v1alpha1.Finalizer} // the fleet controller's
	if err := g.client.Update(t.Context(), &s); err != nil {
		t.Fatal(err)
	}
	if err := g.client.Delete(t.Context(), &s); err != nil {
		t.Fatal(err)
	}
	g.until("a-1 to hold nothing", func() bool {
		for _, row := range g.table().Groups {
			for _, name := range row.ShopSets {
				if name == "a-1" {
					return false
				}
			}
		}
		return true
	})
	if n := len(g.table().Hosts); n != 24 {
		t.Errorf("%d hosts are routed, want 24", n)
	}
	var f v1alpha1.Fleet
	g.get(&f, "fleet")
	if f.Annotations["shopset.dev/refresh"] == "" {
		t.Error("the fleet controller, which waits for this, was not told")
	}
}

// testUnobserved has clusters without kubeconfigs: addresses come from an annotation.
func testUnobserved(t *testing.T, g *rig) {
	for _, name := range []string{"a", "b", "c"} {
		var c v1alpha1.WorkloadCluster
		g.get(&c, name)
		c.Spec.KubeconfigSecretRef = nil
		if err := g.client.Update(t.Context(), &c); err != nil {
			t.Fatal(err)
		}
	}
	for name, address := range map[string]string{"a-1": "10.9.0.1:80", "b-1": "lb-b.example.com:80, 10.9.0.2:80", "c-1": ""} {
		s := &v1alpha1.ShopSet{ObjectMeta: g.meta(name), Spec: v1alpha1.ShopSetSpec{Tier: "prod", Configuration: "production", Cluster: clusterOf(name)}}
		s.Annotations = map[string]string{"shopset.dev/address": address}
		g.create(s)
	}
	g.class("double", 2)
	g.shop("one", "double")
	g.until("the shop", func() bool { return len(g.table().Hosts) == 1 })
	table := g.table()
	for group, shopSets := range groups(table) {
		if len(shopSets) != 2 || clusterOf(shopSets[0]) == "c" || clusterOf(shopSets[1]) == "c" {
			t.Errorf("group %s is on %v, and c-1 has no address", group, shopSets)
		}
	}
	var s v1alpha1.ShopSet
	g.until("c-1 to say why", func() bool {
		g.get(&s, "c-1")
		return condition(s.Status.Conditions, v1alpha1.ConditionServing).Reason == "Waiting"
	})
	for _, row := range table.ShopSets {
		want := map[string]int{"a-1": 1, "b-1": 2, "c-1": 0}[row.Name]
		if len(row.Addresses) != want {
			t.Errorf("ShopSet %s has addresses %v, want %d", row.Name, row.Addresses, want)
		}
	}
}
