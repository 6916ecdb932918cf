package maintenance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/evidence"
	"shopset.dev/shopset/internal/plan/placement"
	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/internal/plan/shops"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is a fleet with everything that a controller, edges and people do to it. A tick is a second.
type world struct {
	t       *testing.T
	second  int
	objects convention.Objects
	table   routes.Table
	commits map[string]routes.Table
	// edges are the epochs that they use; traffic is in flight on a cluster for some ticks after its
	// last group has left.
	edges map[string]int64
	last  map[string]time.Time
	down  map[string]bool
	// frozen is why the evidence freezes everything, and silent names edges that tell nothing.
	frozen string
	silent map[string]bool
	// leads is the maintenance that is asked; empty for the only one.
	leads string
	// born is when a ShopSet was created; it answers three seconds later.
	born map[string]int
	// skip may lose the status, the table or both of a tick: the controller was killed.
	skip func(tick int) (status, table bool)
	log  []string
	// worst is the largest headroom shortfall seen, and lost the most shops that had no place.
	worst int64
}

func meta(name string, age int) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "shop", Name: name, CreationTimestamp: metav1.NewTime(epoch.Add(time.Duration(age-1000) * time.Second))}
}

// newWorld has three clusters on three sites with two ShopSets each and a number of shops: two in
// three are redundant.
func newWorld(t *testing.T, n int, capacity int32, clusters ...string) *world {
	t.Helper()
	w := &world{t: t, commits: map[string]routes.Table{}, edges: map[string]int64{"e1": 0, "e2": 0},
		last: map[string]time.Time{}, down: map[string]bool{}, silent: map[string]bool{}, born: map[string]int{}}
	weight := resource.MustParse("1")
	w.objects = convention.Objects{
		Fleets:         []v1alpha1.Fleet{{ObjectMeta: meta("shop", 0)}},
		Tiers:          []v1alpha1.Tier{{ObjectMeta: meta("prod", 0)}},
		Configurations: []v1alpha1.Configuration{{ObjectMeta: meta("prod", 0)}},
		ShopClasses: []v1alpha1.ShopClass{
			{ObjectMeta: meta("double", 0), Spec: v1alpha1.ShopClassSpec{Tier: "prod", Domains: 2, Weight: &weight, Buckets: 32}},
			{ObjectMeta: meta("single", 0), Spec: v1alpha1.ShopClassSpec{Tier: "prod", Domains: 1, Weight: &weight, Buckets: 16}},
		},
	}
	if len(clusters) == 0 {
		clusters = []string{"a", "b", "c"}
	}
	for _, c := range clusters {
		w.objects.FailureDomains = append(w.objects.FailureDomains, v1alpha1.FailureDomain{
			ObjectMeta: meta("site-"+c, 0), Spec: v1alpha1.FailureDomainSpec{Level: "site"}})
		w.objects.WorkloadClusters = append(w.objects.WorkloadClusters, v1alpha1.WorkloadCluster{
			ObjectMeta: meta(c, 0), Spec: v1alpha1.WorkloadClusterSpec{FailureDomain: "site-" + c}})
		for i := range 2 {
			w.objects.ShopSets = append(w.objects.ShopSets, v1alpha1.ShopSet{ObjectMeta: meta(fmt.Sprintf("%s-%d", c, i+1), 0),
				Spec: v1alpha1.ShopSetSpec{Tier: "prod", Configuration: "prod", Cluster: c, Capacity: &capacity}})
		}
	}
	for i := range n {
		class := []string{"double", "double", "single"}[i%3]
		w.objects.Shops = append(w.objects.Shops, v1alpha1.Shop{ObjectMeta: meta(fmt.Sprintf("shop-%03d", i), 0),
			Spec: v1alpha1.ShopSpec{Class: class, Hosts: []string{fmt.Sprintf("shop-%03d.example", i)}}})
	}
	w.tick()
	w.tick()
	return w
}

func (w *world) now() time.Time { return epoch.Add(time.Duration(w.second) * time.Second) }

func (w *world) commit() string { return fmt.Sprintf("%040x", w.table.Epoch) }

func (w *world) verdicts() evidence.Verdicts {
	var v evidence.Verdicts
	for i := range w.objects.WorkloadClusters {
		c := w.objects.WorkloadClusters[i].Name
		v.Clusters = append(v.Clusters, w.verdict(c, w.down[c]))
	}
	v.Frozen = w.frozen
	for _, s := range w.objects.ShopSets {
		one := w.verdict(s.Name, w.down[s.Spec.Cluster] || w.down[s.Name])
		if born, young := w.born[s.Name]; young && w.second < born+3 {
			one = evidence.Verdict{Name: s.Name, State: evidence.Unknown, Reason: "no edge has told of it yet", New: true}
		}
		v.ShopSets = append(v.ShopSets, one)
	}
	slices.SortFunc(v.ShopSets, func(a, b evidence.Verdict) int { return strings.Compare(a.Name, b.Name) })
	return v
}

func (w *world) verdict(name string, down bool) evidence.Verdict {
	if down {
		return evidence.Verdict{Name: name, State: evidence.Down, Reason: "all sides miss it"}
	}
	return evidence.Verdict{Name: name, State: evidence.Up, Reason: "it answers"}
}

// edgeReports: an edge takes a table up a tick after it appeared, and shoppers stay on a cluster for
// two ticks after it has lost its last group.
func (w *world) edgeReports() []Edge {
	var out []Edge
	for _, name := range []string{"e1", "e2"} {
		e := Edge{Name: name, At: w.now(), Epoch: w.edges[name]}
		if w.silent[name] {
			e.At = w.now().Add(-evidence.FreshFor)
		}
		for _, s := range w.objects.ShopSets {
			t := Traffic{ShopSet: s.Name, Last: w.last[s.Name]}
			if !t.Last.IsZero() && w.now().Sub(t.Last) < 2*time.Second {
				t.InFlight = 1
			}
			e.ShopSets = append(e.ShopSets, t)
		}
		out = append(out, e)
	}
	return out
}

