package edge

import (
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"shopset.dev/shopset/internal/edge/health"
	"shopset.dev/shopset/internal/edge/limit"
	"shopset.dev/shopset/internal/edge/table"
	"shopset.dev/shopset/internal/plan/routes"
)

// view is what a request sees: a table, and what is known of its ShopSets and classes. It lives
// behind one atomic pointer; what is in shopSets and classes goes on from view to view.
type view struct {
	state    *table.State
	shopSets map[string]*shopSet
	classes  map[string]*class
	// others are classes without a row.
	others *sync.Map
}

// shopSet joins the health of a ShopSet with what is counted there for each class.
type shopSet struct {
	*health.Target
	tier  string
	lanes sync.Map // class → *lane
}

// lane is what one class does at one ShopSet.
type lane struct {
	inFlight atomic.Int64
	codes    [len(codes)]prometheus.Counter
	retries  prometheus.Counter
	latency  prometheus.Observer
}

// class is a policy with its retry budget.
type class struct {
	routes.Class
	budget *limit.Budget
}

func (e *Edge) newView(before *view, state *table.State) *view {
	if before != nil && before.state.Table == state.Table {
		return &view{state: state, shopSets: before.shopSets, classes: before.classes, others: before.others}
	}
	v := &view{state: state, shopSets: map[string]*shopSet{}, classes: map[string]*class{}, others: &sync.Map{}}
	targets := e.fleet.Set(state.Table.ShopSets)
	for _, s := range state.Table.ShopSets {
		known := before.shopSet(s.Name)
		if known == nil || known.tier != s.Tier {
			known = &shopSet{Target: targets[s.Name], tier: s.Tier}
		}
		v.shopSets[s.Name] = known
	}
	for _, c := range state.Table.Classes {
		v.classes[c.Name] = before.newClass(c)
	}
	if before != nil {
		v.others = before.others
		for name := range before.shopSets {
			if v.shopSets[name] == nil {
				e.metrics.forget(name)
			}
		}
	}
	return v
}

func (v *view) shopSet(name string) *shopSet {
	if v == nil {
		return nil
	}
	return v.shopSets[name]
}

func (v *view) newClass(c routes.Class) *class {
	if v != nil && v.classes[c.Name] != nil {
		return &class{Class: c, budget: v.classes[c.Name].budget}
	}
	return &class{Class: c, budget: &limit.Budget{}}
}

// class finds the policy; a class without a row has that of routes.DefaultClass.
func (v *view) class(name string) *class {
	if c := v.classes[name]; c != nil {
		return c
	}
	if c, found := v.others.Load(name); found {
		return c.(*class)
	}
	c, _ := v.others.LoadOrStore(name, &class{Class: routes.DefaultClass(name), budget: &limit.Budget{}})
	return c.(*class)
}

func (s *shopSet) lane(m *metrics, class string) *lane {
	if l, found := s.lanes.Load(class); found {
		return l.(*lane)
	}
	l, _ := s.lanes.LoadOrStore(class, m.lane(s.Name, s.tier, class))
	return l.(*lane)
}
