package impact

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"shopset.dev/shopset/internal/cli/planview"
	"shopset.dev/shopset/internal/plan/placement"
)

// Report is who is concerned and what follows. Its JSON is what `shopctl whatif -o json` prints.
type Report struct {
	Event string `json:"event"`
	// ShopSets are those concerned.
	ShopSets []string       `json:"shopSets"`
	All      planview.Count `json:"all"`
	Hit      planview.Count `json:"hit"`
	Taken    planview.Count `json:"takenOver"`
	Thinned  planview.Count `json:"thinned"`
	Lost     planview.Count `json:"lost"`
	Classes  []Class        `json:"classes"`
	// Takers serve what the concerned ShopSets served.
	Takers []Taker `json:"takers"`
	// WithoutService and WithoutRedundancy are how groups are left at once. While a cluster is
	// drained nobody is: there the planner's own debts count, and stand in Afterwards.
	WithoutService    []Group `json:"withoutService"`
	WithoutRedundancy []Group `json:"withoutRedundancy"`
	// Assumed says that today's placement is not known, and that a fresh plan stands for it.
	Assumed    bool          `json:"todayIsAssumed"`
	Afterwards planview.View `json:"afterwards"`
	// Steps are those of a drain; empty otherwise.
	Steps []Step `json:"steps,omitempty"`
}

// Class is how the shops of one class are hit.
type Class struct {
	Class   string         `json:"class"`
	All     planview.Count `json:"all"`
	Hit     planview.Count `json:"hit"`
	Taken   planview.Count `json:"takenOver"`
	Thinned planview.Count `json:"thinned"`
	Lost    planview.Count `json:"lost"`
}

// Taker is a ShopSet that serves what others served.
type Taker struct {
	ShopSet  string         `json:"shopSet"`
	Cluster  string         `json:"cluster"`
	Takes    planview.Count `json:"takes"`
	Before   planview.Rate  `json:"before"`
	After    planview.Rate  `json:"after"`
	Capacity planview.Rate  `json:"capacity"`

	before, after int64
}

// Group is a group that is left with less.
type Group struct {
	Group string        `json:"group"`
	Class string        `json:"class"`
	Shops int           `json:"shops"`
	Rate  planview.Rate `json:"requestsPerSecond"`
	// Left are the ShopSets that still hold it.
	Left []string `json:"left"`
	// Names of its shops, if they are known.
	Names []string `json:"names,omitempty"`
}

// Of reports an event. names gives the shops of a group and may be nil.
func Of(in placement.Input, e Event, names func(group string) []string) (Report, error) {
	concerned, err := e.concerned(in)
	if err != nil {
		return Report{}, err
	}
	r := Report{Event: e.String(), ShopSets: slices.Sorted(maps.Keys(concerned)), WithoutService: []Group{}, WithoutRedundancy: []Group{}}
	if r.ShopSets == nil {
		r.ShopSets = []string{}
	}
	in, r.Assumed = withToday(in)
	after := with(in, concerned, e)
	plan := placement.Make(after)
	t := newTally(in, concerned, names)
	if e.Drain != "" {
		t.planned = map[string][]string{}
		for _, p := range plan.Placements {
			t.planned[p.Group] = p.ShopSets
		}
	}
	t.count(&r)
	r.Afterwards = planview.Of(after, plan)
	if e.Drain != "" {
		r.Steps = stepsOf(after, plan, e.StepPercent)
	}
	return r, nil
}

// withToday takes a fresh plan for today's placement where nothing is known about it.
func withToday(in placement.Input) (placement.Input, bool) {
	if len(in.Groups) == 0 || slices.ContainsFunc(in.Groups, func(g placement.Group) bool { return len(g.Current) > 0 }) {
		return in, false
	}
	held := map[string][]string{}
	for _, p := range placement.Make(in).Placements {
		held[p.Group] = p.ShopSets
	}
	in.Groups = slices.Clone(in.Groups)
	for i := range in.Groups {
		in.Groups[i].Current = held[in.Groups[i].Name]
	}
	return in, true
}

// with is the input once the event has happened.
func with(in placement.Input, concerned map[string]bool, e Event) placement.Input {
	state := placement.Down
	if e.Drain != "" {
		state = placement.Draining
	}
	in.ShopSets = slices.Clone(in.ShopSets)
	for i := range in.ShopSets {
		if s := &in.ShopSets[i]; concerned[s.Name] && s.State != placement.Down {
			s.State = state
		}
	}
	if down := treeOf(in).outermost(concerned); e.Drain == "" && e.FreezeAbove > 0 && len(down) > e.FreezeAbove && in.Freeze == "" {
		in.Freeze = fmt.Sprintf("%d domains are down at once (%s), more than spec.routing.freezeAbove of the Fleet (%d)", len(down),
			strings.Join(down, ", "), e.FreezeAbove)
	}
	return in
}

