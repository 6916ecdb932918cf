package maintenance

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/placement"
)

// TestWhatOneAnswerSays: each case is a fleet just before a maintenance of cluster a is asked for the
// first time.
func TestWhatOneAnswerSays(t *testing.T) {
	tests := map[string]struct {
		capacity int32
		clusters []string
		change   func(w *world)
		spec     func(s *v1alpha1.ClusterMaintenanceSpec)
		phase    v1alpha1.MaintenancePhase
		reason   string
	}{
		"it begins": {phase: v1alpha1.MaintenanceDraining, reason: "begins"},
		"a cluster that does not exist": {
			spec:  func(s *v1alpha1.ClusterMaintenanceSpec) { s.Cluster = "z" },
			phase: v1alpha1.MaintenanceRefused, reason: `there is no WorkloadCluster "z"; create another ClusterMaintenance for one that exists`,
		},
		"another cluster is down": {
			change: func(w *world) { w.down["b"] = true },
			phase:  v1alpha1.MaintenanceRefused, reason: "cluster b is down: all sides miss it",
		},
		"a ShopSet elsewhere is down": {
			change: func(w *world) { w.down["c-2"] = true },
			phase:  v1alpha1.MaintenanceRefused, reason: "ShopSet c-2 is down: all sides miss it",
		},
		"the cluster itself is down": {
			change: func(w *world) { w.down["a"] = true },
			phase:  v1alpha1.MaintenanceDraining, reason: "begins",
		},
		"a cluster that people have drained may be down": {
			capacity: 200,
			change: func(w *world) {
				w.objects.WorkloadClusters[2].Spec.State = v1alpha1.ClusterDrained
				for range 3 {
					w.tick()
				}
				w.down["c"] = true
			},
			spec:  func(s *v1alpha1.ClusterMaintenanceSpec) { s.AllowLessHeadroom = true },
			phase: v1alpha1.MaintenanceDraining, reason: "begins",
		},
		"the observer is in doubt": {
			change: func(w *world) { w.frozen = "2 failure domains look down at once" },
			phase:  v1alpha1.MaintenanceRefused, reason: "2 failure domains look down at once",
		},
		"no edge tells anything": {
			change: func(w *world) { w.silent["e1"], w.silent["e2"] = true, true },
			phase:  v1alpha1.MaintenancePending, reason: "waits for edges: no edge has told anything for 30s",
		},
		"one edge is enough to begin": {
			change: func(w *world) { w.silent["e1"] = true },
			phase:  v1alpha1.MaintenanceDraining, reason: "begins",
		},
		"there is no room elsewhere": {
			capacity: 12,
			spec:     func(s *v1alpha1.ClusterMaintenanceSpec) { s.AllowLessHeadroom = true },
			phase:    v1alpha1.MaintenanceRefused, reason: "have no place elsewhere",
		},
		"there is room, but not if one more died": {
			capacity: 26,
			phase:    v1alpha1.MaintenanceRefused, reason: "if cluster b died meanwhile, tier prod would lack room for",
		},
		"less headroom is allowed": {
			capacity: 26,
			spec:     func(s *v1alpha1.ClusterMaintenanceSpec) { s.AllowLessHeadroom = true },
			phase:    v1alpha1.MaintenanceDraining, reason: "begins",
		},
		"only two clusters, and shops that want two": {
			clusters: []string{"a", "b"},
			phase:    v1alpha1.MaintenanceRefused, reason: "40 shops would have no standby, or one less, meanwhile; add ShopSets on other clusters",
		},
		"an older one waits for its turn": {
			change: func(w *world) { w.other("b", -5, "", false) },
			phase:  v1alpha1.MaintenancePending, reason: "waits for ClusterMaintenance other of cluster b, which is older",
		},
		"an older one was refused": {
			change: func(w *world) { w.other("b", -5, v1alpha1.MaintenanceRefused, false) },
			phase:  v1alpha1.MaintenanceDraining, reason: "begins",
		},
		"another one is under way": {
			change: func(w *world) { w.other("b", 5, v1alpha1.MaintenanceDraining, true) },
			phase:  v1alpha1.MaintenancePending, reason: "waits for ClusterMaintenance other of cluster b, which is Draining",
		},
		"another domain is empty": {
			change: func(w *world) { w.other("b", -5, v1alpha1.MaintenanceDrained, true) },
			phase:  v1alpha1.MaintenancePending, reason: "cluster b is in another failure domain, and one at a time may be missing",
		},
		"another one is finished": {
			change: func(w *world) { w.other("b", -5, v1alpha1.MaintenanceCompleted, true) },
			phase:  v1alpha1.MaintenanceDraining, reason: "begins",
		},
		"surge where apps fit once on a cluster": {
			change: func(w *world) { w.objects.Fleets[0].Spec.Apps.Namespaces = v1alpha1.NamespaceKeep },
			spec:   func(s *v1alpha1.ClusterMaintenanceSpec) { s.Surge = true },
			phase:  v1alpha1.MaintenanceRefused, reason: "no ShopSet can stand in: ShopSet a-1-surge: spec.cluster: Fleet shop keeps the namespaces",
		},
		"surge with no other cluster": {
			clusters: []string{"a"},
			spec:     func(s *v1alpha1.ClusterMaintenanceSpec) { s.Surge = true },
			phase:    v1alpha1.MaintenanceRefused, reason: "there is no other cluster on which a ShopSet could stand in",
		},
		"aborted before it began": {
			spec:  func(s *v1alpha1.ClusterMaintenanceSpec) { s.Goal = v1alpha1.MaintenanceAbort },
			phase: v1alpha1.MaintenanceAborted, reason: "nothing had been moved",
		},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			if c.capacity == 0 {
				c.capacity = 60
			}
			w := newWorld(t, 60, c.capacity, c.clusters...)
			if c.change != nil {
				c.change(w)
			}
			w.maintain("a")
			w.leads = w.last1().Name
			if c.spec != nil {
				c.spec(&w.last1().Spec)
			}
			before := w.table.Groups
			w.tick()
			got := w.last1().Status
			if got.Phase != c.phase || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("%s: %s\nwant %s: %s", got.Phase, got.Reason, c.phase, c.reason)
			}
			if (got.Before != "") != (got.Phase == v1alpha1.MaintenanceDraining) {
				t.Errorf("%s with %q recorded", got.Phase, got.Before)
			}
			if len(w.down) > 0 {
				return // the shops of what is down are rescued at once
			}
			for i, g := range before {
				if !slices.Equal(g.ShopSets, w.table.Groups[i].ShopSets) {
					t.Fatalf("group %s has moved before anything was recorded: %v, %v", g.Name, g.ShopSets, w.table.Groups[i].ShopSets)
				}
			}
		})
	}
}

