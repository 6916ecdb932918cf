package shops

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/placement"
	"shopset.dev/shopset/internal/plan/routes"
)

// TestWhateverPeopleDo changes a fleet at random, a hundred times over, with all the mistakes that
// can be made, and holds every table to this: it can be written; a shop that is in it and whose object is
// still there stays in it unless its hosts went to others; nobody but a person takes a host away; the
// order of the objects does not matter.
func TestWhateverPeopleDo(t *testing.T) {
	for seed := range uint64(15) {
		r := rand.New(rand.NewPCG(seed, 3))
		o := fleet()
		today := routes.Table{}
		for round := range 60 {
			meddle(r, &o, round)
			next, resolved := serve(o, today)
			if _, err := routes.Encode(next); err != nil {
				t.Fatalf("seed %d, round %d: the table cannot be written: %v", seed, round, err)
			}
			checkKept(t, o, today, next, resolved)
			if t.Failed() {
				t.Fatalf("seed %d, round %d: findings %+v", seed, round, resolved.Findings)
			}
			shuffled := o
			shuffled.Shops = slices.Clone(o.Shops)
			r.Shuffle(len(shuffled.Shops), func(i, j int) {
				shuffled.Shops[i], shuffled.Shops[j] = shuffled.Shops[j], shuffled.Shops[i]
			})
			if diff := cmp.Diff(resolved, Resolve(shuffled, today)); diff != "" {
				t.Fatalf("seed %d, round %d: another order, another result:\n%s", seed, round, diff)
			}
			today = next
		}
	}
}

// checkKept compares two tables that follow each other.
func checkKept(t *testing.T, o convention.Objects, before, after routes.Table, resolved Resolved) {
	t.Helper()
	objects := make(map[string]*v1alpha1.Shop)
	for i := range o.Shops {
		objects[o.Shops[i].Name] = &o.Shops[i]
	}
	// Who owns a host may not be served yet, for want of room.
	holder, served := make(map[string]string), make(map[string]bool)
	for _, s := range resolved.Shops {
		for _, host := range s.Hosts {
			holder[host] = s.Name
		}
	}
	for _, h := range after.Hosts {
		served[h.Shop] = true
	}
	for _, h := range before.Hosts {
		shop := objects[h.Shop]
		if shop == nil {
			continue
		}
		hosts, invalid := convention.Hosts(shop)
		claims := slices.Contains(hosts, h.Name)
		switch now := holder[h.Name]; {
		case now == h.Shop:
		case claims:
			t.Errorf("host %s was shop %s's, which still claims it, and is shop %q's", h.Name, h.Shop, now)
		case now == "" && len(invalid) > 0:
			t.Errorf("host %s of shop %s, which has invalid hosts, is gone", h.Name, h.Shop)
		}
		if !served[h.Shop] && len(hosts) > 0 && claims {
			t.Errorf("shop %s is not served any more", h.Shop)
		}
	}
}

// meddle is a person at work.
func meddle(r *rand.Rand, o *convention.Objects, round int) {
	hosts := func() []string {
		out := []string{fmt.Sprintf("h-%d.example", r.IntN(30))}
		for range r.IntN(3) {
			out = append(out, []string{"10.0.0.1", "bad_host", fmt.Sprintf("H-%d.Example.", r.IntN(30)), "*.example"}[r.IntN(4)])
		}
		return out
	}
	pickClass := func() string { return []string{"standard", "standard", "single", "gone", ""}[r.IntN(5)] }
	if len(o.Shops) < 5 || r.IntN(3) == 0 {
		s := shop(fmt.Sprintf("s-%03d", round), r.IntN(50), hosts()...)
		s.Spec.Class = pickClass()
		o.Shops = append(o.Shops, s)
		return
	}
	at := r.IntN(len(o.Shops))
	s := &o.Shops[at]
	switch r.IntN(12) {
	case 0:
		o.Shops = slices.Delete(o.Shops, at, at+1)
	case 1, 2:
		s.Spec.Hosts = hosts()
	case 3, 4:
		s.Spec.Class = pickClass()
	case 5:
		s.Spec.Pin = [][]string{nil, {"a-1"}, {"z-9"}, {"b-1", "z-9"}}[r.IntN(4)]
	case 6:
		s.Spec.Avoid = [][]string{nil, {"a"}, {"mars"}, {"site-b"}}[r.IntN(4)]
	case 7:
		s.Spec.Weight = quantity([]string{"10m", "100m", "7", "300"}[r.IntN(4)])
	case 8:
		o.ShopClasses[0].Spec.Buckets = min(o.ShopClasses[0].Spec.Buckets*2, 1024)
	case 9:
		o.ShopClasses[r.IntN(2)].Spec.Tier = []string{"prod", "prod", "prdo"}[r.IntN(3)]
	case 10:
		o.ShopClasses[r.IntN(2)].Spec.Domains = r.Int32N(6)
	default:
		o.WorkloadClusters[r.IntN(3)].Spec.State = []v1alpha1.ClusterState{v1alpha1.ClusterActive, v1alpha1.ClusterCordoned,
			v1alpha1.ClusterDrained}[r.IntN(3)]
	}
}

// TestSameInputSamePlan: what follows from a table that was just made is that table.
func TestSameInputSamePlan(t *testing.T) {
	o := fleet(many(300)...)
	today, _ := serve(o, routes.Table{})
	r := Resolve(o, today)
	plan := placement.Make(PlacementInput(o, r, World{Today: today}))
	if len(plan.Moves) != 0 || Table(o, r, plan.Placements, nil, today).Epoch != today.Epoch {
		t.Errorf("%d moves, epoch %d", len(plan.Moves), today.Epoch)
	}
}
