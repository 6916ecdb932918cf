package shops

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/placement"
	"shopset.dev/shopset/internal/plan/routes"
)

func many(n int) []v1alpha1.Shop {
	shops := make([]v1alpha1.Shop, n)
	for i := range shops {
		shops[i] = shop("shop-"+string(rune('a'+i%26))+string(rune('a'+i/26%26)), 0)
	}
	return shops
}

func TestTable(t *testing.T) {
	today, _ := serve(fleet(many(100)...), routes.Table{})
	if today.Epoch != 1 || today.Shrunk || len(today.Hosts) != 100 || len(today.ShopSets) != 6 {
		t.Fatalf("the first table: epoch %d, shrunk %v, %d hosts, %d ShopSets", today.Epoch, today.Shrunk, len(today.Hosts), len(today.ShopSets))
	}
	want := routes.ShopSet{Name: "a-1", Tier: "prod", Cluster: "a", Domain: "earth/site-a", State: routes.Active, Addresses: []string{"10.0.0.1:80"}}
	if diff := cmp.Diff(want, today.ShopSets[0]); diff != "" {
		t.Errorf("a ShopSet (-want +got):\n%s", diff)
	}
	tests := map[string]struct {
		change        func(o *convention.Objects)
		epoch         int64
		shrunk        bool
		hosts, groups int
	}{
		"nothing":                        {change: func(*convention.Objects) {}, epoch: 1, hosts: 100},
		"a label":                        {change: func(o *convention.Objects) { o.Shops[0].Labels = map[string]string{"a": "b"} }, epoch: 1, hosts: 100},
		"one more shop":                  {change: func(o *convention.Objects) { o.Shops = append(o.Shops, shop("new", 0)) }, epoch: 2, hosts: 101},
		"one shop less":                  {change: func(o *convention.Objects) { o.Shops = o.Shops[1:] }, epoch: 2, hosts: 99},
		"half of the shops deleted":      {change: func(o *convention.Objects) { o.Shops = o.Shops[50:] }, epoch: 2, hosts: 50, shrunk: true},
		"all shops deleted":              {change: func(o *convention.Objects) { o.Shops = nil }, epoch: 2, hosts: 0, shrunk: true},
		"all classes deleted":            {change: func(o *convention.Objects) { o.ShopClasses = nil }, epoch: 2, hosts: 100},
		"a rate limit":                   {change: func(o *convention.Objects) { o.ShopClasses[0].Spec.Edge.MaxInFlight = 7 }, epoch: 2, hosts: 100},
		"no Fleet, and so maybe no Shop": {change: func(o *convention.Objects) { o.Fleets, o.Shops = nil, nil }, epoch: 1, hosts: 100},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			o := fleet(many(100)...)
			c.change(&o)
			r := Resolve(o, today)
			plan := placement.Make(PlacementInput(o, r, World{Today: today}))
			got := Table(o, r, plan.Placements, nil, today)
			if got.Epoch != c.epoch || got.Shrunk != c.shrunk || len(got.Hosts) != c.hosts {
				t.Errorf("epoch %d, shrunk %v, %d hosts; want %d, %v, %d", got.Epoch, got.Shrunk, len(got.Hosts), c.epoch, c.shrunk, c.hosts)
			}
			if diff := cmp.Diff(want.Addresses, got.ShopSets[0].Addresses); diff != "" {
				t.Errorf("addresses that are not known now (-want +got):\n%s", diff)
			}
			if _, err := routes.Encode(got); err != nil {
				t.Errorf("the table cannot be written: %v", err)
			}
		})
	}
}

// TestADrainTouchesGroupsOnly: what is served where is table B's business alone.
func TestADrainTouchesGroupsOnly(t *testing.T) {
	o := fleet(many(200)...)
	today, _ := serve(o, routes.Table{})
	r := Resolve(o, today)
	states := map[string]placement.State{"b-1": placement.Draining, "b-2": placement.Draining}
	plan := placement.Make(PlacementInput(o, r, World{Today: today, States: []map[string]placement.State{states}}))
	diff := routes.Diff(today, Table(o, r, plan.Placements, nil, today))
	if diff.Groups.Empty() || !diff.Hosts.Empty() || !diff.ShopSets.Empty() || !diff.Classes.Empty() {
		t.Errorf("%+v", diff)
	}
}

func TestEdgePolicies(t *testing.T) {
	percent, duration := int32(0), metav1.Duration{Duration: 2 * time.Second}
	full := class("full", func(c *v1alpha1.ShopClassSpec) {
		c.Edge = v1alpha1.EdgePolicy{
			RateLimit: &v1alpha1.RateLimit{RequestsPerSecond: 20}, MaxInFlight: 9, RetryPercent: &percent,
			ConnectTimeout: &duration, ResponseTimeout: &metav1.Duration{},
		}
	})
	plain := class("plain")
	for name, c := range map[string]struct {
		class v1alpha1.ShopClass
		want  routes.Class
	}{
		"defaults": {plain, routes.DefaultClass("plain")},
		"everything set": {full, routes.Class{Name: "full", RatePerSecond: 20, Burst: 40, MaxInFlight: 9, RetryPercent: 0,
			ConnectMillis: 2000, ResponseMillis: 0}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, edgeClass(&c.class)); diff != "" {
				t.Errorf("policy (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStates(t *testing.T) {
	now := metav1.Now()
	tests := map[string]struct {
		change func(o *convention.Objects)
		seen   placement.State
		want   placement.State
	}{
		"nothing against it":              {want: placement.Active},
		"its cluster is cordoned":         {change: cluster(v1alpha1.ClusterCordoned), want: placement.Cordoned},
		"its cluster is drained":          {change: cluster(v1alpha1.ClusterDrained), want: placement.Draining},
		"its cluster is drained and down": {change: cluster(v1alpha1.ClusterDrained), seen: placement.Down, want: placement.Down},
		"its cluster is drained, and nothing is known": {change: cluster(v1alpha1.ClusterDrained), seen: placement.Cordoned,
			want: placement.Draining},
		"it is being deleted":     {change: func(o *convention.Objects) { o.ShopSets[0].DeletionTimestamp = &now }, want: placement.Draining},
		"its cluster is unknown":  {change: func(o *convention.Objects) { o.ShopSets[0].Spec.Cluster = "z" }, want: placement.Cordoned},
		"evidence says unknown":   {seen: placement.Cordoned, want: placement.Cordoned},
		"evidence says all right": {seen: placement.Active, want: placement.Active},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			o := fleet()
			if c.change != nil {
				c.change(&o)
			}
			in := PlacementInput(o, Resolved{}, World{States: []map[string]placement.State{nil, {"a-1": c.seen}}})
			if got := in.ShopSets[0].State; got != c.want {
				t.Errorf("state %s, want %s", got, c.want)
			}
			if got := in.ShopSets[0].Capacity; got != DefaultCapacity {
				t.Errorf("capacity %d", got)
			}
		})
	}
}

func cluster(state v1alpha1.ClusterState) func(o *convention.Objects) {
	return func(o *convention.Objects) { o.WorkloadClusters[0].Spec.State = state }
}