// other adds a maintenance that has been there for so many seconds, or will be.
func (w *world) other(cluster string, age int, phase v1alpha1.MaintenancePhase, begun bool) {
	m := v1alpha1.ClusterMaintenance{ObjectMeta: meta("other", w.second+age), Spec: v1alpha1.ClusterMaintenanceSpec{Cluster: cluster}}
	m.Status.Phase = phase
	if begun {
		at := metav1.NewMicroTime(w.now())
		m.Status.Before, m.Status.StartedAt = "0123456789012345678901234567890123456789", &at
	}
	w.objects.ClusterMaintenances = append(w.objects.ClusterMaintenances, m)
}

// TestDrainWithoutRedundancy: with two clusters a drain costs the standbys, and the return brings them
// back in their order.
func TestDrainWithoutRedundancy(t *testing.T) {
	w := newWorld(t, 60, 120, "a", "b")
	before := w.table.Groups
	w.maintain("a", func(s *v1alpha1.ClusterMaintenanceSpec) { s.AllowLessHeadroom = true })
	w.until(v1alpha1.MaintenanceDrained)
	if n := w.on("a"); n != 0 {
		t.Fatalf("%d groups on a", n)
	}
	w.goal(v1alpha1.MaintenanceReturn)
	w.until(v1alpha1.MaintenanceCompleted)
	for i, g := range before {
		if !slices.Equal(g.ShopSets, w.table.Groups[i].ShopSets) {
			t.Errorf("group %s was on %v and is on %v", g.Name, g.ShopSets, w.table.Groups[i].ShopSets)
		}
	}
}

// TestDrainedMeansQuiet: as long as one edge has a request in flight, nobody is told to switch
// anything off; an edge that is silent is named.
func TestDrainedMeansQuiet(t *testing.T) {
	w := newWorld(t, 60, 60)
	w.maintain("a")
	w.until(v1alpha1.MaintenanceDraining)
	for range 20 {
		w.last["a-2"] = w.now() // an upload that does not end
		w.tick()
	}
	if m := w.last1().Status; m.Phase != v1alpha1.MaintenanceDraining || m.Remaining != 0 ||
		!strings.Contains(m.Reason, "edge e1 has 1 request to ShopSet a-2 in flight") {
		t.Fatalf("%s, %d left: %s", m.Phase, m.Remaining, m.Reason)
	}
	w.silent["e1"] = true
	w.until(v1alpha1.MaintenanceDrained)
	if m := w.last1().Status; !strings.Contains(m.Reason, "edge e1 has told nothing for 30s: make sure") || m.DrainedAt == nil {
		t.Errorf("%s at %v", m.Reason, m.DrainedAt)
	}
}

