package maintenance

import (
	"fmt"
	"slices"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/placement"
)

// giveBack makes one step back to where everything was, and ends in a phase.
func (r *run) giveBack(end v1alpha1.MaintenancePhase) Decision {
	if !r.begun() {
		return r.finish(end, "nothing had been moved")
	}
	first := r.status.Phase != v1alpha1.MaintenanceReturning
	if r.before == nil {
		r.to(v1alpha1.MaintenanceReturning, "waits until the table of commit "+r.status.Before+" has been read")
		return r.held(placement.Active)
	}
	homes, displaced, wait := r.homes()
	in := r.input(placement.Active, homes)
	plan := r.plan(in, placement.Active)
	ahead := func(g placement.Group) bool { return displaced[g.Name] || r.standsIn(g.Current) }
	d := Decision{
		ClusterState: placement.Active, States: r.states(placement.Active), Homes: homes, Plan: &plan, Again: r.in.Now.Add(again),
	}
	left := r.ahead(in, &plan, ahead)
	r.progress(int32(max(left, len(displaced))), first) //nolint:gosec // there are not that many groups
	hold := r.mayMove()
	step, n := r.step(in, &plan, ahead, hold == "" && !first)
	d.Placements = step
	switch {
	case first:
		r.to(v1alpha1.MaintenanceReturning, "begins: "+counted(int(r.status.MustMove), "group")+" have been displaced")
	case left > 0 && hold != "":
		r.to(v1alpha1.MaintenanceReturning, hold)
	case left > 0:
		r.to(v1alpha1.MaintenanceReturning, fmt.Sprintf("brings %s of %s back", number(n), counted(left, "group")))
	case wait != "":
		r.to(v1alpha1.MaintenanceReturning, wait)
	case r.frozen() != "":
		r.to(v1alpha1.MaintenanceReturning, r.frozen())
	case r.behind() != "":
		// Until then an edge sends shoppers to the stand-ins.
		r.to(v1alpha1.MaintenanceReturning, "everything is placed where it was; waits: "+r.behind())
	default:
		return r.tidyUp(end, d, len(displaced))
	}
	return d
}

// tidyUp removes the stand-ins and ends it.
func (r *run) tidyUp(end v1alpha1.MaintenancePhase, d Decision, stay int) Decision {
	for _, name := range r.status.Surged {
		if r.objects[name] != nil {
			d.Remove = append(d.Remove, name)
		}
	}
	if len(d.Remove) > 0 {
		r.to(v1alpha1.MaintenanceReturning, "everything is back; removes what stood in: "+listed(d.Remove))
		return d
	}
	reason := "everything is where it was"
	if stay > 0 {
		reason = counted(stay, "group") + " stay where they are, because they cannot be where they were any more; everything else is where it was"
	}
	return r.finish(end, reason)
}

// homes gives where the displaced groups were, as far as they can go there now, which groups are
// displaced at all, and what is to be waited for.
func (r *run) homes() (homes map[string][]string, displaced map[string]bool, wait string) {
	homes, displaced = make(map[string][]string), make(map[string]bool)
	today := make(map[string][]string, len(r.in.Today.Groups))
	for _, g := range r.in.Today.Groups {
		today[g.Name] = g.ShopSets
	}
	for i := range r.in.Placement.Groups {
		g := &r.in.Placement.Groups[i]
		home := slices.DeleteFunc(slices.Clone(r.before[g.Name]), func(name string) bool {
			s := r.objects[name]
			return s == nil || s.DeletionTimestamp != nil
		})
		if len(home) == 0 || slices.Equal(home, today[g.Name]) {
			continue
		}
		displaced[g.Name] = true
		away := slices.IndexFunc(home, func(name string) bool { return r.on[name] && r.state(name) != placement.Active })
		if away < 0 {
			homes[g.Name] = home
			continue
		}
		if wait == "" {
			v, _ := r.in.Verdicts.ShopSet(home[away])
			wait = "waits for ShopSet " + home[away] + ": " + orElse(v.Reason, "it is "+string(r.state(home[away])))
		}
	}
	return homes, displaced, wait
}
