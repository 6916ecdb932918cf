package maintenance

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/api/v1alpha1"
)

var update = flag.Bool("update", false, "write the golden files")

// TestStories tells what a person sees of whole maintenances. Each ends where it began.
func TestStories(t *testing.T) {
	stories := map[string]struct {
		capacity int32
		tell     func(w *world)
	}{
		"drain-and-return": {60, func(w *world) {
			w.maintain("a")
			w.until(v1alpha1.MaintenanceDrained)
			w.down["a"] = true
			w.tick()
			w.down["a"] = false
			w.note("# the cluster was switched off and is back")
			w.goal(v1alpha1.MaintenanceReturn)
			w.until(v1alpha1.MaintenanceCompleted)
		}},
		"surge": {26, func(w *world) {
			w.maintain("a")
			w.tick()
			w.note("# refused: deleted, and asked again with surge")
			w.objects.ClusterMaintenances = nil
			w.maintain("a", func(s *v1alpha1.ClusterMaintenanceSpec) { s.Surge = true })
			w.until(v1alpha1.MaintenanceDrained)
			w.goal(v1alpha1.MaintenanceReturn)
			w.until(v1alpha1.MaintenanceCompleted)
		}},
		"abort-half-way": {60, func(w *world) {
			w.maintain("b")
			w.until(v1alpha1.MaintenanceDraining)
			w.tick()
			w.tick()
			w.goal(v1alpha1.MaintenanceAbort)
			w.until(v1alpha1.MaintenanceAborted)
		}},
		"another-cluster-dies-meanwhile": {120, func(w *world) {
			w.maintain("a")
			w.until(v1alpha1.MaintenanceDraining)
			w.tick()
			w.tick()
			w.down["b"] = true
			for range 4 {
				w.tick()
			}
			w.note("# b is back")
			w.down["b"] = false
			w.until(v1alpha1.MaintenanceDrained)
			w.goal(v1alpha1.MaintenanceReturn)
			w.until(v1alpha1.MaintenanceCompleted)
		}},
		"returning-to-a-cluster-that-is-not-back": {60, func(w *world) {
			w.maintain("c")
			w.until(v1alpha1.MaintenanceDrained)
			w.down["c"] = true
			w.goal(v1alpha1.MaintenanceReturn)
			w.tick()
			w.tick()
			w.tick()
			w.down["c"] = false
			w.note("# c is back")
			w.until(v1alpha1.MaintenanceCompleted)
		}},
	}
	for name, s := range stories {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 60, s.capacity)
			before := w.table
			s.tell(w)
			if diff := cmp.Diff(before.Groups, w.table.Groups); diff != "" {
				t.Errorf("it does not end where it began (-before +after):\n%s", diff)
			}
			golden(t, name, strings.Join(w.log, "\n")+"\n")
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", file, diff)
	}
}

// TestKilledAtAnyMoment: whatever is lost between the decision and the deed, the drain and the
// return end as they would have, with N-1 kept all the way, and no more moved than had to be.
func TestKilledAtAnyMoment(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 7))
		w := newWorld(t, 60, 60)
		before := w.table
		w.skip = func(int) (bool, bool) { return r.IntN(3) == 0, r.IntN(3) == 0 }
		w.maintain("a")
		w.until(v1alpha1.MaintenanceDrained)
		m := w.last1()
		if n := w.on("a"); n != 0 {
			t.Fatalf("seed %d: drained with %d groups on it", seed, n)
		}
		if m.Status.Moved != m.Status.MustMove {
			t.Errorf("seed %d: %d moved, %d had to", seed, m.Status.Moved, m.Status.MustMove)
		}
		w.goal(v1alpha1.MaintenanceReturn)
		w.until(v1alpha1.MaintenanceCompleted)
		if diff := cmp.Diff(before.Groups, w.table.Groups); diff != "" {
			t.Errorf("seed %d: it does not end where it began (-before +after):\n%s", seed, diff)
		}
		if w.worst > 0 {
			t.Errorf("seed %d: headroom was %d short on the way", seed, w.worst)
		}
	}
}
