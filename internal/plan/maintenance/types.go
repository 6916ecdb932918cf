package maintenance

import (
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/evidence"
	"shopset.dev/shopset/internal/plan/placement"
	"shopset.dev/shopset/internal/plan/routes"
)

// Quiet is how long no request must have come before a cluster counts as drained.
const Quiet = 5 * time.Second

// Traffic is what one edge sends to one ShopSet.
type Traffic struct {
	ShopSet string
	// InFlight requests now, and when the last one began; zero if none ever did.
	InFlight int
	Last     time.Time
}

// Edge is what one edge last told.
type Edge struct {
	Name string
	// At is when it told; older than evidence.FreshFor does not count.
	At time.Time
	// Epoch of the table that it uses.
	Epoch    int64
	ShopSets []Traffic
}

// Input is everything that a maintenance depends on.
type Input struct {
	Now         time.Time
	Maintenance v1alpha1.ClusterMaintenance
	// Objects with every ClusterMaintenance; the Shops may be left out.
	Objects convention.Objects
	// Placement is the planner's input as things are, without this maintenance: Homes and its States
	// are added in here.
	Placement placement.Input
	// Today is the table in Git, and Commit the commit of branch main that has it.
	Today  routes.Table
	Commit string
	// Before are the groups of the table at status.before; not needed while that is empty.
	Before   []routes.Group
	Verdicts evidence.Verdicts
	Edges    []Edge
}

// Surge is a ShopSet to be created for a while.
type Surge struct {
	Name string
	Spec v1alpha1.ShopSetSpec
}

// Decision is what to do now. Write Status first, and carry out the rest only once it is written:
// then a kill at any moment loses nothing.
type Decision struct {
	// Status is the whole new status but for its conditions.
	Status v1alpha1.ClusterMaintenanceStatus
	// ClusterState is what holds for the cluster meanwhile, and States what follows for ShopSets:
	// for shops.World, and for people.
	ClusterState placement.State
	States       map[string]placement.State
	// Homes of the groups that are to return.
	Homes map[string][]string
	// Placements are where every group shall be now: at most one step from today's table. Nil means
	// that this maintenance has no wish, and the ordinary plan applies.
	Placements []placement.Placement
	// Plan is the whole of what is ahead in this phase.
	Plan *placement.Plan
	// Create and Remove are ShopSets that stand in.
	Create []Surge
	Remove []string
	// Done: nothing will ever be asked again.
	Done bool
	// Again is when to look again; zero if a change of the input will tell.
	Again time.Time
}