// TestShopsComeAndGoMeanwhile: a table that changes every second stops no drain, and new shops are
// served at once.
func TestShopsComeAndGoMeanwhile(t *testing.T) {
	w := newWorld(t, 60, 60)
	w.maintain("a")
	for i := range 40 {
		name := fmt.Sprintf("new-%02d", i)
		w.objects.Shops = append(w.objects.Shops, v1alpha1.Shop{ObjectMeta: meta(name, w.second),
			Spec: v1alpha1.ShopSpec{Class: "double", Hosts: []string{name + ".example"}}})
		w.tick()
		if len(w.table.Hosts) != 61+i {
			t.Fatalf("%d hosts after %d seconds", len(w.table.Hosts), i+1)
		}
	}
	if m := w.last1().Status; m.Phase != v1alpha1.MaintenanceDrained {
		t.Errorf("%s after 40 seconds: %s", m.Phase, m.Reason)
	}
}

// TestNothingComesToAClusterThatAnotherOneEmpties: the second in age takes no step, and the first
// places nothing on the second one's cluster.
func TestNothingComesToAClusterThatAnotherOneEmpties(t *testing.T) {
	w := newWorld(t, 60, 200)
	w.maintain("a", func(s *v1alpha1.ClusterMaintenanceSpec) { s.AllowLessHeadroom = true; s.StepPercent = 100 })
	w.leads = w.last1().Name
	w.tick()
	w.other("b", 5, v1alpha1.MaintenanceDraining, true)
	before := w.on("b")
	for range 20 {
		if w.on("a") > 0 {
			w.tick()
		}
	}
	if m := w.objects.ClusterMaintenances[0].Status; w.on("a") > 0 {
		t.Fatalf("%s: %s", m.Phase, m.Reason)
	}
	if after := w.on("b"); after > before {
		t.Errorf("%d groups on b, and %d before", after, before)
	}
	w.leads = "other"
	w.objects.ClusterMaintenances[0].Status.Phase = v1alpha1.MaintenanceReturning
	w.commits[w.last1().Status.Before] = w.table
	w.tick()
	if m := w.last1().Status; m.Phase != v1alpha1.MaintenanceDraining || !strings.Contains(m.Reason, "waits for ClusterMaintenance upgrade-a") {
		t.Errorf("%s: %s", m.Phase, m.Reason)
	}
}

func TestTheClusterIsGone(t *testing.T) {
	w := newWorld(t, 60, 60)
	w.maintain("a")
	w.until(v1alpha1.MaintenanceDrained)
	w.objects.WorkloadClusters = w.objects.WorkloadClusters[1:]
	w.objects.ShopSets = w.objects.ShopSets[2:]
	w.until(v1alpha1.MaintenanceAborted)
	if m := w.last1().Status; !strings.Contains(m.Reason, "everything is where it was") && !strings.Contains(m.Reason, "stay where they are") {
		t.Error(m.Reason)
	}
	for _, g := range w.table.Groups {
		if len(g.ShopSets) == 0 || strings.HasPrefix(g.ShopSets[0], "a-") {
			t.Errorf("group %s is on %v", g.Name, g.ShopSets)
		}
	}
}

func TestStandNamesFit(t *testing.T) {
	long := strings.Repeat("n", 43)
	for name, want := range map[string]string{
		"a-1":     "a-1-surge",
		long[:37]: long[:37] + "-surge",
		long[:38]: "nnnnnnnnnnnnnnnnnnnnnnnnnnnn-",
		long:      "nnnnnnnnnnnnnnnnnnnnnnnnnnnn-",
	} {
		got := standName(name)
		if len(got) > longestName || !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "-surge") {
			t.Errorf("%s: %s of %d characters, want %s…", name, got, len(got), want)
		}
	}
	if standName(long) == standName(long[:42]) {
		t.Error("two ShopSets have one stand-in")
	}
}

func TestBlastRadius(t *testing.T) {
	r := run{in: Input{Maintenance: v1alpha1.ClusterMaintenance{Spec: v1alpha1.ClusterMaintenanceSpec{Cluster: "a"}}},
		on: map[string]bool{"a-1": true}, objects: map[string]*v1alpha1.ShopSet{"b-1": {}}}
	if got := r.blastRadius(); got != "no shop is served on a now" {
		t.Error(got)
	}
	r.in.Placement.Groups = []placement.Group{
		{Name: "x/0", Shops: 1200, Current: []string{"a-1", "b-1"}},
		{Name: "y/0", Shops: 112, Current: []string{"a-1"}},
		{Name: "z/0", Shops: 1, Current: []string{"a-1", "gone"}},
		{Name: "z/1", Shops: 7, Current: []string{"b-1", "a-1"}},
		{Name: "z/2", Shops: 5, Current: []string{"b-1"}},
	}
	const want = "1,313 shops of 3 classes are served on a now, 1,200 have a standby elsewhere, 113 have none and are moved while " +
		"they are served; 7 more have a standby there, which is moved"
	if got := r.blastRadius(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
