package convention

import (
	"fmt"
	"slices"

	"shopset.dev/shopset/api/v1alpha1"
)

// ClusterLevel is the level of the clusters themselves: where no FailureDomain has it, each
// WorkloadCluster counts as a domain of this level.
const ClusterLevel = "cluster"

// Levels counts the domains of each level, clusters included.
func Levels(o Objects) map[string]int {
	levels := make(map[string]int)
	for i := range o.FailureDomains {
		levels[o.FailureDomains[i].Spec.Level]++
	}
	if levels[ClusterLevel] == 0 && len(o.WorkloadClusters) > 0 {
		levels[ClusterLevel] = len(o.WorkloadClusters)
	}
	return levels
}

// shopClasses looks at what classes ask for.
func shopClasses(o Objects) []Finding {
	tiers, levels := names(o.Tiers), Levels(o)
	var found []Finding
	for i := range o.ShopClasses {
		c := &o.ShopClasses[i]
		if !tiers[c.Spec.Tier] {
			found = append(found, missing(KindShopClass, c.Name, "spec.tier", KindTier, c.Spec.Tier, tiers))
		}
		found = append(found, spreads(c, levels, len(o.WorkloadClusters))...)
	}
	return found
}

func spreads(c *v1alpha1.ShopClass, levels map[string]int, clusters int) []Finding {
	var found []Finding
	byCluster := !slices.ContainsFunc(c.Spec.Spread, func(s v1alpha1.Spread) bool {
		return s.Level == ClusterLevel || s.Mode != v1alpha1.SpreadPreferred
	})
	if byCluster && c.Spec.Domains > 1 && int(c.Spec.Domains) > clusters {
		found = append(found, tooFew(c, "WorkloadClusters", clusters))
	}
	for i, s := range c.Spec.Spread {
		switch n := levels[s.Level]; {
		case n == 0:
			found = append(found, newFinding(KindShopClass, c.Name, fmt.Sprintf("spec.spread[%d].level", i), CodeUnknownLevel,
				fmt.Sprintf("no FailureDomain has level %q", s.Level), "name a level that exists"+levelList(levels)))
		case s.Mode != v1alpha1.SpreadPreferred && int(c.Spec.Domains) > n:
			found = append(found, tooFew(c, "FailureDomains of level "+s.Level, n))
		}
	}
	return found
}

func levelList(levels map[string]int) string {
	set := make(map[string]bool, len(levels))
	for level := range levels {
		set[level] = true
	}
	if len(set) == 0 {
		return ": there is none yet"
	}
	return ": " + listed(set)
}

func tooFew(c *v1alpha1.ShopClass, what string, n int) Finding {
	return newFinding(KindShopClass, c.Name, "spec.domains", CodeTooFewDomains,
		fmt.Sprintf("it asks for %d domains, and of %s there are only %d", c.Spec.Domains, what, n),
		"ask for fewer, let spec.spread prefer the level instead of requiring it, or add what is missing")
}

// capacities finds what can take nothing. The API server refuses it; files have no such guard.
func capacities(o Objects) []Finding {
	var found []Finding
	check := func(kind, name string, capacity *int32) {
		if capacity != nil && *capacity <= 0 {
			found = append(found, newFinding(kind, name, "spec.capacity", CodeNoCapacity,
				fmt.Sprintf("a capacity of %d takes no shop", *capacity),
				"set the requests per second that it can take, or leave the field out"))
		}
	}
	for i := range o.ShopSets {
		check(KindShopSet, o.ShopSets[i].Name, o.ShopSets[i].Spec.Capacity)
	}
	for i := range o.WorkloadClusters {
		check(KindWorkloadCluster, o.WorkloadClusters[i].Name, o.WorkloadClusters[i].Spec.Capacity)
	}
	return found
}

// MaintenanceFinished tells whether a ClusterMaintenance has come to its end.
func MaintenanceFinished(m *v1alpha1.ClusterMaintenance) bool {
	return m.Status.Phase == v1alpha1.MaintenanceCompleted || m.Status.Phase == v1alpha1.MaintenanceAborted
}

// maintenances lets a cluster have one at a time; what is finished is a record.
func maintenances(o Objects) []Finding {
	clusters := names(o.WorkloadClusters)
	first := make(map[string]string)
	var found []Finding
	for i := range o.ClusterMaintenances {
		m := &o.ClusterMaintenances[i]
		if MaintenanceFinished(m) {
			continue
		}
		if !clusters[m.Spec.Cluster] {
			found = append(found, missing(KindClusterMaintenance, m.Name, "spec.cluster", KindWorkloadCluster, m.Spec.Cluster, clusters))
		}
		if older, taken := first[m.Spec.Cluster]; taken {
			found = append(found, newFinding(KindClusterMaintenance, m.Name, "spec.cluster", CodeSecondMaintenance,
				fmt.Sprintf("the older ClusterMaintenance %s of cluster %s is not finished", older, m.Spec.Cluster),
				"use that one, or let it end first: set its spec.goal to Return or Abort"))
			continue
		}
		first[m.Spec.Cluster] = m.Name
	}
	return found
}
