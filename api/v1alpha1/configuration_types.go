package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PatchTarget selects the objects a patch applies to, as in a kustomization. Fields are
// anchored regular expressions; empty fields match everything.
type PatchTarget struct {
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Group string `json:"group,omitempty"`
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Version string `json:"version,omitempty"`
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Kind string `json:"kind,omitempty"`
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Name string `json:"name,omitempty"`
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	LabelSelector string `json:"labelSelector,omitempty"`
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	AnnotationSelector string `json:"annotationSelector,omitempty"`
}

// Patch is a strategic merge or JSON 6902 patch, as in a kustomization.
type Patch struct {
	// target is needed for a JSON 6902 patch; a strategic merge patch can name its target itself.
	// +optional
	Target *PatchTarget `json:"target,omitempty"`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32768
	// +kubebuilder:validation:XValidation:rule="!self.matches('(?m)^.?kind.?: *.?Secret\\\\W*$')",message="a Configuration holds no secret values: create the Secret in the ShopSet's namespace and refer to it in secretEnv"
	// +kubebuilder:validation:XValidation:rule="!self.matches('(?m)^.?stringData.?:')",message="a Configuration holds no secret values: create the Secret in the ShopSet's namespace and refer to it in secretEnv"
	Patch string `json:"patch"`
}

// Literals are merged into a ConfigMap that the apps repository generates.
type Literals struct {
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ConfigMap string `json:"configMap"`
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=256
	Values map[string]string `json:"values"`
}

// SecretEnv gives a container an environment variable from a Secret that exists in the ShopSet's namespace.
type SecretEnv struct {
	// kind of the workload.
	// +kubebuilder:default=Deployment
	// +kubebuilder:validation:Enum=Deployment;StatefulSet;DaemonSet
	// +optional
	Kind string `json:"kind,omitempty"`
	// workload is the name of the Deployment, StatefulSet or DaemonSet.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Workload string `json:"workload"`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Container string `json:"container"`
	// env is the variable's name.
	// +kubebuilder:validation:Pattern=`^[A-Za-z_][A-Za-z0-9_]*$`
	// +kubebuilder:validation:MaxLength=253
	Env string `json:"env"`
	// secret is the Secret's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Secret string `json:"secret"`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key"`
}

// ConfigurationSpec is rendered as one kustomize Component.
type ConfigurationSpec struct {
	// +kubebuilder:validation:MaxItems=100
	// +optional
	Patches []Patch `json:"patches,omitempty"`
	// +kubebuilder:validation:MaxItems=100
	// +listType=map
	// +listMapKey=configMap
	// +optional
	Literals []Literals `json:"literals,omitempty"`
	// secretEnv refers to Secrets; their values never pass through ShopSet or Git.
	// +kubebuilder:validation:MaxItems=100
	// +optional
	SecretEnv []SecretEnv `json:"secretEnv,omitempty"`
}

// ConfigurationStatus says where the Configuration is in use.
type ConfigurationStatus struct {
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// tree is the Git tree of the Configuration at the lowest Tier.
	// +optional
	Tree string `json:"tree,omitempty"`
	// tiers that run this very tree, lowest first.
	// +optional
	Tiers string `json:"tiers,omitempty"`
	// shopSets is how many ShopSets use it.
	// +optional
	ShopSets int32 `json:"shopSets,omitempty"`
}

// Configuration is one outside world that ShopSets connect to, such as dev, staging or production.
// A change of it climbs the Tiers as code does.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=cfg,categories=shopset
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="ShopSets",type=integer,JSONPath=`.status.shopSets`
// +kubebuilder:printcolumn:name="Reached",type=string,JSONPath=`.status.tiers`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63",message="the name must be a DNS label: lower-case letters, digits and -, at most 63 characters"
type Configuration struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ConfigurationSpec   `json:"spec,omitempty"`
	Status ConfigurationStatus `json:"status,omitempty"`
}

// ConfigurationList is a list of Configurations.
//
// +kubebuilder:object:root=true
type ConfigurationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Configuration `json:"items"`
}
