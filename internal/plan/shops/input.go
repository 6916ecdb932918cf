package shops

import (
	"slices"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/placement"
)

// thousandths of a request per second.
const perRequest = 1000

// PlacementInput is the planner's input. Broken references leave nothing out: a ShopSet whose
// cluster is unknown keeps what it has.
func PlacementInput(o convention.Objects, r Resolved, w World) placement.Input {
	in := placement.Input{Classes: r.Classes, Freeze: w.Freeze, Rebalance: w.Rebalance}
	in.Domains, in.Clusters = Tree(o)
	clusters := make(map[string]*v1alpha1.WorkloadCluster, len(o.WorkloadClusters))
	for i := range o.WorkloadClusters {
		clusters[o.WorkloadClusters[i].Name] = &o.WorkloadClusters[i]
	}
	for i := range o.ShopSets {
		s := &o.ShopSets[i]
		cluster := clusters[s.Spec.Cluster]
		in.ShopSets = append(in.ShopSets, placement.ShopSet{
			Name: s.Name, Tier: s.Spec.Tier, Cluster: s.Spec.Cluster, Dedicated: s.Spec.Dedicated,
			Capacity: capacityOf(s), State: stateOf(s, cluster, w.States),
		})
	}
	in.Groups = make([]placement.Group, 0, len(r.Groups))
	for _, g := range r.Groups {
		in.Groups = append(in.Groups, placement.Group{
			Name: g.Name, Class: g.Class, Weight: g.Weight, Shops: g.Shops,
			Current: g.Current, Home: w.Homes[g.Name], Pin: g.Pin, Avoid: g.Avoid,
		})
	}
	return in
}

// Tree gives the failure domains and the clusters in them, as the objects say.
func Tree(o convention.Objects) ([]placement.Domain, []placement.Cluster) {
	domains := make([]placement.Domain, 0, len(o.FailureDomains))
	for i := range o.FailureDomains {
		d := &o.FailureDomains[i]
		domains = append(domains, placement.Domain{Name: d.Name, Parent: d.Spec.Parent, Level: d.Spec.Level})
	}
	clusters := make([]placement.Cluster, 0, len(o.WorkloadClusters))
	for i := range o.WorkloadClusters {
		c := &o.WorkloadClusters[i]
		cluster := placement.Cluster{Name: c.Name, Domain: c.Spec.FailureDomain}
		if c.Spec.Capacity != nil { // what is nothing means no bound here, and cordons the ShopSets
			cluster.Capacity = max(int64(*c.Spec.Capacity), 0) * perRequest
		}
		clusters = append(clusters, cluster)
	}
	return domains, clusters
}

// capacityOf is what a ShopSet can take. One that is said to take nothing is a mistake, and cordoned
// (see stateOf): it could not keep what it has otherwise.
func capacityOf(s *v1alpha1.ShopSet) int64 {
	if s.Spec.Capacity == nil || *s.Spec.Capacity <= 0 {
		return DefaultCapacity
	}
	return int64(*s.Spec.Capacity) * perRequest
}

func nothing(capacity *int32) bool { return capacity != nil && *capacity <= 0 }

// severity orders states: of several the most severe holds.
var severity = []placement.State{placement.Active, placement.Cordoned, placement.Draining, placement.Down}

// Severest gives the most severe of some states; Active of none.
func Severest(states ...placement.State) placement.State {
	worst := 0
	for _, s := range states {
		worst = max(worst, slices.Index(severity, s))
	}
	return severity[worst]
}

func stateOf(s *v1alpha1.ShopSet, cluster *v1alpha1.WorkloadCluster, states []map[string]placement.State) placement.State {
	state := placement.Active
	switch {
	case s.DeletionTimestamp != nil:
		state = placement.Draining
	case cluster == nil || nothing(s.Spec.Capacity) || nothing(cluster.Spec.Capacity):
		state = placement.Cordoned
	}
	if cluster != nil {
		switch cluster.Spec.State {
		case v1alpha1.ClusterCordoned:
			state = Severest(state, placement.Cordoned)
		case v1alpha1.ClusterDrained:
			state = Severest(state, placement.Draining)
		}
	}
	for _, of := range states {
		state = Severest(state, of[s.Name])
	}
	return state
}
