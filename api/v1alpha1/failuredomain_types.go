package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// FailureDomainSpec is a node of the tree of what fails together.
type FailureDomainSpec struct {
	// parent is the FailureDomain around this one; empty at the top.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Parent string `json:"parent,omitempty"`
	// level names the kind of domain, for example platform, site or cluster.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Level string `json:"level"`
}

// FailureDomainStatus says what is inside the domain.
type FailureDomainStatus struct {
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// path from the top of the tree, separated by /.
	// +optional
	Path string `json:"path,omitempty"`
	// clusters in this domain and in the domains below it.
	// +optional
	Clusters int32 `json:"clusters,omitempty"`
}

// FailureDomain is what fails together: a platform, a site, a cluster.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=fd,categories=shopset
// +kubebuilder:printcolumn:name="Level",type=string,JSONPath=`.spec.level`
// +kubebuilder:printcolumn:name="Path",type=string,JSONPath=`.status.path`
// +kubebuilder:printcolumn:name="Clusters",type=integer,JSONPath=`.status.clusters`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63",message="the name must be a DNS label: lower-case letters, digits and -, at most 63 characters"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.parent) || self.spec.parent != self.metadata.name",message="a FailureDomain cannot be its own parent"
type FailureDomain struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   FailureDomainSpec   `json:"spec"`
	Status FailureDomainStatus `json:"status,omitempty"`
}

// FailureDomainList is a list of FailureDomains.
//
// +kubebuilder:object:root=true
type FailureDomainList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []FailureDomain `json:"items"`
}
