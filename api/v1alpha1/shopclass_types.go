package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SpreadMode says how much a level of failure domains matters.
//
// +kubebuilder:validation:Enum=Required;Preferred
type SpreadMode string

const (
	// SpreadRequired is kept whatever it costs.
	SpreadRequired SpreadMode = "Required"
	// SpreadPreferred is kept where there is room.
	SpreadPreferred SpreadMode = "Preferred"
)

// Spread names a level of FailureDomains at which the ShopSets of one shop differ.
type Spread struct {
	// level as in FailureDomain.spec.level, for example platform, site or cluster.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Level string `json:"level"`
	// +kubebuilder:default=Required
	// +optional
	Mode SpreadMode `json:"mode,omitempty"`
}

// RateLimit bounds the requests of one shop at each edge. What is above gets 429 with Retry-After.
type RateLimit struct {
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	RequestsPerSecond int32 `json:"requestsPerSecond"`
	// burst that may come at once; empty means two seconds' worth.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	// +optional
	Burst int32 `json:"burst,omitempty"`
}

// EdgePolicy is how edges treat the shops of a class.
type EdgePolicy struct {
	// +optional
	RateLimit *RateLimit `json:"rateLimit,omitempty"`
	// maxInFlight is how many requests of this class one edge has open to one ShopSet before its
	// circuit opens.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	MaxInFlight int32 `json:"maxInFlight,omitempty"`
	// retryPercent is the retry budget: retries as a share of requests.
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +optional
	RetryPercent *int32 `json:"retryPercent,omitempty"`
	// connectTimeout bounds the time to connect to a ShopSet.
	// +kubebuilder:default="500ms"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('10ms') && duration(self) <= duration('60s')",message="connectTimeout must be between 10ms and 60s"
	// +optional
	ConnectTimeout *metav1.Duration `json:"connectTimeout,omitempty"`
	// responseTimeout bounds the time to the first byte of an answer; 0s means no bound.
	// +kubebuilder:default="30s"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s') && duration(self) <= duration('1h')",message="responseTimeout must be between 0s and 1h"
	// +optional
	ResponseTimeout *metav1.Duration `json:"responseTimeout,omitempty"`
}

// ShopClassSpec is the convention that spares everybody the choice of a ShopSet.
//
// +kubebuilder:validation:XValidation:rule="!has(self.spread) || self.spread.all(s, self.spread.filter(t, t.level == s.level).size() == 1)",message="spread names a level twice: keep one entry for each level"
type ShopClassSpec struct {
	// tier whose ShopSets serve these shops.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Tier string `json:"tier"`
	// domains is how many ShopSets hold each shop, each in another failure domain: 1 is no redundancy.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=5
	// +optional
	Domains int32 `json:"domains,omitempty"`
	// spread says at which levels the domains differ; empty means that the clusters do.
	// +kubebuilder:validation:MaxItems=8
	// +listType=atomic
	// +optional
	Spread []Spread `json:"spread,omitempty"`
	// weight is the load of one shop at its busiest, in requests per second; 50m is one in twenty seconds.
	// +kubebuilder:default="100m"
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self > 0 && self <= 1000000 : isQuantity(self) && quantity(self).isGreaterThan(quantity('0')) && quantity(self).compareTo(quantity('1M')) <= 0",message="weight must be above 0 and at most 1M (requests per second)"
	// +optional
	Weight *resource.Quantity `json:"weight,omitempty"`
	// priority: when capacity is short the classes of the smallest lose their redundancy first.
	// +kubebuilder:validation:Minimum=-1000000
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	Priority int32 `json:"priority,omitempty"`
	// buckets is how many placement groups the class is divided into: a power of two. Doubling
	// splits each group where it is.
	// +kubebuilder:default=64
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65536
	// +kubebuilder:validation:XValidation:rule="self in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]",message="buckets must be a power of two: 1, 2, 4, … 65536"
	// +kubebuilder:validation:XValidation:rule="self >= oldSelf",message="buckets can only grow: shops that are apart cannot be put together without moving some"
	// +optional
	Buckets int32 `json:"buckets,omitempty"`
	// +kubebuilder:default={}
	// +optional
	Edge EdgePolicy `json:"edge,omitempty"`
}

// ShopClassStatus says how the shops of the class stand.
type ShopClassStatus struct {
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// +optional
	Shops int32 `json:"shops,omitempty"`
	// redundant shops have as many domains as the class asks for, and served ones at least one.
	// +optional
	Redundant int32 `json:"redundant,omitempty"`
	// +optional
	Served int32 `json:"served,omitempty"`
}

// ShopClass is a class of shops: their tier, over how many failure domains they are spread, and how
// edges treat them.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=shopclasses,shortName=sc,categories=shopset
// +kubebuilder:printcolumn:name="Tier",type=string,JSONPath=`.spec.tier`
// +kubebuilder:printcolumn:name="Domains",type=integer,JSONPath=`.spec.domains`
// +kubebuilder:printcolumn:name="Shops",type=integer,JSONPath=`.status.shops`
// +kubebuilder:printcolumn:name="Redundant",type=integer,JSONPath=`.status.redundant`
// +kubebuilder:printcolumn:name="Served",type=integer,JSONPath=`.status.served`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63",message="the name must be a DNS label: lower-case letters, digits and -, at most 63 characters"
type ShopClass struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ShopClassSpec   `json:"spec"`
	Status ShopClassStatus `json:"status,omitempty"`
}

// ShopClassList is a list of ShopClasses.
//
// +kubebuilder:object:root=true
type ShopClassList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ShopClass `json:"items"`
}
