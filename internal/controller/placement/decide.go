package placement

import (
	"context"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/evidence"
	"shopset.dev/shopset/internal/plan/maintenance"
	"shopset.dev/shopset/internal/plan/placement"
	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/internal/plan/shops"
)

// resolved is what the Shops amounted to, and for which input.
type resolved struct {
	of    string
	value shops.Resolved
}

// planned is a plan without any maintenance's wish, with its table, and for which input.
type planned struct {
	of    string
	plan  placement.Plan
	table routes.Table
}

// decide fills in what shall be, in memory alone.
func (r *Reconciler) decide(ctx context.Context, s *step) {
	r.judge(s)
	s.resolve()
	s.newcomers()
	started := r.Clock.Now()
	s.lead(ctx)
	addresses := s.addresses()
	if wished := s.wished(); wished != nil {
		s.placements, s.plan = wished.Placements, placement.Plan{}
		if wished.Plan != nil {
			s.plan = *wished.Plan
		}
		table := shops.Table(s.objects, s.resolved, s.placements, addresses, s.ws.today.table)
		s.table, s.ws.planned = &table, nil
		r.Metrics.PlacementPlanned(s.fleet.Namespace, r.Clock.Since(started))
		return
	}
	of := s.signature(addresses)
	if s.ws.planned == nil || s.ws.planned.of != of {
		p := &planned{of: of, plan: placement.Make(s.input())}
		p.table = shops.Table(s.objects, s.resolved, p.plan.Placements, addresses, s.ws.today.table)
		s.ws.planned = p
		r.Metrics.PlacementPlanned(s.fleet.Namespace, r.Clock.Since(started))
	}
	s.plan, s.placements, s.table = s.ws.planned.plan, s.ws.planned.plan.Placements, &s.ws.planned.table
}

// resolve finds out who is routed; again only if Shops, or what they name, or the table have changed.
func (s *step) resolve() {
	of := fmt.Sprint(s.shopsVersion, " ", s.ws.today.signature(), " ", objectsSignature(s.objects))
	if s.ws.resolved == nil || s.ws.resolved.of != of {
		s.ws.resolved = &resolved{of: of, value: shops.Resolve(s.objects, s.ws.today.table)}
	}
	s.resolved = s.ws.resolved.value
}

// newcomers keeps ShopSets that hold nothing yet from taking load before they can serve it: they need
// an address, and the edges must see them. What holds load already is judged by evidence alone.
func (s *step) newcomers() {
	s.states, s.waiting = s.verdicts.States(), map[string]string{}
	rows := map[string]routes.ShopSet{}
	for _, row := range s.ws.today.table.ShopSets {
		rows[row.Name] = row
	}
	addresses := s.addresses()
	holds, views := holding(s.ws.today.table), s.views()
	for i := range s.objects.ShopSets {
		o := &s.objects.ShopSets[i]
		view, told := views[o.Name]
		if _, observed := s.seen[o.Spec.Cluster]; !observed && s.states[o.Name] == placement.Cordoned && (view || !told) {
			// Nobody was asked to look at its cluster: not to be seen is nothing against it.
			s.states[o.Name] = placement.Active
		}
		switch {
		case holds[o.Name]:
		case len(addresses[o.Name]) == 0 && len(rows[o.Name].Addresses) == 0:
			s.waiting[o.Name] = "takes no shops yet: its Service " + entryService(s.fleet) + " has no address"
		case len(views) > 0 && !view:
			s.waiting[o.Name] = "takes no shops yet: the edges do not see it healthy"
		}
		if s.waiting[o.Name] != "" {
			s.states[o.Name] = shops.Severest(s.states[o.Name], placement.Cordoned)
		}
	}
}

// views tells of each ShopSet that an edge told of lately whether some edge sees it healthy.
func (s *step) views() map[string]bool {
	out := map[string]bool{}
	for _, e := range s.evidenceEdges() {
		if e.At.IsZero() || s.now.Sub(e.At) > evidence.FreshFor {
			continue
		}
		for _, v := range e.ShopSets {
			out[v.ShopSet] = out[v.ShopSet] || v.Healthy
		}
	}
	return out
}

// addresses of ShopSets: those that were observed, and otherwise those of the annotation.
func (s *step) addresses() map[string][]string {
	out := map[string][]string{}
	for i := range s.objects.ShopSets {
		o := &s.objects.ShopSets[i]
		seen, observed := s.seen[o.Spec.Cluster]
		list := seen.Addresses[convention.EffectiveNamespace(s.fleet.Spec, *o)]
		if !observed || len(list) == 0 {
			list = strings.FieldsFunc(o.Annotations[AnnotationAddress], func(r rune) bool { return r == ',' || r == ' ' })
		}
		for _, address := range list {
			if validAddress(address) { // one that no table may hold must not hold up the table
				out[o.Name] = append(out[o.Name], address)
			}
		}
	}
	return out
}

