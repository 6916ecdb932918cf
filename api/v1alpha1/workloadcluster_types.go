package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ClusterState says what load a cluster may take.
//
// +kubebuilder:validation:Enum=Active;Cordoned;Drained
type ClusterState string

const (
	// ClusterActive takes new load.
	ClusterActive ClusterState = "Active"
	// ClusterCordoned keeps what it has and takes nothing new.
	ClusterCordoned ClusterState = "Cordoned"
	// ClusterDrained serves nothing.
	ClusterDrained ClusterState = "Drained"
)

// WorkloadClusterSpec says where a cluster is and how Argo CD calls it.
type WorkloadClusterSpec struct {
	// failureDomain is the FailureDomain this cluster is in.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	FailureDomain string `json:"failureDomain"`
	// argocdCluster is the cluster's name in Argo CD; empty means this object's name.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	ArgoCDCluster string `json:"argocdCluster,omitempty"`
	// kubeconfigSecretRef names a Secret whose key `kubeconfig` reaches the cluster.
	// +optional
	KubeconfigSecretRef *LocalReference `json:"kubeconfigSecretRef,omitempty"`
	// capacity is the load that all ShopSets of the cluster may take together, in requests per second.
	// +kubebuilder:validation:Minimum=1
	// +optional
	Capacity *int32 `json:"capacity,omitempty"`
	// +kubebuilder:default=Active
	// +optional
	State ClusterState `json:"state,omitempty"`
	// edges says that edges run on this cluster: it gets the routing tables.
	// +optional
	Edges bool `json:"edges,omitempty"`
	// services are folders below `services/` in branch main of the system repository, written by
	// people, that this cluster runs besides its ShopSets: log collection, monitoring.
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +listType=set
	// +optional
	Services []string `json:"services,omitempty"`
}

// WorkloadClusterStatus says what runs on the cluster.
type WorkloadClusterStatus struct {
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// +optional
	ShopSets int32 `json:"shopSets,omitempty"`
}

// WorkloadCluster is a Kubernetes cluster that runs ShopSets.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=wc,categories=shopset
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.spec.state`
// +kubebuilder:printcolumn:name="Domain",type=string,JSONPath=`.spec.failureDomain`
// +kubebuilder:printcolumn:name="ShopSets",type=integer,JSONPath=`.status.shopSets`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63",message="the name must be a DNS label: lower-case letters, digits and -, at most 63 characters"
type WorkloadCluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   WorkloadClusterSpec   `json:"spec"`
	Status WorkloadClusterStatus `json:"status,omitempty"`
}

// WorkloadClusterList is a list of WorkloadClusters.
//
// +kubebuilder:object:root=true
type WorkloadClusterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []WorkloadCluster `json:"items"`
}
