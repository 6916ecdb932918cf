package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PromotionMode says how a proven release enters a Tier.
//
// +kubebuilder:validation:Enum=Automatic;Manual
type PromotionMode string

const (
	// PromotionAutomatic lets a release in as soon as the Tier below has proven it.
	PromotionAutomatic PromotionMode = "Automatic"
	// PromotionManual waits for a Promotion object that asks for it.
	PromotionManual PromotionMode = "Manual"
)

// TierPhase is where a Tier stands with its release.
type TierPhase string

const (
	// TierEmpty has no release yet.
	TierEmpty TierPhase = "Empty"
	// TierUpdating has a release that is not yet live on all ShopSets.
	TierUpdating TierPhase = "Updating"
	// TierSoaking has a release live and healthy everywhere, for less than the soak time.
	TierSoaking TierPhase = "Soaking"
	// TierProven has passed every gate: its release may go up.
	TierProven TierPhase = "Proven"
	// TierDegraded runs a release that is unhealthy or did not become live in time.
	TierDegraded TierPhase = "Degraded"
	// TierBlocked cannot be judged or changed: something must be repaired first.
	TierBlocked TierPhase = "Blocked"
)

// Hold keeps a Tier at the release that it runs.
type Hold struct {
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Reason string `json:"reason"`
	// owner is who to ask.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Owner string `json:"owner,omitempty"`
	// until ends the hold by itself.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
}

// Gates are what a release must pass on a Tier before it counts as proven there.
type Gates struct {
	// soak is how long all ShopSets must have been live and healthy.
	// +kubebuilder:default="0s"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s')",message="soak must not be negative"
	// +optional
	Soak *metav1.Duration `json:"soak,omitempty"`
	// settle is how long a ShopSet must have been Healthy without a break to count as healthy.
	// +kubebuilder:default="2s"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s')",message="settle must not be negative"
	// +optional
	Settle *metav1.Duration `json:"settle,omitempty"`
	// progressDeadline is how long a release may take to become live before it counts as degraded.
	// +kubebuilder:default="5m"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s')",message="progressDeadline must be at least 1s"
	// +optional
	ProgressDeadline *metav1.Duration `json:"progressDeadline,omitempty"`
}

// TierSpec places a Tier on the ladder.
//
// +kubebuilder:validation:XValidation:rule="self.level == oldSelf.level",message="level is immutable: it is the name of the Tier's branch; create another Tier and move the ShopSets"
type TierSpec struct {
	// level orders the Tiers; the lowest gets every change first. Leave gaps (0, 10, 20) to insert later.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	Level int32 `json:"level"`
	// promotion says how a proven release of the Tier below enters this one.
	// +kubebuilder:default=Automatic
	// +optional
	Promotion PromotionMode `json:"promotion,omitempty"`
	// gates are passed on this Tier before its release may go up.
	// +kubebuilder:default={}
	// +optional
	Gates Gates `json:"gates,omitempty"`
	// hold lets nothing enter this Tier while it is in force.
	// +optional
	Hold *Hold `json:"hold,omitempty"`
}

// ProvenRelease is the newest release that passed all gates of a Tier.
type ProvenRelease struct {
	Release `json:",inline"`
	At      metav1.MicroTime `json:"at"`
	// evidence is what each gate said.
	// +kubebuilder:validation:MaxItems=20
	// +optional
	Evidence []string `json:"evidence,omitempty"`
}

// TierStatus is where the Tier stands and why.
type TierStatus struct {
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// +optional
	Phase TierPhase `json:"phase,omitempty"`
	// branch of this Tier, in both repositories.
	// +optional
	Branch string `json:"branch,omitempty"`
	// systemCommit is the head of the branch in the system repository.
	// +optional
	SystemCommit string `json:"systemCommit,omitempty"`
	// +optional
	Release *Release `json:"release,omitempty"`
	// shortRelease is the release's apps commit, eight digits.
	// +optional
	ShortRelease string `json:"shortRelease,omitempty"`
	// live is "x/y": ShopSets that run the release, of all in the Tier.
	// +optional
	Live string `json:"live,omitempty"`
	// since is when the release entered this Tier.
	// +optional
	Since *metav1.MicroTime `json:"since,omitempty"`
	// healthySince is when all ShopSets had become live and healthy: the soak clock.
	// +optional
	HealthySince *metav1.MicroTime `json:"healthySince,omitempty"`
	// proven is the newest release that passed every gate here.
	// +optional
	Proven *ProvenRelease `json:"proven,omitempty"`
	// queued is a newer apps commit that waits to enter.
	// +optional
	Queued string `json:"queued,omitempty"`
	// reason says in one sentence what the Tier waits for.
	// +optional
	Reason string `json:"reason,omitempty"`
}

// Tier is a level of update: all its ShopSets run the same release, which every lower Tier has proven.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=ti,categories=shopset
// +kubebuilder:printcolumn:name="Level",type=integer,JSONPath=`.spec.level`
// +kubebuilder:printcolumn:name="Release",type=string,JSONPath=`.status.shortRelease`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Live",type=string,JSONPath=`.status.live`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.since`
// +kubebuilder:printcolumn:name="Queued",type=string,JSONPath=`.status.queued`,priority=1
// +kubebuilder:printcolumn:name="Branch",type=string,JSONPath=`.status.branch`,priority=1
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.reason`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63",message="the name must be a DNS label: lower-case letters, digits and -, at most 63 characters"
type Tier struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   TierSpec   `json:"spec"`
	Status TierStatus `json:"status,omitempty"`
}

// TierList is a list of Tiers.
//
// +kubebuilder:object:root=true
type TierList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Tier `json:"items"`
}
