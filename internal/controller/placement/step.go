package placement

import (
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/argocd"
	"shopset.dev/shopset/internal/fleetgit"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/evidence"
	"shopset.dev/shopset/internal/plan/maintenance"
	"shopset.dev/shopset/internal/plan/placement"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/internal/plan/shops"
	"shopset.dev/shopset/internal/plan/system"
	"shopset.dev/shopset/internal/workload"
)

// Annotations by which people steer.
const (
	// AnnotationAddress on a ShopSet gives its addresses, host:port parted by commas, where nobody
	// observes its cluster.
	AnnotationAddress = "shopset.dev/address"
	// AnnotationRebalance on a Fleet, while it is not empty, allows moves which only improve balance
	// or headroom.
	AnnotationRebalance = "shopset.dev/rebalance"
	// AnnotationOverwriteRoutes on a Fleet names the commit of branch main whose routes/ cannot be
	// read and may be overwritten.
	AnnotationOverwriteRoutes = "shopset.dev/overwrite-routes"
)

// step is everything about one reconcile of one fleet.
type step struct {
	fleet        *v1alpha1.Fleet
	objects      convention.Objects
	shopsVersion uint64
	ws           *workspace
	now          time.Time
	seen         map[string]workload.Seen
	problem      *fleetgit.Problem

	// applications of Argo CD, by name, and what they say of clusters that it cannot reach.
	applications map[string]*argocd.Application
	argoSays     map[string]string

	verdicts evidence.Verdicts
	resolved shops.Resolved
	// states of ShopSets that hold for the planner, and why those that are new wait.
	states  map[string]placement.State
	waiting map[string]string
	homes   map[string][]string
	// led are the maintenances that are not finished, in the order of their age.
	led []led
	// placements are where the groups shall be, plan the plan that they come from.
	placements []placement.Placement
	plan       placement.Plan
	// table is what routes/ shall hold; nil if that is not known.
	table *routes.Table
	// commit that was pushed, if one was.
	commit string
	// argoAgain is when Argo CD may have to be asked again; zero if it has all.
	argoAgain time.Time
}

// led is a maintenance with what was decided about it.
type led struct {
	object   *v1alpha1.ClusterMaintenance
	decision maintenance.Decision
	problem  string
}

// unreadable tells whether routes/ is to be left alone because nobody knows what it says.
func (s *step) unreadable() bool {
	t := s.ws.today
	return t != nil && t.err != nil && s.fleet.Annotations[AnnotationOverwriteRoutes] != string(t.head)
}

// later notes when Argo CD may have to be asked again.
func (s *step) later(again time.Time) {
	if s.argoAgain.IsZero() || again.Before(s.argoAgain) {
		s.argoAgain = again
	}
}

// next is when to look again without being told.
func (s *step) next(now time.Time, pending bool) time.Duration {
	at := now.Add(pollInterval(s.fleet))
	if !s.ws.refreshed.IsZero() {
		at = s.ws.refreshed.Add(pollInterval(s.fleet))
	}
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	sooner(s.verdicts.NextLook)
	sooner(s.argoAgain)
	for i := range s.led {
		sooner(s.led[i].decision.Again)
	}
	if s.problem != nil && s.ws.retry.After(now) {
		sooner(s.ws.retry)
	}
	switch {
	case s.problem == nil && s.ws.conflicts > 0: // a rival was faster: again, and with more patience each time
		const first, most = 10 * time.Millisecond, 5 * time.Second
		return min(first<<min(s.ws.conflicts, 10), most)
	case s.commit != "" || pending:
		const soon = 50 * time.Millisecond
		return soon
	}
	return max(at.Sub(now), 50*time.Millisecond)
}

func entryService(f *v1alpha1.Fleet) string {
	if f.Spec.EntryService == "" {
		return "lb"
	}
	return f.Spec.EntryService
}

func edgeNamespace(f *v1alpha1.Fleet) string { return render.EdgeNamespace(f) }

// actor is who the controller says it is in commits.
const actor = system.Actor
