package shops

import (
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/placement"
	"shopset.dev/shopset/internal/plan/routes"
)

// DefaultCapacity is that of a ShopSet whose object names none: 1,000 requests per second.
const DefaultCapacity = 1_000_000

// DefaultWeight is that of a shop where neither it nor its class names one: a tenth of a request
// per second.
const DefaultWeight = 100

// HeavyFactor: a shop of that many times the weight of its class is a group of its own.
const HeavyFactor = 10

// Shop is what became of a Shop object.
type Shop struct {
	Name string
	// Class and Group are those that it is served in; empty if it is not routed. They are not those
	// of the object if Kept.
	Class, Group string
	// Hosts are normalised and its own alone, in the order of the object.
	Hosts []string
	// Weight in thousandths of a request per second.
	Weight int64
	// Kept says that the object is broken, and that the shop stays as today's table has it.
	Kept bool
}

// Group is a placement group.
type Group struct {
	Name, Class string
	// Weight is the sum over its shops, in thousandths of a request per second.
	Weight int64
	Shops  int
	// Pin and Avoid are those of its only shop.
	Pin, Avoid []string
	// Current are the ShopSets that hold it today, the serving one first: its row, or where most
	// of its load was before its shops became a group (buckets were doubled, or a shop got a
	// group of its own).
	Current []string
}

// Resolved is what the Shop objects amount to.
type Resolved struct {
	// Shops by name: all that are routed, and no others.
	Shops []Shop
	// Groups by name.
	Groups []Group
	// Classes are those of the groups, by name: also such as are gone while shops are still
	// served in them.
	Classes []placement.Class
	// Findings of shops, ordered.
	Findings []convention.Finding
}

// World is what a placement depends on besides the objects.
type World struct {
	// Today is the table as it is in Git.
	Today routes.Table
	// States of ShopSets by name, from evidence and from maintenances; of several for one ShopSet
	// the most severe holds, also against what the objects say. A ShopSet that is missing has
	// nothing against it.
	States []map[string]placement.State
	// Homes are where groups were before they were displaced for a while, by group.
	Homes map[string][]string
	// Freeze and Rebalance are handed on to the planner.
	Freeze    string
	Rebalance bool
}
