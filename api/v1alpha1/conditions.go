package v1alpha1

// Condition types shared by every kind, after the kstatus convention: Ready is
// always present, Reconciling and Stalled only while they are true.
const (
	ConditionReady       = "Ready"
	ConditionReconciling = "Reconciling"
	ConditionStalled     = "Stalled"
)

// Condition types of single kinds.
const (
	// ConditionOrderViolated is True on a Tier that runs something the Tier below never ran.
	ConditionOrderViolated = "OrderViolated"
	// ConditionHandEdited is True on a ShopSet or Configuration whose file in Git was changed by
	// a person. The edit is kept until the object's spec changes.
	ConditionHandEdited = "HandEdited"
	// ConditionReachable of a WorkloadCluster tells whether its API server answers. Unknown also
	// stands for a reason on our side.
	ConditionReachable = "Reachable"
	// ConditionServing of a WorkloadCluster or ShopSet is what all sides together say of it: its
	// reason is Up, Returning, Unknown or Down.
	ConditionServing = "Serving"
	// ConditionPlaced of a Fleet tells whether the routing table in Git is what the objects ask for.
	ConditionPlaced = "Placed"
)

// Finalizer keeps an object until what was written for it is out of Git.
const Finalizer = "shopset.dev/git"

// Labels that mark what belongs to a ShopSet, on every object of the ShopSet,
// its pods and its Argo CD Application.
const (
	LabelFleet   = "shopset.dev/fleet"
	LabelTier    = "shopset.dev/tier"
	LabelShopSet = "shopset.dev/shopset"
	LabelCluster = "shopset.dev/cluster"
	// LabelMaintenance is on ShopSets that stand in while a cluster is emptied, and names the
	// ClusterMaintenance.
	LabelMaintenance = "shopset.dev/maintenance"
)