// tally counts groups.
type tally struct {
	in        placement.Input
	concerned map[string]bool
	names     func(string) []string
	shopSets  map[string]*placement.ShopSet
	copies    map[string]int
	// planned are where groups will be, if they are moved before anything is switched off.
	planned map[string][]string
	classes map[string]*Class
	takers  map[string]*Taker
	serving map[string]int64
}

func newTally(in placement.Input, concerned map[string]bool, names func(string) []string) *tally {
	t := &tally{in: in, concerned: concerned, names: names, shopSets: map[string]*placement.ShopSet{}, copies: map[string]int{},
		classes: map[string]*Class{}, takers: map[string]*Taker{}, serving: map[string]int64{}}
	for i := range in.ShopSets {
		t.shopSets[in.ShopSets[i].Name] = &in.ShopSets[i]
	}
	for i := range in.Classes {
		t.copies[in.Classes[i].Name] = in.Classes[i].Copies
	}
	return t
}

// serves are the ShopSets of a list that answer: those that exist and are not down.
func (t *tally) serves(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		s := t.shopSets[name]
		return s == nil || s.State == placement.Down
	})
}

func (t *tally) count(r *Report) {
	for i := range t.in.Groups {
		t.group(r, &t.in.Groups[i])
	}
	for _, name := range slices.Sorted(maps.Keys(t.classes)) {
		r.Classes = append(r.Classes, *t.classes[name])
	}
	for _, taker := range t.takers {
		taker.before = t.serving[taker.ShopSet]
		taker.after += taker.before
		taker.Before, taker.After = planview.RateOf(taker.before), planview.RateOf(taker.after)
		r.Takers = append(r.Takers, *taker)
	}
	slices.SortFunc(r.Takers, func(a, b Taker) int {
		return cmp.Or(cmp.Compare(b.after-b.before, a.after-a.before), cmp.Compare(a.ShopSet, b.ShopSet))
	})
	byShops := func(a, b Group) int { return cmp.Or(cmp.Compare(b.Shops, a.Shops), cmp.Compare(a.Group, b.Group)) }
	slices.SortFunc(r.WithoutService, byShops)
	slices.SortFunc(r.WithoutRedundancy, byShops)
	if r.Classes == nil {
		r.Classes = []Class{}
	}
	if r.Takers == nil {
		r.Takers = []Taker{}
	}
}

// group counts one group.
func (t *tally) group(r *Report, g *placement.Group) {
	class := t.classes[g.Class]
	if class == nil {
		class = &Class{Class: g.Class}
		t.classes[g.Class] = class
	}
	more := func(counts ...*planview.Count) {
		for _, c := range counts {
			c.Add(g.Shops, g.Weight)
		}
	}
	more(&r.All, &class.All)
	now := t.serves(g.Current)
	if len(now) > 0 {
		t.serving[now[0]] += g.Weight
	}
	left := slices.DeleteFunc(slices.Clone(now), func(name string) bool { return t.concerned[name] })
	if len(left) == len(now) {
		return
	}
	more(&r.Hit, &class.Hit)
	if t.planned != nil { // a drain moves groups first
		left = slices.DeleteFunc(t.serves(t.planned[g.Name]), func(name string) bool { return t.concerned[name] })
	}
	switch {
	case len(left) == 0:
		more(&r.Lost, &class.Lost)
		r.WithoutService = append(r.WithoutService, t.left(g, left))
		return
	case t.concerned[now[0]]:
		more(&r.Taken, &class.Taken)
		t.takes(left[0], g)
	default:
		more(&r.Thinned, &class.Thinned)
	}
	if len(left) < 2 && t.copies[g.Class] > 1 {
		r.WithoutRedundancy = append(r.WithoutRedundancy, t.left(g, left))
	}
}

func (t *tally) takes(name string, g *placement.Group) {
	taker := t.takers[name]
	if taker == nil {
		taker = &Taker{ShopSet: name}
		if s := t.shopSets[name]; s != nil {
			taker.Cluster, taker.Capacity = s.Cluster, planview.RateOf(s.Capacity)
		}
		t.takers[name] = taker
	}
	taker.after += g.Weight
	taker.Takes.Add(g.Shops, g.Weight)
}

func (t *tally) left(g *placement.Group, left []string) Group {
	out := Group{Group: g.Name, Class: g.Class, Shops: g.Shops, Rate: planview.RateOf(g.Weight), Left: append([]string{}, left...)}
	if t.names != nil {
		out.Names = t.names(g.Name)
	}
	return out
}
