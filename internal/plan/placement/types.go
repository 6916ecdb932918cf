package placement

// State says what a ShopSet, because of itself or of its cluster, may do.
type State string

const (
	// Active takes new load.
	Active State = "Active"
	// Cordoned keeps what it has and takes nothing new. So does one of which it is unknown
	// whether it serves.
	Cordoned State = "Cordoned"
	// Draining serves still, and all that it has shall go elsewhere.
	Draining State = "Draining"
	// Down serves nothing: what it has must be served elsewhere now.
	Down State = "Down"
)

// Domain is a node of the tree of what fails together. A cluster is a domain at the level "cluster"
// by itself, unless a Domain around it has that level. Where a level is asked for that nothing around
// a cluster has, the cluster counts as its own domain there.
type Domain struct {
	Name string
	// Parent is empty at the top.
	Parent string
	// Level names the kind of domain: platform, site, cluster.
	Level string
}

// Cluster bounds what its ShopSets take together.
type Cluster struct {
	Name string
	// Domain is the innermost Domain that the cluster is in.
	Domain string
	// Capacity in thousandths of a request per second; 0 means no bound but that of its ShopSets.
	Capacity int64
}

// ShopSet can take groups.
type ShopSet struct {
	Name, Tier, Cluster string
	// Capacity in thousandths of a request per second; 0 takes nothing.
	Capacity int64
	State    State
	// Dedicated takes only groups that are pinned to it.
	Dedicated bool
}

// Spread says that the ShopSets of one group differ in their Domain at a level.
type Spread struct {
	Level string
	// Required is kept whatever it costs; otherwise it is a preference.
	Required bool
}

// Class is what the groups of one ShopClass have in common.
type Class struct {
	Name, Tier string
	// Copies is how many ShopSets shall hold each group; at least 1. The first one serves, the
	// others take over, in their order, when those before them do not answer.
	Copies int
	// Spread, where empty, means that the clusters differ. So it does where all levels are preferred
	// and none of them is the cluster.
	Spread []Spread
	// Priority: when capacity is short the classes of the smallest lose their redundancy first,
	// and then their place.
	Priority int
}

// Group is what is placed: a bucket of a class, or a single shop that is heavy, pinned or avoids
// something.
type Group struct {
	Name, Class string
	// Weight is the load, in thousandths of a request per second.
	Weight int64
	// Shops is how many shops are in it; it only serves to tell people how many are concerned.
	Shops int
	// Current are the ShopSets that hold it today, the serving one first. Names that no longer
	// exist count as gone.
	Current []string
	// Home are the ShopSets that it was displaced from for a while, in their order then. It returns
	// as soon as they take load.
	Home []string
	// Pin, if any, are the only ShopSets that may hold it. A group pinned to fewer than its class
	// has copies is content with those.
	Pin []string
	// Avoid names Domains, clusters and ShopSets that must not hold it.
	Avoid []string
}

// Input is everything that a placement depends on. The order of its slices does not matter.
type Input struct {
	Domains  []Domain
	Clusters []Cluster
	ShopSets []ShopSet
	Classes  []Class
	Groups   []Group
	// Freeze, if not empty, says why nothing may be moved now: the plan then keeps every group
	// where it is and places only those that have no place at all yet.
	Freeze string
	// Rebalance allows moves which only improve balance or headroom; without it groups move only
	// if they must.
	Rebalance bool
}

// Placement is where a group shall be.
type Placement struct {
	Group string
	// ShopSets, the serving one first; empty for a group in Unplaced of which nothing is left. A ShopSet
	// that is Down stays listed, last, as long as nothing can replace it: it counts as debt, and serves
	// again when it comes back.
	ShopSets []string
}

// Move is one copy of a group that comes to a ShopSet which does not hold it today.
type Move struct {
	Group, From, To string // From is empty for a copy that the group did not have
	Shops           int
	Weight          int64
	// Must is true if hard constraints leave no choice but to leave From.
	Must   bool
	Reason string
}

// Switch is a group that another of its present ShopSets shall serve: no data moves, only traffic.
type Switch struct {
	Group, From, To string
	Shops           int
	Weight          int64
	Reason          string
}

// Debt is a group that is served with fewer ShopSets than its class asks for.
type Debt struct {
	Group   string
	Missing int
	Shops   int
	Weight  int64
	Reason  string
}

// Unplaced is a group that no ShopSet serves.
type Unplaced struct {
	Group  string
	Shops  int
	Weight int64
	Reason string
}

// Headroom says what happens in one tier if one Domain dies: the load that it served spills over
// to the next in order.
type Headroom struct {
	Tier, Level, Domain string
	// Spilled is the load served in the Domain today, and Lost the part of it that has no other place.
	Spilled, Lost int64
	// Shortfall is by how much the survivors would be above their capacity, all together, their
	// clusters included, and Worst the ShopSet that is most above it (empty if none is).
	Shortfall int64
	Worst     string
	// Free is the capacity that the survivors of the tier have left afterwards.
	Free int64
}

// Finding is a problem of the input that leaves something out of the plan.
type Finding struct {
	// Kind and Name of the object, and the field in it.
	Kind, Name, Field string
	Problem, Next     string
}

// Shortage explains why a class cannot be placed as it asks: the cut that limits it.
type Shortage struct {
	Class string
	// Missing is the load, in thousandths of a request per second, that has no place, or no
	// place for one of its copies.
	Missing int64
	// Message says it for people: what is full, what is excluded and why, what would help.
	Message string
}

// Plan is what to do and why. Every slice is in a total, stable order.
type Plan struct {
	Placements []Placement
	Moves      []Move
	Switches   []Switch
	Debts      []Debt
	Unplaced   []Unplaced
	Headroom   []Headroom
	Shortages  []Shortage
	Findings   []Finding
	// MustMove is a lower bound: how many copies had to move whatever one does, and their weight.
	MustMove       int
	MustMoveWeight int64
	// Loads are what each ShopSet serves under the plan, by name, in thousandths of a request per second.
	Loads []Load
	// Frozen repeats why nothing was moved; empty otherwise.
	Frozen string
}

// Load is what one ShopSet serves, and what it would serve in the worst loss of one Domain.
type Load struct {
	ShopSet                  string
	Serving, Worst, Capacity int64
	// WorstDomain is the Domain whose loss brings the worst load.
	WorstDomain string
}