var hostPattern = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9.-]{0,252}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$`)

func validAddress(address string) bool {
	host, port, err := net.SplitHostPort(address)
	number, err2 := strconv.ParseUint(port, 10, 16)
	return err == nil && err2 == nil && number > 0 && hostPattern.MatchString(host)
}

// input is the planner's input as things are. Where a ShopSet is down the next one serves already,
// by the edges' own doing: that is today's order, and to keep it moves no traffic.
func (s *step) input() placement.Input {
	in := shops.PlacementInput(s.objects, s.resolved, shops.World{
		Today: s.ws.today.table, States: []map[string]placement.State{s.states}, Homes: s.homes,
		Freeze: s.verdicts.Frozen, Rebalance: s.fleet.Annotations[AnnotationRebalance] != "",
	})
	if in.Freeze != "" {
		return in
	}
	isDown := func(name string) bool { return s.states[name] == placement.Down }
	for i := range in.Groups {
		g := &in.Groups[i]
		if len(g.Current) > 1 && isDown(g.Current[0]) {
			g.Current = slices.Clone(g.Current)
			slices.SortStableFunc(g.Current, func(a, b string) int {
				switch down := isDown(a); {
				case down == isDown(b):
					return 0
				case down:
					return 1
				}
				return -1
			})
		}
	}
	return in
}

// lead asks of every maintenance what it does now, the oldest first: what one decides is how things
// are for the next.
func (s *step) lead(ctx context.Context) {
	s.homes = map[string][]string{}
	var open []*v1alpha1.ClusterMaintenance
	for i := range s.objects.ClusterMaintenances {
		if m := &s.objects.ClusterMaintenances[i]; !convention.MaintenanceFinished(m) {
			open = append(open, m)
		}
	}
	slices.SortFunc(open, func(a, b *v1alpha1.ClusterMaintenance) int {
		if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	for _, m := range open {
		l := led{object: m}
		in := maintenance.Input{
			Now: s.now, Maintenance: *m, Objects: s.objects, Placement: s.input(),
			Today: s.ws.today.table, Commit: string(s.ws.today.head), Verdicts: s.verdicts, Edges: s.trafficEdges(),
		}
		if m.Status.Before != "" {
			var err error
			if in.Before, err = s.ws.groupsAt(ctx, m.Status.Before); err != nil {
				l.problem = fmt.Sprintf("what was before the drain cannot be read: %s", err)
				l.decision.Status = m.Status
				s.led = append(s.led, l)
				continue
			}
		}
		l.decision = maintenance.Next(in)
		for name, state := range l.decision.States {
			s.states[name] = shops.Severest(s.states[name], state)
		}
		maps.Copy(s.homes, l.decision.Homes)
		s.led = append(s.led, l)
	}
}

// wished is the decision of the first maintenance that says where groups shall be; nil if none does.
func (s *step) wished() *maintenance.Decision {
	for i := range s.led {
		if s.led[i].decision.Placements != nil {
			return &s.led[i].decision
		}
	}
	return nil
}

// signature names everything that a plan depends on.
func (s *step) signature(addresses map[string][]string) string {
	var b strings.Builder
	b.WriteString(s.ws.resolved.of)
	fmt.Fprint(&b, "\nfreeze ", s.verdicts.Frozen, " rebalance ", s.fleet.Annotations[AnnotationRebalance])
	for _, name := range slices.Sorted(maps.Keys(s.states)) {
		fmt.Fprint(&b, "\n", name, " ", s.states[name])
	}
	for _, name := range slices.Sorted(maps.Keys(addresses)) {
		fmt.Fprint(&b, "\n", name, " ", addresses[name])
	}
	for _, name := range slices.Sorted(maps.Keys(s.homes)) {
		fmt.Fprint(&b, "\n", name, " ", s.homes[name])
	}
	return b.String()
}

// objectsSignature names the objects besides the Shops, in the versions of their specs.
func objectsSignature(o convention.Objects) string {
	var lines []string
	for i := range o.Fleets {
		lines = append(lines, versioned(convention.KindFleet, &o.Fleets[i]))
	}
	for i := range o.Tiers {
		lines = append(lines, versioned(convention.KindTier, &o.Tiers[i]))
	}
	for i := range o.FailureDomains {
		lines = append(lines, versioned(convention.KindFailureDomain, &o.FailureDomains[i]))
	}
	for i := range o.WorkloadClusters {
		lines = append(lines, versioned(convention.KindWorkloadCluster, &o.WorkloadClusters[i]))
	}
	for i := range o.ShopSets {
		lines = append(lines, versioned(convention.KindShopSet, &o.ShopSets[i]))
	}
	for i := range o.ShopClasses {
		lines = append(lines, versioned(convention.KindShopClass, &o.ShopClasses[i]))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
