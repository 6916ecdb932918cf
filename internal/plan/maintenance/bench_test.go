package maintenance

import (
	"fmt"
	"testing"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/placement"
	"shopset.dev/shopset/internal/plan/routes"
)

// BenchmarkNext takes one step of the drain of one of 100 clusters, with 1,000 ShopSets and 65,536
// groups, and checks that it is one.
func BenchmarkNext(b *testing.B) {
	in := large()
	began := Next(in)
	in.Maintenance.Status, in.Before = began.Status, in.Today.Groups
	if began.Status.Phase != v1alpha1.MaintenanceDraining {
		b.Fatalf("%s: %s", began.Status.Phase, began.Status.Reason)
	}
	for b.Loop() {
		d := Next(in)
		moved := 0
		for i, p := range d.Placements {
			if p.ShopSets[0] != in.Today.Groups[i].ShopSets[0] || p.ShopSets[1] != in.Today.Groups[i].ShopSets[1] {
				moved++
			}
		}
		if left := int(d.Status.Remaining); moved == 0 || moved > left/4 {
			b.Fatalf("%d of %d groups move: %s", moved, left, d.Status.Reason)
		}
	}
}

func large() Input {
	var o convention.Objects
	in := placement.Input{Classes: []placement.Class{{Name: "d", Tier: "prod", Copies: 2}}}
	capacity := int32(400)
	for c := range 100 {
		name := fmt.Sprintf("c-%02d", c)
		o.WorkloadClusters = append(o.WorkloadClusters, v1alpha1.WorkloadCluster{ObjectMeta: meta(name, 0)})
		in.Clusters = append(in.Clusters, placement.Cluster{Name: name})
		for s := range 10 {
			set := fmt.Sprintf("%s-%d", name, s)
			o.ShopSets = append(o.ShopSets, v1alpha1.ShopSet{ObjectMeta: meta(set, 0),
				Spec: v1alpha1.ShopSetSpec{Cluster: name, Tier: "prod", Capacity: &capacity}})
			in.ShopSets = append(in.ShopSets, placement.ShopSet{Name: set, Tier: "prod", Cluster: name,
				Capacity: int64(capacity) * 1000, State: placement.Active})
		}
	}
	today := routes.Table{Epoch: 1}
	for g := range 65536 {
		// As a planner would: each ShopSet with partners in many clusters.
		first, second := g%1000, (g%1000+10*(1+g/1000%97))%1000
		group := placement.Group{Name: fmt.Sprintf("d/%04x", g), Class: "d", Weight: 3000, Shops: 15,
			Current: []string{in.ShopSets[first].Name, in.ShopSets[second].Name}}
		in.Groups = append(in.Groups, group)
		today.Groups = append(today.Groups, routes.Group{Name: group.Name, ShopSets: group.Current})
	}
	m := v1alpha1.ClusterMaintenance{ObjectMeta: meta("m", 0), Spec: v1alpha1.ClusterMaintenanceSpec{Cluster: "c-07", StepPercent: 25}}
	return Input{Now: epoch, Maintenance: m, Objects: o, Placement: in, Today: today, Commit: "x"}
}
