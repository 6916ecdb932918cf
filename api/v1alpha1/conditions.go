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
)
