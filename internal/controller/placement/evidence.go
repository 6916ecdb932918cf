package placement

import (
	"cmp"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/evidence"
	"shopset.dev/shopset/internal/plan/maintenance"
	"shopset.dev/shopset/internal/plan/placement"
	"shopset.dev/shopset/internal/plan/shops"
	"shopset.dev/shopset/internal/workload"
)

// judge weighs what is observed.
func (r *Reconciler) judge(s *step) {
	in := evidence.Input{Now: s.now, Limits: limits(s.fleet), Edges: s.evidenceEdges()}
	in.Domains, in.Clusters = shops.Tree(s.objects)
	for i := range s.objects.ShopSets {
		o := &s.objects.ShopSets[i]
		in.ShopSets = append(in.ShopSets, placement.ShopSet{Name: o.Name, Tier: o.Spec.Tier, Cluster: o.Spec.Cluster})
	}
	for i := range s.objects.WorkloadClusters {
		name := s.objects.WorkloadClusters[i].Name
		api := evidence.API{Cluster: name}
		if seen, ok := s.seen[name]; ok {
			api.Reachable, api.At, api.Since = seen.Reachable, seen.At, seen.Since
			api.Problem, api.Local, api.ArgoCD = seen.Problem, seen.Local, s.argoSays[name]
		}
		in.APIs = append(in.APIs, api)
	}
	in.Away = emptied(s.objects.WorkloadClusters, s.objects.ClusterMaintenances)
	if s.ws.verdicts == nil {
		in.Before = remembered(s.objects.WorkloadClusters, s.objects.ShopSets)
	} else {
		in.Before = *s.ws.verdicts
	}
	s.verdicts = evidence.Judge(in)
	s.ws.verdicts = &s.verdicts
}

