package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// NamespacePolicy says what becomes of the namespaces that the apps repository names.
//
// +kubebuilder:validation:Enum=PerShopSet;Keep
type NamespacePolicy string

const (
	// NamespacePerShopSet puts every namespaced object into the ShopSet's own namespace.
	NamespacePerShopSet NamespacePolicy = "PerShopSet"
	// NamespaceKeep keeps the namespaces that the apps name; objects without one go to the
	// ShopSet's own. Such an application fits only once on a cluster.
	NamespaceKeep NamespacePolicy = "Keep"
)

// Repository is a Git repository and how to get into it.
type Repository struct {
	// url over https, http or ssh (also git@host:path), without credentials.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^(https?|ssh)://[A-Za-z0-9_[][!-~]*$') || self.matches('^[A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[A-Za-z0-9._~/][!-~]*$')",message="url must begin with https://, http:// or ssh://, or have the form user@host:path"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^https?://[^/]*@') && !self.matches('^ssh://[^/@]*:[^/]*@')",message="url must not hold a user or password; put username and password into a Secret and name it in secretRef"
	URL string `json:"url"`
	// secretRef names a Secret with `username` and `password`, or `bearerToken`, or
	// `sshPrivateKey` and `knownHosts`; `caBundle` (PEM) beside any of them.
	// +optional
	SecretRef *LocalReference `json:"secretRef,omitempty"`
}

// AppsRepository is the repository that people write: the base of every ShopSet.
type AppsRepository struct {
	Repository `json:",inline"`
	// path of the kustomization inside the repository; empty means its root.
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self == '' || (self.matches('^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$') && !self.split('/').exists(p, p == '..' || p == '.'))",message="path must be relative, without . or .. in it, for example deploy/base"
	// +optional
	Path string `json:"path,omitempty"`
	// +kubebuilder:default=PerShopSet
	// +optional
	Namespaces NamespacePolicy `json:"namespaces,omitempty"`
}

// ArgoCD says where Argo CD lives and which AppProject the Applications use.
type ArgoCD struct {
	// +kubebuilder:default=argocd
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// +kubebuilder:default=default
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	Project string `json:"project,omitempty"`
}

// Routing says how shops are routed, and when a cluster counts as down.
type Routing struct {
	// edgeNamespace is where the routing tables lie on the clusters that run edges.
	// +kubebuilder:default=shopset-edge
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	EdgeNamespace string `json:"edgeNamespace,omitempty"`
	// downAfter is how long both the control plane and all edges must have missed a cluster until it
	// counts as down and its shops are placed elsewhere.
	// +kubebuilder:default="10s"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s')",message="downAfter must be at least 1s"
	// +optional
	DownAfter *metav1.Duration `json:"downAfter,omitempty"`
	// upAfter is how long a cluster must have answered without a break until it takes load again.
	// +kubebuilder:default="30s"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s')",message="upAfter must be at least 1s"
	// +optional
	UpAfter *metav1.Duration `json:"upAfter,omitempty"`
	// freezeAbove is how many failure domains may be down at once; with more of them nothing is
	// placed anew, for then the observer is to be doubted.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	FreezeAbove int32 `json:"freezeAbove,omitempty"`
}

