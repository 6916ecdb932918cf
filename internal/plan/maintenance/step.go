package maintenance

import (
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/placement"
)

// drain makes one step away from the cluster, or waits for what the last one needs.
func (r *run) drain() Decision {
	r.count()
	if r.status.Remaining == 0 {
		return r.quiet()
	}
	if r.before == nil {
		r.to(v1alpha1.MaintenanceDraining, "waits until the table of commit "+r.status.Before+" has been read")
		return r.held(placement.Draining)
	}
	in := r.input(placement.Draining, nil)
	plan := r.plan(in, placement.Draining)
	d := Decision{ClusterState: placement.Draining, States: r.states(placement.Draining), Plan: &plan, Again: r.in.Now.Add(again)}
	wait := r.mayMove()
	if why := r.weighed(&plan); wait == "" && why != "" {
		wait = "paused: " + why
	}
	ahead := func(g placement.Group) bool { return r.holds(g.Current) }
	step, n := r.step(in, &plan, ahead, wait == "")
	d.Placements = step
	switch {
	case wait != "":
		r.to(v1alpha1.MaintenanceDraining, wait)
	case n == 0:
		r.to(v1alpha1.MaintenanceDraining, "cannot go on: "+r.stuck(&plan))
	default:
		r.to(v1alpha1.MaintenanceDraining, fmt.Sprintf("moves %s of %s away", number(n), counted(int(r.status.Remaining), "group")))
	}
	return d
}

// input is the planner's, with what the maintenance adds to it.
func (r *run) input(cluster placement.State, homes map[string][]string) placement.Input {
	in := r.in.Placement
	states := r.states(cluster)
	r.besides(states)
	in.ShopSets = slices.Clone(in.ShopSets)
	for i := range in.ShopSets {
		s := &in.ShopSets[i]
		s.State = severest(s.State, states[s.Name])
	}
	if homes != nil {
		in.Groups = slices.Clone(in.Groups)
		for i := range in.Groups {
			if home := homes[in.Groups[i].Name]; home != nil {
				in.Groups[i].Home = home
			}
		}
	}
	return in
}

// besides adds what other maintenances that have begun mean for their ShopSets: nothing comes there.
// Whoever is emptying one takes its own steps.
func (r *run) besides(states map[string]placement.State) {
	empty := make(map[string]placement.State)
	for _, m := range r.others() {
		switch {
		case m.Status.Before == "" || m.Status.Phase == v1alpha1.MaintenanceReturning:
		case m.Status.Phase == v1alpha1.MaintenanceDrained:
			empty[m.Spec.Cluster] = placement.Draining
		default:
			empty[m.Spec.Cluster] = placement.Cordoned
		}
	}
	for name, s := range r.objects {
		if state, ok := empty[s.Spec.Cluster]; ok {
			states[name] = severest(states[name], state)
		}
	}
}

// states follow for the ShopSets of the cluster, and on the way back for the stand-ins.
func (r *run) states(cluster placement.State) map[string]placement.State {
	states := make(map[string]placement.State, len(r.on))
	if cluster != placement.Active {
		for name := range r.on {
			states[name] = cluster
		}
		return states
	}
	for name := range r.stand {
		states[name] = placement.Draining
	}
	return states
}

// plan asks the planner, and lets go of standbys on a cluster that is to be emptied and for which
// there is nothing else: whether that may cost redundancy has been asked before. What has no place at all
// stays where it is, as it does in the table.
func (r *run) plan(in placement.Input, cluster placement.State) placement.Plan {
	plan := placement.Make(in)
	at := make(map[string]int, len(in.Groups))
	for i := range in.Groups {
		at[in.Groups[i].Name] = i
	}
	for i := range plan.Placements {
		p := &plan.Placements[i]
		if len(p.ShopSets) == 0 {
			p.ShopSets = in.Groups[at[p.Group]].Current
		}
		if cluster != placement.Draining || !r.holds(p.ShopSets) {
			continue
		}
		if others := slices.DeleteFunc(slices.Clone(p.ShopSets), func(name string) bool { return r.on[name] }); len(others) > 0 {
			p.ShopSets = others
		}
	}
	return plan
}