// emptied are the clusters that people have emptied, by hand or by a maintenance, and may switch off.
func emptied(clusters []v1alpha1.WorkloadCluster, maintenances []v1alpha1.ClusterMaintenance) []string {
	var out []string
	for i := range clusters {
		if c := &clusters[i]; c.Spec.State == v1alpha1.ClusterDrained {
			out = append(out, c.Name)
		}
	}
	for i := range maintenances {
		if m := &maintenances[i]; m.Status.Phase == v1alpha1.MaintenanceDrained {
			out = append(out, m.Spec.Cluster)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func limits(f *v1alpha1.Fleet) evidence.Limits {
	l := evidence.Limits{FreezeAbove: int(f.Spec.Routing.FreezeAbove)}
	if d := f.Spec.Routing.DownAfter; d != nil {
		l.DownAfter = d.Duration
	}
	if d := f.Spec.Routing.UpAfter; d != nil {
		l.UpAfter = d.Duration
	}
	return l
}

// remembered reads off the conditions what was believed before a restart.
func remembered(clusters []v1alpha1.WorkloadCluster, shopSets []v1alpha1.ShopSet) evidence.Verdicts {
	var v evidence.Verdicts
	for i := range clusters {
		v.Clusters = appendRemembered(v.Clusters, clusters[i].Name, clusters[i].Status.Conditions)
	}
	for i := range shopSets {
		v.ShopSets = appendRemembered(v.ShopSets, shopSets[i].Name, shopSets[i].Status.Conditions)
	}
	return v
}

func appendRemembered(list []evidence.Verdict, name string, conditions []metav1.Condition) []evidence.Verdict {
	c := find(conditions, v1alpha1.ConditionServing)
	if c == nil {
		return list
	}
	state := evidence.State(c.Reason)
	switch state {
	case evidence.Up, evidence.Unknown, evidence.Down, evidence.Returning:
	default:
		return list
	}
	return append(list, evidence.Verdict{Name: name, State: state, Since: c.LastTransitionTime.Time, Reason: c.Message})
}

// edges are what all edges of the fleet last told, by name.
func (s *step) edges() []observedEdge {
	var out []observedEdge
	for cluster, seen := range s.seen {
		for i := range seen.Edges {
			e := observedEdge{Edge: &seen.Edges[i], cluster: cluster, at: seen.Edges[i].Received}
			if !seen.Reachable && e.at.Before(seen.Since) {
				e.at = time.Time{} // what it told before its cluster fell silent is no view of now
			}
			if seen.Reachable && seen.Listed && s.now.Sub(e.at) > goneAfter {
				continue // its cluster answers, and it has been silent for long: it is no more
			}
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b observedEdge) int {
		return cmp.Or(strings.Compare(a.name(), b.name()), strings.Compare(a.cluster, b.cluster))
	})
	return out
}

// unheard are clusters whose edges, if there are any, have not been asked for since the start: until
// then none of them may be taken for not being there.
func (s *step) unheard() []string {
	var out []string
	for i := range s.objects.WorkloadClusters {
		c := &s.objects.WorkloadClusters[i]
		if seen, observed := s.seen[c.Name]; observed && c.Spec.Edges && !seen.Listed && len(seen.Edges) == 0 {
			out = append(out, c.Name)
		}
	}
	slices.Sort(out)
	return out
}

// goneAfter is how long an edge may be silent on a cluster that answers until it counts as removed.
const goneAfter = 5 * time.Minute

type observedEdge struct {
	*workload.Edge
	cluster string
	at      time.Time
}

func (e observedEdge) name() string { return cmp.Or(e.Status.Edge, e.ConfigMap) }

// ours turns a time of the edge's clock into one of ours.
func (e observedEdge) ours(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return e.Received.Add(-e.Status.Time.Sub(t))
}

// evidenceEdges are the edges that have a table. One that has none cannot see any ShopSet; it would
// only keep the first table from being made.
func (s *step) evidenceEdges() []evidence.Edge {
	var out []evidence.Edge
	for _, e := range s.edges() {
		if !e.Status.Ready {
			continue
		}
		edge := evidence.Edge{Name: e.name(), At: e.at, Cluster: e.cluster}
		for i := range e.Status.ShopSets {
			view := &e.Status.ShopSets[i]
			if view.Unprobed {
				continue
			}
			edge.ShopSets = append(edge.ShopSets, evidence.View{
				ShopSet: view.Name, Healthy: view.Healthy, Since: e.ours(view.Since), Reason: view.Reason,
			})
		}
		out = append(out, edge)
	}
	for _, cluster := range s.unheard() {
		out = append(out, evidence.Edge{Name: "on " + cluster, Cluster: cluster})
	}
	return out
}

// trafficEdges are all edges, with what they send where. Edges that have not been asked for yet
// hold a maintenance up, but not while their cluster does not answer.
func (s *step) trafficEdges() []maintenance.Edge {
	var out []maintenance.Edge
	for _, cluster := range s.unheard() {
		edge := maintenance.Edge{Name: "on " + cluster + ", not heard of yet,", Epoch: -1}
		if seen := s.seen[cluster]; seen.Reachable || seen.At.IsZero() {
			edge.At = s.now
		}
		out = append(out, edge)
	}
	for _, e := range s.edges() {
		edge := maintenance.Edge{Name: e.name(), At: e.at, Epoch: e.Status.Table.Epoch}
		for i := range e.Status.ShopSets {
			t := &e.Status.ShopSets[i]
			edge.ShopSets = append(edge.ShopSets, maintenance.Traffic{ShopSet: t.Name, InFlight: int(t.InFlight), Last: e.ours(t.LastRequest)})
		}
		out = append(out, edge)
	}
	return out
}

// routesStatus tells how far the table has come. While no edge that is known tells anything, what was
// known of them stays.
func (s *step) routesStatus(was *v1alpha1.RoutesStatus) *v1alpha1.RoutesStatus {
	if s.ws.today == nil {
		return was
	}
	is := &v1alpha1.RoutesStatus{Epoch: s.ws.today.table.Epoch}
	known := false
	for _, e := range s.edges() {
		if !e.Status.Ready {
			continue
		}
		known = true
		if s.now.Sub(e.at) < evidence.FreshFor {
			if epoch := e.Status.Table.Epoch; is.Edges == 0 || epoch < is.EdgesEpoch {
				is.EdgesEpoch = epoch
			}
			is.Edges++
		}
	}
	if is.Edges == 0 && known && was != nil {
		is.EdgesEpoch = was.EdgesEpoch
	}
	return is
}

func find(list []metav1.Condition, kind string) *metav1.Condition {
	for i := range list {
		if list[i].Type == kind {
			return &list[i]
		}
	}
	return nil
}
