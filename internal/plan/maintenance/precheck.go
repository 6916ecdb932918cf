package maintenance

import (
	"fmt"
	"slices"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/evidence"
	"shopset.dev/shopset/internal/plan/placement"
)

// precheck says why the drain cannot begin, and what would help; empty if it can.
func (r *run) precheck(stands []Surge) string {
	if trouble := r.trouble(); trouble != "" {
		return trouble
	}
	in := r.input(placement.Draining, nil)
	for _, s := range stands {
		in.ShopSets = append(in.ShopSets, placement.ShopSet{
			Name: s.Name, Tier: s.Spec.Tier, Cluster: s.Spec.Cluster, Capacity: r.capacity(s), State: placement.Active,
		})
	}
	plan := r.plan(in, placement.Draining)
	return r.weighed(&plan)
}

// weighed says what speaks against a plan that empties the cluster.
func (r *run) weighed(plan *placement.Plan) string {
	if why := r.stuck(plan); why != "" {
		return why + "; " + r.help(false)
	}
	if r.in.Maintenance.Spec.AllowLessHeadroom {
		return ""
	}
	if n := r.bare(plan); n > 0 {
		return fmt.Sprintf("%s would have no standby, or one less, meanwhile; %s", counted(n, "shop"), r.help(true))
	}
	var worst placement.Headroom
	for _, h := range plan.Headroom {
		if h.Shortfall > worst.Shortfall {
			worst = h
		}
	}
	if worst.Shortfall > 0 {
		return fmt.Sprintf("if %s %s died meanwhile, tier %s would lack room for %s (most on %s); %s",
			worst.Level, worst.Domain, worst.Tier, requests(worst.Shortfall), worst.Worst, r.help(true))
	}
	return ""
}

// stuck says which shops have no place but the cluster; empty if there is room for all.
func (r *run) stuck(plan *placement.Plan) string {
	shops := make(map[string]int, len(r.in.Placement.Groups))
	for _, g := range r.in.Placement.Groups {
		shops[g.Name] = g.Shops
	}
	n, first := 0, ""
	for _, p := range plan.Placements {
		if r.holds(p.ShopSets) {
			n, first = n+shops[p.Group], orElse(first, p.Group)
		}
	}
	if first == "" {
		return ""
	}
	why := ""
	for _, s := range plan.Shortages {
		why = ": " + s.Message
		break
	}
	return fmt.Sprintf("%s have no place elsewhere (group %s is the first)%s", counted(n, "shop"), first, why)
}

// bare counts the shops that would have fewer standbys than today because of the drain.
func (r *run) bare(plan *placement.Plan) int {
	current := make(map[string]placement.Group, len(r.in.Placement.Groups))
	for _, g := range r.in.Placement.Groups {
		current[g.Name] = g
	}
	n := 0
	for _, p := range plan.Placements {
		if g := current[p.Group]; r.holds(g.Current) && len(p.ShopSets) < len(g.Current) {
			n += g.Shops
		}
	}
	return n
}

func (r *run) help(headroom bool) string {
	help := "add ShopSets on other clusters or raise their spec.capacity"
	if !r.in.Maintenance.Spec.Surge {
		help += ", or set spec.surge to have some made for the time being"
	}
	if headroom {
		help += ", or set spec.allowLessHeadroom to go on all the same"
	}
	return help
}

// trouble says what is wrong elsewhere; empty if nothing is.
func (r *run) trouble() string {
	if r.in.Verdicts.Frozen != "" {
		return r.in.Verdicts.Frozen
	}
	away := r.away()
	for _, v := range r.in.Verdicts.Clusters {
		if v.State == evidence.Down && !away[v.Name] {
			return fmt.Sprintf("cluster %s is down: %s", v.Name, v.Reason)
		}
	}
	for _, v := range r.in.Verdicts.ShopSets {
		if s := r.objects[v.Name]; s != nil && v.State == evidence.Down && !v.New && !away[s.Spec.Cluster] && s.DeletionTimestamp == nil {
			return fmt.Sprintf("ShopSet %s is down: %s", v.Name, v.Reason)
		}
	}
	return ""
}

