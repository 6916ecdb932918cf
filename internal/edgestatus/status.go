// Package edgestatus holds what an edge says of itself: on its status page, and in the ConfigMap
// by which the controller learns what the edges see. It depends on nothing, so that whoever reads
// a status needs no more than its type.
package edgestatus

import "time"

const (
	// LabelKey marks the ConfigMaps that edges write, with the value "true".
	LabelKey = "shopset.dev/edge-status"
	// DataKey is the key of such a ConfigMap that holds the JSON of a Status.
	DataKey = "status.json"
	// NamePrefix comes before the name of the edge in the name of the ConfigMap.
	NamePrefix = "shopset-edge-status-"
	// MaxBytes bounds the JSON in a ConfigMap.
	MaxBytes = 200 << 10
	// Every is how often an edge writes at least. A status that is several times older is no
	// evidence of anything.
	Every = 10 * time.Second
)

// Status is what one edge knows at one moment.
type Status struct {
	// Edge is the name of the edge.
	Edge string `json:"edge"`
	// Time is when the edge said so, by its own clock.
	Time time.Time `json:"time"`
	// Ready is true once the edge has a table.
	Ready bool `json:"ready"`
	// Panic is true while more than half of the ShopSets look down to this edge, which then
	// suspects itself.
	Panic bool  `json:"panic,omitempty"`
	Table Table `json:"table"`
	// Overrides in the order of the file, those that have expired too.
	Overrides []Override `json:"overrides,omitempty"`
	// ShopSets by name.
	ShopSets []ShopSetStatus `json:"shopSets,omitempty"`
	// Truncated is true if something was left out to stay below MaxBytes.
	Truncated bool `json:"truncated,omitempty"`
}

// Table says which routing table is in force.
type Table struct {
	Epoch int64 `json:"epoch"`
	// Source is where it came from: a directory, a namespace, or the disk of the edge.
	Source string `json:"source,omitempty"`
	// LoadedAt is when it was put in force, AgeSeconds how long that is ago.
	LoadedAt   time.Time `json:"loadedAt,omitzero"`
	AgeSeconds int64     `json:"ageSeconds"`
	Rows       Rows      `json:"rows"`
	// Waiting says what a set of files that is about to be read still lacks.
	Waiting string `json:"waiting,omitempty"`
	// Trouble says why the source cannot be read; the table in force stays meanwhile.
	Trouble string `json:"trouble,omitempty"`
	// Refused is the last table that was not taken; nil once a table was taken after it.
	Refused *Refused `json:"refused,omitempty"`
	// Notice is what a person should know about the table in force, such as an edit by hand.
	Notice string `json:"notice,omitempty"`
}

// Rows counts the rows of each table.
type Rows struct {
	Hosts    int `json:"hosts"`
	Groups   int `json:"groups"`
	ShopSets int `json:"shopSets"`
	Classes  int `json:"classes"`
}

// Refused says why a table was not taken.
type Refused struct {
	// Reason is torn, stale, corrupt, empty, shrunken, unreadable or override.
	Reason  string    `json:"reason"`
	Message string    `json:"message"`
	At      time.Time `json:"at"`
}

// Override is a row of the override table.
type Override struct {
	Match    string    `json:"match"`
	ShopSets []string  `json:"shopSets"`
	Until    time.Time `json:"until"`
	Owner    string    `json:"owner"`
	Reason   string    `json:"reason"`
	// Expired rows have no effect any more.
	Expired bool `json:"expired,omitempty"`
	// Problem says why the row has no effect although it has not expired.
	Problem string `json:"problem,omitempty"`
	// Requests that the row has decided since it was read.
	Requests int64 `json:"requests"`
}

// ShopSetStatus is what the edge sees of one ShopSet.
type ShopSetStatus struct {
	Name    string `json:"name"`
	Healthy bool   `json:"healthy"`
	// Unprobed: the edge does not know yet, or has no address to ask.
	Unprobed bool `json:"unprobed,omitempty"`
	// Since is when it became so.
	Since time.Time `json:"since,omitzero"`
	// Reason says why it is not healthy, or what limits it.
	Reason string `json:"reason,omitempty"`
	// Drained repeats the state of the table.
	Drained bool `json:"drained,omitempty"`
	// InFlight are the requests that this edge has open there.
	InFlight int64 `json:"inFlight"`
	// LastRequest is when this edge last began or ended a request there; zero if it never did.
	LastRequest time.Time `json:"lastRequest,omitzero"`
}
