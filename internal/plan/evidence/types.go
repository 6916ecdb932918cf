package evidence

import (
	"time"

	"shopset.dev/shopset/internal/plan/placement"
)

// State is what is believed of a cluster or a ShopSet.
type State string

const (
	// Up takes load.
	Up State = "Up"
	// Unknown: the sides disagree, or too few of them can be asked. It keeps what it has.
	Unknown State = "Unknown"
	// Down: all sides have missed it for long enough.
	Down State = "Down"
	// Returning answers again, and has not done so for long enough to be given new load.
	Returning State = "Returning"
)

// FreshFor is how old the status of an edge may be to count.
const FreshFor = 30 * time.Second

// API is what the control plane sees of a cluster's API server.
type API struct {
	Cluster string
	// Reachable is the result of the last attempt, made At. A zero At means that none was made.
	Reachable bool
	At        time.Time
	// Since is when that result was first seen without another in between.
	Since time.Time
	// Problem says in words why it is not reachable.
	Problem string
	// Local says that the problem is on our side, whatever the cluster does: DNS, credentials, a
	// certificate. It is in words, and empty otherwise.
	Local string
	// ArgoCD is Argo CD's opinion of its connection, in words, for people; empty if it has none.
	ArgoCD string
}

// View is what one edge sees of one ShopSet.
type View struct {
	ShopSet string
	Healthy bool
	Since   time.Time
	Reason  string
}

// Edge is what one edge last told.
type Edge struct {
	Name string
	// At is when it told; zero if it never did.
	At time.Time
	// Cluster that it runs on, if known.
	Cluster  string
	ShopSets []View
}

// Limits are those of Fleet.spec.routing; zero values mean its defaults.
type Limits struct {
	DownAfter, UpAfter time.Duration
	FreezeAbove        int
}

// Input is everything that is observed, and what was believed before.
type Input struct {
	Now      time.Time
	Limits   Limits
	Domains  []placement.Domain
	Clusters []placement.Cluster
	// ShopSets need only Name, Tier and Cluster.
	ShopSets []placement.ShopSet
	APIs     []API
	// Edges are all that are known to exist. A fleet without any is judged by API servers alone,
	// and then nothing of it is ever Down.
	Edges []Edge
	// Away are clusters that people have emptied: that they are missed says nothing about others,
	// and does not count against FreezeAbove.
	Away   []string
	Before Verdicts
}

// Verdict is what is believed of one cluster or ShopSet.
type Verdict struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	// Since is when the state began.
	Since time.Time `json:"since"`
	// Reason in words.
	Reason string `json:"reason"`
	// MissedSince is since when all who must agree have missed it without a break, HeardSince since
	// when they have not, SeenSince since when everybody has seen it. DoubtedSince is when the first
	// of a row of doubts began. Each is zero while it does not apply.
	MissedSince  time.Time `json:"missedSince,omitzero"`
	HeardSince   time.Time `json:"heardSince,omitzero"`
	SeenSince    time.Time `json:"seenSince,omitzero"`
	DoubtedSince time.Time `json:"doubtedSince,omitzero"`
	// New has never been Up: it need not prove itself when it is first seen.
	New bool `json:"new,omitempty"`
}

// Verdicts are what is believed now. They can be stored as JSON; who loses them loses holding times.
type Verdicts struct {
	// Clusters and ShopSets by name.
	Clusters []Verdict `json:"clusters,omitempty"`
	ShopSets []Verdict `json:"shopSets,omitempty"`
	// DownDomains are the outermost domains all of whose clusters are down.
	DownDomains []string `json:"downDomains,omitempty"`
	// Frozen says why nothing is to be placed anew; empty otherwise.
	Frozen string `json:"frozen,omitempty"`
	// NextLook is when the verdicts change if the observations do not; zero for never.
	NextLook time.Time `json:"-"`
}
