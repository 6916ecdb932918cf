package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PromotionPhase is how far a Promotion has come.
type PromotionPhase string

const (
	// PromotionPending waits for the gates or for its turn.
	PromotionPending PromotionPhase = "Pending"
	// PromotionPushed is in Git and not yet live.
	PromotionPushed PromotionPhase = "Pushed"
	// PromotionLive is live and healthy on all ShopSets of the Tier.
	PromotionLive PromotionPhase = "Live"
	// PromotionProven has passed all gates of the Tier.
	PromotionProven PromotionPhase = "Proven"
	// PromotionFailed was unhealthy on the Tier.
	PromotionFailed PromotionPhase = "Failed"
	// PromotionSuperseded made room for a newer release before it was proven.
	PromotionSuperseded PromotionPhase = "Superseded"
	// PromotionRefused can never be carried out; the message says why.
	PromotionRefused PromotionPhase = "Refused"
)

// PromotionSpec asks that a release enter a Tier.
//
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a Promotion's spec is immutable: create another Promotion"
type PromotionSpec struct {
	// tier that the release shall enter.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Tier string `json:"tier"`
	// apps is the apps commit (at least seven digits); empty means what the Tier below has proven.
	// +kubebuilder:validation:Pattern=`^([0-9a-f]{7,40})?$`
	// +optional
	Apps string `json:"apps,omitempty"`
	// reason is kept in the commit.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Reason string `json:"reason,omitempty"`
}

// PromotionStatus records what happened.
type PromotionStatus struct {
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// +optional
	Phase PromotionPhase `json:"phase,omitempty"`
	// from is the Tier the release was proven on; empty at the lowest Tier.
	// +optional
	From string `json:"from,omitempty"`
	// +optional
	Release *Release `json:"release,omitempty"`
	// +optional
	ShortRelease string `json:"shortRelease,omitempty"`
	// commit of the system repository that carried it out.
	// +optional
	Commit string `json:"commit,omitempty"`
	// actor who made that commit.
	// +optional
	Actor string `json:"actor,omitempty"`
	// evidence is what each gate said.
	// +kubebuilder:validation:MaxItems=20
	// +optional
	Evidence []string `json:"evidence,omitempty"`
	// message says in one sentence where it stands.
	// +optional
	Message string `json:"message,omitempty"`
	// +optional
	GatesPassedAt *metav1.MicroTime `json:"gatesPassedAt,omitempty"`
	// +optional
	PushedAt *metav1.MicroTime `json:"pushedAt,omitempty"`
	// +optional
	LiveAt *metav1.MicroTime `json:"liveAt,omitempty"`
	// +optional
	ProvenAt *metav1.MicroTime `json:"provenAt,omitempty"`
}

// Promotion is a request to move a release to a Tier, and the record of what happened.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=promo,categories=shopset
// +kubebuilder:printcolumn:name="From",type=string,JSONPath=`.status.from`
// +kubebuilder:printcolumn:name="To",type=string,JSONPath=`.spec.tier`
// +kubebuilder:printcolumn:name="Release",type=string,JSONPath=`.status.shortRelease`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Actor",type=string,JSONPath=`.status.actor`,priority=1
// +kubebuilder:printcolumn:name="Pushed",type=date,JSONPath=`.status.pushedAt`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.message`
type Promotion struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   PromotionSpec   `json:"spec"`
	Status PromotionStatus `json:"status,omitempty"`
}

// PromotionList is a list of Promotions.
//
// +kubebuilder:object:root=true
type PromotionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Promotion `json:"items"`
}
