package maintenance

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/placement"
)

// again is how soon to look at something that nothing announces: what edges tell.
const again = time.Second

// Next decides what a ClusterMaintenance does now.
func Next(in Input) Decision {
	r := newRun(in)
	var d Decision
	switch m := &r.in.Maintenance; {
	case convention.MaintenanceFinished(m):
		d = Decision{ClusterState: placement.Active, Done: true}
	case r.cluster == nil && r.begun():
		d = r.giveBack(v1alpha1.MaintenanceAborted)
	case m.DeletionTimestamp != nil || m.Spec.Goal == v1alpha1.MaintenanceAbort:
		d = r.giveBack(v1alpha1.MaintenanceAborted)
	case m.Spec.Goal == v1alpha1.MaintenanceReturn:
		d = r.giveBack(v1alpha1.MaintenanceCompleted)
	default:
		d = r.empty()
	}
	d.Status = r.status
	return d
}

// run is one call of Next.
type run struct {
	in     Input
	status v1alpha1.ClusterMaintenanceStatus
	// cluster is nil if there is none of that name.
	cluster *v1alpha1.WorkloadCluster
	// on are the names of its ShopSets, stand those of the stand-ins.
	on, stand map[string]bool
	// objects are the ShopSets that exist, by name.
	objects map[string]*v1alpha1.ShopSet
	// known are the states of the ShopSets as things are.
	known map[string]placement.State
	// before are the rows of the table as it was.
	before map[string][]string
}

func newRun(in Input) *run {
	r := &run{
		in: in, on: make(map[string]bool), stand: make(map[string]bool),
		objects: make(map[string]*v1alpha1.ShopSet, len(in.Objects.ShopSets)),
		known:   make(map[string]placement.State, len(in.Placement.ShopSets)),
	}
	for _, s := range in.Placement.ShopSets {
		r.known[s.Name] = s.State
	}
	in.Maintenance.Status.DeepCopyInto(&r.status)
	r.status.ObservedGeneration = in.Maintenance.Generation
	for i := range in.Objects.WorkloadClusters {
		if c := &in.Objects.WorkloadClusters[i]; c.Name == in.Maintenance.Spec.Cluster {
			r.cluster = c
		}
	}
	for i := range in.Objects.ShopSets {
		s := &in.Objects.ShopSets[i]
		r.objects[s.Name] = s
		if s.Spec.Cluster == in.Maintenance.Spec.Cluster {
			r.on[s.Name] = true
		}
	}
	for _, s := range in.Today.ShopSets {
		if s.Cluster == in.Maintenance.Spec.Cluster {
			r.on[s.Name] = true
		}
	}
	for _, name := range r.status.Surged {
		r.stand[name] = true
	}
	if in.Before != nil {
		r.before = make(map[string][]string, len(in.Before))
		for _, g := range in.Before {
			r.before[g.Name] = g.ShopSets
		}
	}
	return r
}

// begun tells whether anything may have been moved yet.
func (r *run) begun() bool { return r.status.Before != "" }

func (r *run) to(phase v1alpha1.MaintenancePhase, reason string) {
	r.status.Phase, r.status.Reason = phase, reason
}

// empty leads towards an empty cluster.
func (r *run) empty() Decision {
	switch r.status.Phase {
	case v1alpha1.MaintenanceSurging:
		return r.surge()
	case v1alpha1.MaintenanceDraining:
		return r.drain()
	case v1alpha1.MaintenanceDrained:
		return r.rest()
	default:
		return r.begin()
	}
}

// begin prechecks, and records where everything is before anything is moved.
func (r *run) begin() Decision {
	d := Decision{ClusterState: placement.Active}
	r.status.BlastRadius = r.blastRadius()
	if r.cluster == nil {
		r.to(v1alpha1.MaintenanceRefused, fmt.Sprintf("there is no WorkloadCluster %q; create another ClusterMaintenance for one that exists",
			r.in.Maintenance.Spec.Cluster))
		return d
	}
	if wait := r.turn(); wait != "" {
		r.to(v1alpha1.MaintenancePending, wait)
		d.Again = r.in.Now.Add(again)
		return d
	}
	var stands []Surge
	if r.in.Maintenance.Spec.Surge {
		var why string
		if stands, why = r.standIns(); why != "" {
			r.to(v1alpha1.MaintenanceRefused, why)
			return d
		}
	}
	if why := r.precheck(stands); why != "" {
		r.to(v1alpha1.MaintenanceRefused, why)
		d.Again = r.in.Now.Add(10 * again)
		return d
	}
	now := metav1.NewMicroTime(r.in.Now)
	r.status.Before, r.status.Epoch, r.status.StartedAt = r.in.Commit, r.in.Today.Epoch, &now
	r.status.Steps, r.status.Moved, r.status.Remaining = 0, 0, 0
	for _, s := range stands {
		r.status.Surged = append(r.status.Surged, s.Name)
		r.stand[s.Name] = true
	}
	if len(stands) > 0 {
		d = r.held(placement.Cordoned)
		d.Create = stands
		r.to(v1alpha1.MaintenanceSurging, "makes "+counted(len(stands), "ShopSet")+" to stand in: "+listed(r.status.Surged))
		return d
	}
	d = r.held(placement.Draining)
	r.to(v1alpha1.MaintenanceDraining, "begins: where everything is has been recorded")
	r.count()
	return d
}

// surge waits for the stand-ins.
func (r *run) surge() Decision {
	d := r.held(placement.Cordoned)
	d.Again = r.in.Now.Add(again)
	stands, _ := r.standIns()
	for _, s := range stands {
		if r.objects[s.Name] == nil && slices.Contains(r.status.Surged, s.Name) {
			d.Create = append(d.Create, s)
		}
	}
	for _, name := range r.status.Surged {
		if v, known := r.in.Verdicts.ShopSet(name); r.objects[name] == nil || !known || r.state(name) != placement.Active {
			reason := v.Reason
			if !known {
				reason = "it is new"
			}
			r.to(v1alpha1.MaintenanceSurging, fmt.Sprintf("waits for ShopSet %s, which stands in: %s", name, reason))
			return d
		}
	}
	if trouble := r.trouble(); trouble != "" {
		r.to(v1alpha1.MaintenanceSurging, "waits: "+trouble)
		return d
	}
	d = r.held(placement.Draining)
	r.to(v1alpha1.MaintenanceDraining, "begins: "+counted(len(r.status.Surged), "ShopSet")+" can stand in")
	r.count()
	return d
}

// rest keeps the empty cluster empty.
func (r *run) rest() Decision {
	if r.remaining() > 0 {
		r.status.DrainedAt = nil
		return r.drain()
	}
	d := Decision{ClusterState: placement.Draining, States: r.states(placement.Draining)}
	r.status.Remaining = 0
	r.to(v1alpha1.MaintenanceDrained, "nothing is served there: it can be switched off; when the work is done, set spec.goal to Return"+r.silent())
	return d
}

// finish ends it.
func (r *run) finish(phase v1alpha1.MaintenancePhase, reason string) Decision {
	now := metav1.NewMicroTime(r.in.Now)
	r.status.FinishedAt = &now
	r.to(phase, reason)
	return Decision{ClusterState: placement.Active, Done: true}
}