// FleetSpec describes the two repositories and the conventions of one fleet.
//
// +kubebuilder:validation:XValidation:rule="self.namePrefix == oldSelf.namePrefix",message="namePrefix is immutable: it is in the name of every namespace and Application"
// +kubebuilder:validation:XValidation:rule="self.branchPrefix == oldSelf.branchPrefix",message="branchPrefix is immutable: it is in the name of every tier branch"
type FleetSpec struct {
	Apps   AppsRepository `json:"apps"`
	System Repository     `json:"system"`
	// branchPrefix begins the name of a Tier's branch in both repositories: <branchPrefix><level>.
	// +kubebuilder:default="tier-"
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9_-]*)*/?$`
	// +optional
	BranchPrefix string `json:"branchPrefix,omitempty"`
	// +kubebuilder:default={}
	// +optional
	ArgoCD ArgoCD `json:"argocd,omitempty"`
	// entryService is the Service through which a ShopSet is entered.
	// +kubebuilder:default=lb
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	EntryService string `json:"entryService,omitempty"`
	// +kubebuilder:default={}
	// +optional
	Routing Routing `json:"routing,omitempty"`
	// pollInterval is how often the repositories are asked for new heads when no webhook tells.
	// +kubebuilder:default="30s"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s')",message="pollInterval must be at least 1s"
	// +optional
	PollInterval *metav1.Duration `json:"pollInterval,omitempty"`
	// webhookSecretRef names a Secret whose key `secret` signs push events (X-Hub-Signature-256).
	// Without it push events are refused and polling alone notices new commits.
	// +optional
	WebhookSecretRef *LocalReference `json:"webhookSecretRef,omitempty"`
	// namePrefix begins the name of every namespace and Application of this fleet. Set it when
	// several fleets share an Argo CD or a cluster.
	// +kubebuilder:default=""
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:Pattern=`^([a-z0-9][-a-z0-9]*)?$`
	// +optional
	NamePrefix string `json:"namePrefix,omitempty"`
	// namespaceLabels are put on the namespace of every ShopSet.
	// +kubebuilder:validation:MaxProperties=32
	// +optional
	NamespaceLabels map[string]string `json:"namespaceLabels,omitempty"`
	// promotionHistoryLimit is how many finished Promotions are kept for each Tier.
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	PromotionHistoryLimit int32 `json:"promotionHistoryLimit,omitempty"`
}

// FleetStatus is what the controller last saw of the fleet as a whole.
type FleetStatus struct {
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// systemCommit is the head of branch main of the system repository.
	// +optional
	SystemCommit string `json:"systemCommit,omitempty"`
	// +optional
	Tiers int32 `json:"tiers,omitempty"`
	// +optional
	ShopSets int32 `json:"shopSets,omitempty"`
	// unmanaged lists folders in Git which look like a ShopSet's but have no object. They are kept.
	// +kubebuilder:validation:MaxItems=100
	// +optional
	Unmanaged []string `json:"unmanaged,omitempty"`
	// routes tells how far the routing tables have come.
	// +optional
	Routes *RoutesStatus `json:"routes,omitempty"`
}

// RoutesStatus tells how far the routing tables have come.
type RoutesStatus struct {
	// epoch of the table in Git.
	Epoch int64 `json:"epoch"`
	// edges is how many edges have told of themselves lately.
	Edges int32 `json:"edges"`
	// edgesEpoch is the oldest epoch of a table that one of them uses, or was last known to use. Zero
	// if no edge is known.
	EdgesEpoch int64 `json:"edgesEpoch"`
}

// Fleet is everything in one namespace: two repositories and the conventions that rule them.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=fl,categories=shopset
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Tiers",type=integer,JSONPath=`.status.tiers`
// +kubebuilder:printcolumn:name="ShopSets",type=integer,JSONPath=`.status.shopSets`
// +kubebuilder:printcolumn:name="Table",type=integer,JSONPath=`.status.routes.epoch`,priority=1
// +kubebuilder:printcolumn:name="AtEdges",type=integer,JSONPath=`.status.routes.edgesEpoch`,priority=1
// +kubebuilder:printcolumn:name="Apps",type=string,JSONPath=`.spec.apps.url`,priority=1
// +kubebuilder:printcolumn:name="System",type=string,JSONPath=`.spec.system.url`,priority=1
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63",message="the name must be a DNS label: lower-case letters, digits and -, at most 63 characters"
type Fleet struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   FleetSpec   `json:"spec"`
	Status FleetStatus `json:"status,omitempty"`
}

// FleetList is a list of Fleets.
//
// +kubebuilder:object:root=true
type FleetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Fleet `json:"items"`
}