// away are the clusters that people have taken out of service, this one included.
func (r *run) away() map[string]bool {
	away := map[string]bool{r.in.Maintenance.Spec.Cluster: true}
	for i := range r.in.Objects.WorkloadClusters {
		if c := &r.in.Objects.WorkloadClusters[i]; c.Spec.State == v1alpha1.ClusterDrained {
			away[c.Name] = true
		}
	}
	for _, m := range r.others() {
		if m.Status.Before != "" {
			away[m.Spec.Cluster] = true
		}
	}
	return away
}

// others are the other maintenances that are not finished.
func (r *run) others() []*v1alpha1.ClusterMaintenance {
	var others []*v1alpha1.ClusterMaintenance
	for i := range r.in.Objects.ClusterMaintenances {
		m := &r.in.Objects.ClusterMaintenances[i]
		if m.Name != r.in.Maintenance.Name && !convention.MaintenanceFinished(m) {
			others = append(others, m)
		}
	}
	slices.SortFunc(others, older)
	return others
}

// turn says what has to end before this one may begin: one domain at a time.
func (r *run) turn() string {
	if r.in.Commit == "" {
		return "waits for the first routing table"
	}
	for _, m := range r.others() {
		switch {
		case m.Status.Before == "" && m.Status.Phase != v1alpha1.MaintenanceRefused && older(m, &r.in.Maintenance) < 0:
			return fmt.Sprintf("waits for ClusterMaintenance %s of cluster %s, which is older", m.Name, m.Spec.Cluster)
		case m.Status.Before != "" && m.Status.Phase != v1alpha1.MaintenanceDrained:
			return fmt.Sprintf("waits for ClusterMaintenance %s of cluster %s, which is %s", m.Name, m.Spec.Cluster, m.Status.Phase)
		case m.Status.Before != "" && !r.sameDomain(m.Spec.Cluster):
			return fmt.Sprintf("waits until ClusterMaintenance %s has ended: cluster %s is in another failure domain, and one at a time may be missing",
				m.Name, m.Spec.Cluster)
		}
	}
	return r.unheard()
}

// unheard says that no edge can tell what happens.
func (r *run) unheard() string {
	if fresh, silent := r.fresh(); len(fresh) == 0 && len(silent) > 0 {
		return "waits for edges: " + r.behind()
	}
	return ""
}

// sameDomain tells whether another cluster is in the very same failure domain.
func (r *run) sameDomain(cluster string) bool {
	for i := range r.in.Objects.WorkloadClusters {
		if c := &r.in.Objects.WorkloadClusters[i]; c.Name == cluster {
			return r.cluster != nil && c.Spec.FailureDomain == r.cluster.Spec.FailureDomain
		}
	}
	return true
}

// mayMove says why no step may be made now; empty if one may.
func (r *run) mayMove() string {
	for _, m := range r.others() {
		if m.Status.Before != "" && m.Status.Phase != v1alpha1.MaintenanceDrained && older(m, &r.in.Maintenance) < 0 {
			return fmt.Sprintf("waits for ClusterMaintenance %s of cluster %s, which is older", m.Name, m.Spec.Cluster)
		}
	}
	if behind := r.behind(); behind != "" {
		return "waits: " + behind
	}
	if r.status.Phase == v1alpha1.MaintenanceReturning {
		return r.frozen()
	}
	if trouble := r.trouble(); trouble != "" {
		return "paused: " + trouble
	}
	return ""
}

// frozen says why nothing may be moved at all; empty if that is not so.
func (r *run) frozen() string {
	if why := orElse(r.in.Placement.Freeze, r.in.Verdicts.Frozen); why != "" {
		return "paused: " + why
	}
	return ""
}

func older(a, b *v1alpha1.ClusterMaintenance) int {
	if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
		return c
	}
	return compareNames(a.Name, b.Name)
}
