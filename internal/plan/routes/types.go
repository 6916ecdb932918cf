package routes

// Table is all that an edge needs to know.
type Table struct {
	// Epoch grows with every change. An edge never goes back to a smaller one.
	Epoch int64
	// Shrunk acknowledges that the table of this epoch is much smaller than the one before. An edge
	// refuses a large shrink without it; see Shrinks.
	Shrunk bool
	// ShrunkEpoch is the last epoch at which a shrink was acknowledged, 0 if none ever was. It is
	// carried from table to table (Succeed does), for an edge that was away at that epoch. If Shrunk
	// is set it counts as Epoch.
	ShrunkEpoch int64
	Hosts       []Host
	Groups      []Group
	ShopSets    []ShopSet
	Classes     []Class
}

// Host is a row of table A. Name is normalised; see NormalizeHost.
type Host struct {
	Name, Shop, Group string
}

// Group is a row of table B: the ShopSets that hold a placement group, the serving one first. The
// name begins with the class: "<class>/<bucket>" or "<class>/@<shop>".
type Group struct {
	Name     string
	ShopSets []string
}

// State is what an edge may do with a ShopSet.
type State string

const (
	// Active is used as the groups say.
	Active State = "Active"
	// Drained gets no new request as long as another ShopSet of the group answers.
	Drained State = "Drained"
)

// ShopSet is a row of table C.
type ShopSet struct {
	Name, Tier, Cluster string
	// Domain is the path of failure domains, outermost first, joined with /.
	Domain string
	State  State
	// Addresses are host:port of its entry; plain HTTP. Empty while none is known.
	Addresses []string
}

// Class is how an edge treats the shops of a class. Zero values switch a limit off, but for
// ConnectMillis and RetryPercent. A class that has no row is treated as DefaultClass says.
type Class struct {
	Name string
	// RatePerSecond and Burst bound the requests of one shop.
	RatePerSecond, Burst int
	// MaxInFlight opens the circuit of a ShopSet for this class.
	MaxInFlight int
	// RetryPercent is the retry budget: retries as a share of the requests of the last ten seconds.
	// A few retries a second are always allowed, even at 0.
	RetryPercent int
	// ConnectMillis bounds the time to connect (0: as DefaultClass), ResponseMillis the time to the
	// first byte of an answer.
	ConnectMillis, ResponseMillis int
}

// Override is a row that wins over table B until it expires. It is not kept in Git: a person sets
// it with kubectl on an edge's cluster when everything else is out of reach.
type Override struct {
	// Match is a host, a group, or "shopset:<name>" for whatever that ShopSet serves.
	Match string
	// ShopSets serve instead, in this order.
	ShopSets []string
	// Until is when the row ends, in RFC 3339.
	Until         string
	Owner, Reason string
}
