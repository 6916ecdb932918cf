package situation

import (
	"context"
	"fmt"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/kube"
	"shopset.dev/shopset/internal/cli/today"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/placement"
	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/internal/plan/shops"
)

// Situation is everything that a placement is planned from.
type Situation struct {
	Input placement.Input
	// Objects and Shops are empty where the compact form was read.
	Objects convention.Objects
	Shops   shops.Resolved
	// Today is the routing table; Known says whether one was found.
	Today today.Today
	Known bool
}

// of makes a situation of objects.
func of(o convention.Objects, t today.Today, known bool) Situation {
	s := Situation{Objects: o, Today: t, Known: known}
	s.Shops = shops.Resolve(o, t.Table)
	s.Input = shops.PlacementInput(o, s.Shops, shops.World{Today: t.Table, States: []map[string]placement.State{underMaintenance(o)}})
	return s
}

// underMaintenance are the ShopSets of clusters that are being drained.
func underMaintenance(o convention.Objects) map[string]placement.State {
	drained := map[string]bool{}
	for i := range o.ClusterMaintenances {
		m := &o.ClusterMaintenances[i]
		switch m.Status.Phase {
		case v1alpha1.MaintenanceSurging, v1alpha1.MaintenanceDraining, v1alpha1.MaintenanceDrained:
			drained[m.Spec.Cluster] = true
		case v1alpha1.MaintenancePending, v1alpha1.MaintenanceRefused, v1alpha1.MaintenanceReturning, v1alpha1.MaintenanceCompleted,
			v1alpha1.MaintenanceAborted:
		}
	}
	out := map[string]placement.State{}
	for i := range o.ShopSets {
		if s := &o.ShopSets[i]; drained[s.Spec.Cluster] {
			out[s.Name] = placement.Draining
		}
	}
	return out
}

// Names gives the shops of each group, sorted; nil where they are not known.
func (s *Situation) Names() func(group string) []string {
	if len(s.Shops.Shops) == 0 {
		return nil
	}
	var index map[string][]string
	return func(group string) []string {
		if index == nil {
			index = make(map[string][]string, len(s.Shops.Groups))
			for i := range s.Shops.Shops {
				shop := &s.Shops.Shops[i]
				index[shop.Group] = append(index[shop.Group], shop.Name)
			}
		}
		return index[group]
	}
}

// FreezeAbove is the Fleet's bound for domains that may be down at once; 0 without a Fleet.
func (s *Situation) FreezeAbove() int {
	fleet, ok := convention.EffectiveFleet(s.Objects.Fleets)
	if !ok {
		return 0
	}
	return int(max(fleet.Spec.Routing.FreezeAbove, 1))
}

// Live gathers the objects of a fleet from its API server, and today's table.
func Live(ctx context.Context, cluster *kube.Cluster, source *today.Source, now time.Time) (Situation, error) {
	o, err := objects(ctx, cluster)
	if err != nil {
		return Situation{}, err
	}
	t, known, err := source.Read(ctx, cluster, EdgeNamespace(o.Fleets), now)
	if err != nil {
		return Situation{}, err
	}
	return of(o, t, known), nil
}

// EdgeNamespace is where the routing tables of a fleet lie on the clusters of edges.
func EdgeNamespace(fleets []v1alpha1.Fleet) string {
	if fleet, ok := convention.EffectiveFleet(fleets); ok && fleet.Spec.Routing.EdgeNamespace != "" {
		return fleet.Spec.Routing.EdgeNamespace
	}
	return today.EdgeNamespace
}

func objects(ctx context.Context, cluster *kube.Cluster) (convention.Objects, error) {
	var o convention.Objects
	var fleets v1alpha1.FleetList
	var tiers v1alpha1.TierList
	var domains v1alpha1.FailureDomainList
	var clusters v1alpha1.WorkloadClusterList
	var shopSets v1alpha1.ShopSetList
	var configurations v1alpha1.ConfigurationList
	var classes v1alpha1.ShopClassList
	var shopList v1alpha1.ShopList
	var maintenances v1alpha1.ClusterMaintenanceList
	for _, err := range []error{
		cluster.ListAll(ctx, &fleets, func() { o.Fleets = append(o.Fleets, fleets.Items...) }),
		cluster.ListAll(ctx, &tiers, func() { o.Tiers = append(o.Tiers, tiers.Items...) }),
		cluster.ListAll(ctx, &domains, func() { o.FailureDomains = append(o.FailureDomains, domains.Items...) }),
		cluster.ListAll(ctx, &clusters, func() { o.WorkloadClusters = append(o.WorkloadClusters, clusters.Items...) }),
		cluster.ListAll(ctx, &shopSets, func() { o.ShopSets = append(o.ShopSets, shopSets.Items...) }),
		cluster.ListAll(ctx, &configurations, func() { o.Configurations = append(o.Configurations, configurations.Items...) }),
		cluster.ListAll(ctx, &classes, func() { o.ShopClasses = append(o.ShopClasses, classes.Items...) }),
		cluster.ListAll(ctx, &shopList, func() { o.Shops = append(o.Shops, shopList.Items...) }),
		cluster.ListAll(ctx, &maintenances, func() { o.ClusterMaintenances = append(o.ClusterMaintenances, maintenances.Items...) }),
	} {
		if err != nil {
			return convention.Objects{}, err
		}
	}
	return o, nil
}

// Origin says what is known about today, for people.
func (s *Situation) Origin() string {
	if s.Known {
		return fmt.Sprintf("today's placement is that of %s, epoch %d", s.Today.Origin, s.Today.Table.Epoch)
	}
	return "today's placement is not known"
}

// Overridden are the matches of overrides in force: they win over any placement.
func (s *Situation) Overridden() []routes.Override { return s.Today.Overrides }
