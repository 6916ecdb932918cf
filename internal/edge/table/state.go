package table

import (
	"strings"
	"time"

	"shopset.dev/shopset/internal/plan/routes"
)

// State is all that decides where a request goes. It never changes, but for counters.
type State struct {
	Table     *Table
	Overrides *Overrides
	// Source and Since say where the table came from, and since when it is in force.
	Source string
	Since  time.Time
}

// Route is where a request goes. Its strings belong to the caller.
type Route struct {
	Shop, Group, Class string
	// ShopSets in the order in which they are to be tried; parts of a string of their own.
	ShopSets []string
	// Override is the row that decided, or nil.
	Override *Override
}

// Route finds the way for a normalised host.
func (s *State) Route(host string, now time.Time) (Route, bool) {
	group, shop, found := s.Table.Host(host)
	if !found {
		return Route{}, false
	}
	list, _ := s.Table.Group(group) // a compiled table has every group that it names
	// A long request must not keep an old table in memory: one string of its own, cut in three.
	whole := strings.Join([]string{group, shop, list}, " ")
	r := Route{Group: whole[:len(group)], Shop: whole[len(group)+1 : len(group)+1+len(shop)]}
	r.Class = routes.ClassOf(r.Group)
	list = whole[len(group)+len(shop)+2:]
	serving, _, _ := strings.Cut(list, ",")
	if r.Override = s.Overrides.decide(host, group, serving, now); r.Override != nil {
		r.ShopSets = r.Override.use
		return r, true
	}
	r.ShopSets = strings.Split(list, ",")
	return r, true
}