// step gives the placements of now: one step of the plan if it may go, and otherwise all but what is
// ahead of the maintenance. It says how many of those groups the step has.
func (r *run) step(in placement.Input, plan *placement.Plan, ahead func(placement.Group) bool, goes bool) ([]placement.Placement, int) {
	groups := make(map[string]*placement.Group, len(in.Groups))
	for i := range in.Groups {
		groups[in.Groups[i].Name] = &in.Groups[i]
	}
	chosen, n := make(map[string]bool), 0
	if goes {
		if steps := placement.Steps(in, *plan, r.share(plan, groups)); len(steps) > 0 {
			for _, name := range steps[0] {
				chosen[name] = true
			}
		}
	}
	out := slices.Clone(plan.Placements)
	for i := range out {
		g := groups[out[i].Group]
		belongs := ahead(*g)
		switch {
		case slices.Equal(out[i].ShopSets, g.Current), len(g.Current) == 0, r.lost(g.Current):
		case chosen[g.Name]:
			if belongs {
				n++
			}
		case goes || belongs:
			out[i].ShopSets = g.Current
		}
	}
	return out, n
}

// share is what part of a plan's changes one step may have, in percent: the budget is of the load
// that the cluster had, however little is left.
func (r *run) share(plan *placement.Plan, groups map[string]*placement.Group) int {
	total := int64(0)
	for _, p := range plan.Placements {
		if g := groups[p.Group]; !slices.Equal(p.ShopSets, g.Current) {
			total += max(g.Weight, 1)
		}
	}
	return int(min(max(r.budget()*100/max(total, 1), 1), 100))
}

// ahead counts the groups that the plan changes on behalf of the maintenance.
func (r *run) ahead(in placement.Input, plan *placement.Plan, ahead func(placement.Group) bool) int {
	placed := make(map[string][]string, len(plan.Placements))
	for _, p := range plan.Placements {
		placed[p.Group] = p.ShopSets
	}
	n := 0
	for _, g := range in.Groups {
		if shopSets, ok := placed[g.Name]; ok && ahead(g) && !slices.Equal(shopSets, g.Current) {
			n++
		}
	}
	return n
}

// lost tells whether nobody serves a group: then it waits for no step.
func (r *run) lost(current []string) bool {
	return !slices.ContainsFunc(current, func(name string) bool { return r.state(name) != placement.Down })
}

// budget is the weight that one step moves.
func (r *run) budget() int64 {
	total := int64(0)
	for _, g := range r.in.Placement.Groups {
		if r.holds(r.before[g.Name]) {
			total += g.Weight
		}
	}
	percent := int64(r.in.Maintenance.Spec.StepPercent)
	if percent <= 0 {
		percent = 25
	}
	return total * percent / 100
}

// held leaves everything where it is that belongs to the maintenance, and plans the rest.
func (r *run) held(cluster placement.State) Decision {
	in := r.input(cluster, nil)
	d := Decision{ClusterState: cluster, States: r.states(cluster), Again: r.in.Now.Add(again)}
	plan := r.plan(in, placement.Active)
	d.Placements, _ = r.step(in, &plan, func(g placement.Group) bool { return r.holds(g.Current) || r.standsIn(g.Current) }, false)
	return d
}

// holds tells whether a row names the cluster.
func (r *run) holds(row []string) bool {
	return slices.ContainsFunc(row, func(name string) bool { return r.on[name] })
}

func (r *run) standsIn(row []string) bool {
	return slices.ContainsFunc(row, func(name string) bool { return r.stand[name] })
}

// quiet waits until no shopper is on the cluster any more.
func (r *run) quiet() Decision {
	d := Decision{ClusterState: placement.Draining, States: r.states(placement.Draining), Again: r.in.Now.Add(again)}
	if busy := r.busy(); busy != "" {
		r.to(v1alpha1.MaintenanceDraining, "everything is placed elsewhere; waits: "+busy)
		return d
	}
	now := metav1.NewMicroTime(r.in.Now)
	r.status.DrainedAt = &now
	d = r.rest()
	return d
}
