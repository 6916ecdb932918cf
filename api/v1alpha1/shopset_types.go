package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Replicas overrides how many pods one workload of the ShopSet has.
type Replicas struct {
	// name of a Deployment or StatefulSet of the apps.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	Count int32 `json:"count"`
}

// ShopSetSpec says what one cell runs and where.
//
// +kubebuilder:validation:XValidation:rule="self.cluster == oldSelf.cluster",message="cluster is immutable: create another ShopSet on the other cluster and delete this one"
// +kubebuilder:validation:XValidation:rule="has(self.__namespace__) && self.__namespace__.size() > 0 ? has(oldSelf.__namespace__) && self.__namespace__ == oldSelf.__namespace__ : !has(oldSelf.__namespace__) || oldSelf.__namespace__.size() == 0",message="namespace is immutable: create another ShopSet and delete this one"
type ShopSetSpec struct {
	// tier is the one Tier this ShopSet belongs to.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Tier string `json:"tier"`
	// configuration is the outside world this ShopSet connects to.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Configuration string `json:"configuration"`
	// cluster is the WorkloadCluster it runs on.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Cluster string `json:"cluster"`
	// namespace on the cluster; empty means the fleet's namePrefix and this object's name.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$`
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// capacity is the load it can take, in requests per second.
	// +kubebuilder:validation:Minimum=1
	// +optional
	Capacity *int32 `json:"capacity,omitempty"`
	// scale overrides the number of pods of single workloads.
	// +kubebuilder:validation:MaxItems=50
	// +listType=map
	// +listMapKey=name
	// +optional
	Scale []Replicas `json:"scale,omitempty"`
	// dedicated makes it an isolated environment that takes only shops that name it.
	// +optional
	Dedicated bool `json:"dedicated,omitempty"`
}

// ShopSetStatus is what runs now.
type ShopSetStatus struct {
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// release is the apps commit that runs, eight digits.
	// +optional
	Release string `json:"release,omitempty"`
	// health as Argo CD sees it: Healthy, Progressing, Degraded, Missing, Unknown.
	// +optional
	Health string `json:"health,omitempty"`
	// live is true when the Tier's release runs here.
	// +optional
	Live bool `json:"live,omitempty"`
	// liveSince is when the Tier's release had become live and healthy here.
	// +optional
	LiveSince *metav1.MicroTime `json:"liveSince,omitempty"`
	// rendered are digests of what was last written to Git for this ShopSet, by path. A file that
	// is gone although its digest is still right was removed by a person, and stays removed.
	// +kubebuilder:validation:MaxProperties=4
	// +optional
	Rendered map[string]string `json:"rendered,omitempty"`
}

// ShopSet is a cell: everything one shopper passes through until checkout is done, on one cluster.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=ss,categories=shopset
// +kubebuilder:printcolumn:name="Tier",type=string,JSONPath=`.spec.tier`
// +kubebuilder:printcolumn:name="Configuration",type=string,JSONPath=`.spec.configuration`
// +kubebuilder:printcolumn:name="Cluster",type=string,JSONPath=`.spec.cluster`
// +kubebuilder:printcolumn:name="Release",type=string,JSONPath=`.status.release`
// +kubebuilder:printcolumn:name="Health",type=string,JSONPath=`.status.health`
// +kubebuilder:printcolumn:name="Live",type=boolean,JSONPath=`.status.live`,priority=1
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 43",message="the name must be a DNS label of at most 43 characters: lower-case letters, digits and -"
type ShopSet struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ShopSetSpec   `json:"spec"`
	Status ShopSetStatus `json:"status,omitempty"`
}

// ShopSetList is a list of ShopSets.
//
// +kubebuilder:object:root=true
type ShopSetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ShopSet `json:"items"`
}