// tick is a reconcile of everything.
func (w *world) tick() {
	w.second++
	verdicts := w.verdicts()
	r := shops.Resolve(w.objects, w.table)
	edges := w.edgeReports()
	var decision *Decision
	states := []map[string]placement.State{verdicts.States()}
	at := slices.IndexFunc(w.objects.ClusterMaintenances, func(m v1alpha1.ClusterMaintenance) bool {
		return m.Name == w.leads || w.leads == "" && !convention.MaintenanceFinished(&m)
	})
	var placements []placement.Placement
	if at >= 0 {
		m := &w.objects.ClusterMaintenances[at]
		d := Next(Input{
			Now: w.now(), Maintenance: *m, Objects: w.objects, Today: w.table, Commit: w.commit(), Before: w.before(m),
			Placement: shops.PlacementInput(w.objects, r, shops.World{Today: w.table, States: states, Freeze: verdicts.Frozen}),
			Verdicts:  verdicts, Edges: edges,
		})
		decision = &d
		states = append(states, d.States)
		placements = d.Placements
	}
	if placements == nil {
		world := shops.World{Today: w.table, States: states}
		if decision != nil {
			world.Homes = decision.Homes
		}
		placements = placement.Make(shops.PlacementInput(w.objects, r, world)).Placements
	}
	w.carryOut(at, decision, shops.Table(w.objects, r, placements, nil, w.table))
}

func (w *world) before(m *v1alpha1.ClusterMaintenance) []routes.Group {
	if m.Status.Before == "" {
		return nil
	}
	return append([]routes.Group{}, w.commits[m.Status.Before].Groups...)
}

func (w *world) carryOut(at int, d *Decision, next routes.Table) {
	loseStatus, loseTable := false, false
	if w.skip != nil {
		loseStatus, loseTable = w.skip(w.second)
	}
	if d != nil {
		if loseStatus {
			return // nothing is done before the status is written
		}
		m := &w.objects.ClusterMaintenances[at]
		line := fmt.Sprintf("%-9s %-9s %2d of %2d moved, %2d left, step %d: %s", d.Status.Phase, d.ClusterState, d.Status.Moved, d.Status.MustMove,
			d.Status.Remaining, d.Status.Steps, d.Status.Reason)
		if d.Status.Phase != m.Status.Phase && m.Status.BlastRadius != d.Status.BlastRadius {
			w.note(d.Status.BlastRadius)
		}
		w.note(line)
		m.Status = d.Status
	}
	if loseTable {
		return
	}
	if d != nil {
		for _, s := range d.Create {
			w.objects.ShopSets = append(w.objects.ShopSets, v1alpha1.ShopSet{ObjectMeta: meta(s.Name, w.second), Spec: s.Spec})
			w.born[s.Name] = w.second
			w.note("+ ShopSet " + s.Name + " on " + s.Spec.Cluster)
		}
		for _, name := range d.Remove {
			w.objects.ShopSets = slices.DeleteFunc(w.objects.ShopSets, func(s v1alpha1.ShopSet) bool { return s.Name == name })
			w.note("- ShopSet " + name)
		}
	}
	for name := range w.edges {
		w.edges[name] = w.table.Epoch
	}
	w.table = next
	w.commits[w.commit()] = next
	for _, g := range next.Groups {
		w.last[g.ShopSets[0]] = w.now()
	}
	w.measure()
}

func (w *world) note(line string) {
	if n := len(w.log); n > 0 && w.log[n-1] == line {
		return
	}
	w.log = append(w.log, line)
}

// measure takes the headroom of the table as it is.
func (w *world) measure() {
	r := shops.Resolve(w.objects, w.table)
	plan := placement.Make(shops.PlacementInput(w.objects, r, shops.World{Today: w.table, Freeze: "only to measure"}))
	for _, h := range plan.Headroom {
		w.worst = max(w.worst, h.Shortfall)
	}
}

func (w *world) maintain(cluster string, change ...func(*v1alpha1.ClusterMaintenanceSpec)) {
	m := v1alpha1.ClusterMaintenance{ObjectMeta: meta("upgrade-"+cluster, w.second), Spec: v1alpha1.ClusterMaintenanceSpec{
		Cluster: cluster, Goal: v1alpha1.MaintenanceDrain, StepPercent: 40,
	}}
	for _, f := range change {
		f(&m.Spec)
	}
	w.objects.ClusterMaintenances = append(w.objects.ClusterMaintenances, m)
}

func (w *world) last1() *v1alpha1.ClusterMaintenance {
	return &w.objects.ClusterMaintenances[len(w.objects.ClusterMaintenances)-1]
}

func (w *world) goal(goal v1alpha1.MaintenanceGoal) { w.last1().Spec.Goal = goal }

// until ticks until the maintenance is in a phase.
func (w *world) until(phase v1alpha1.MaintenancePhase) {
	w.t.Helper()
	for range 100 {
		if w.last1().Status.Phase == phase {
			return
		}
		w.tick()
	}
	w.t.Fatalf("never %s:\n%s", phase, strings.Join(w.log, "\n"))
}

// on counts the groups that a cluster holds.
func (w *world) on(cluster string) int {
	n := 0
	for _, g := range w.table.Groups {
		if slices.ContainsFunc(g.ShopSets, func(name string) bool {
			return strings.HasPrefix(name, cluster+"-") && !strings.HasSuffix(name, "-surge")
		}) {
			n++
		}
	}
	return n
}
