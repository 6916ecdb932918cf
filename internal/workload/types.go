package workload

import (
	"maps"
	"slices"
	"time"

	"shopset.dev/shopset/internal/edgestatus"
)

// Target is a cluster to be observed.
type Target struct {
	// Cluster is the name of the WorkloadCluster.
	Cluster string
	// Secret, in the fleet's namespace, has the kubeconfig.
	Secret string
	// EntryService is the name of the Service through which ShopSets are entered.
	EntryService string
	// EdgeNamespace is where edges leave their statuses; empty if none run on the cluster.
	EdgeNamespace string
}

// Seen is what is known of a cluster.
type Seen struct {
	// At is when the API server was last asked; zero if it never was.
	At time.Time
	// Reachable is the result, and Since when it was first that without another in between.
	Reachable bool
	Since     time.Time
	// InARow counts the attempts with that result.
	InARow int
	// Problem says in words why it is not reachable. Local says the same if the reason is on our
	// side, whatever the cluster does.
	Problem, Local string
	// Unwatched says in words why Services or edge statuses cannot be watched although the API
	// server answers; empty if they can.
	Unwatched string
	// Listed is true once Addresses are those of the cluster, and not of a time before.
	Listed bool
	// Addresses of the entry Service by namespace: host:port, sorted. Of a Service that has none yet
	// the list is empty.
	Addresses map[string][]string
	// Edges by name of their ConfigMap.
	Edges []Edge
}

// Edge is what one edge told.
type Edge struct {
	// ConfigMap that it told it in.
	ConfigMap string
	// Received is when it told, by our clock.
	Received time.Time
	Status   edgestatus.Status
}

// clone keeps what is handed out apart from what goes on changing.
func (s Seen) clone() Seen {
	s.Addresses = maps.Clone(s.Addresses)
	s.Edges = slices.Clone(s.Edges)
	return s
}
