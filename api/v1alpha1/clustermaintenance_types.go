package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MaintenanceGoal is what a person wants of a ClusterMaintenance.
//
// +kubebuilder:validation:Enum=Drain;Return;Abort
type MaintenanceGoal string

const (
	// MaintenanceDrain empties the cluster and keeps it empty.
	MaintenanceDrain MaintenanceGoal = "Drain"
	// MaintenanceReturn brings back exactly what was displaced: the work on the cluster is done.
	MaintenanceReturn MaintenanceGoal = "Return"
	// MaintenanceAbort returns to the start, wherever the drain is.
	MaintenanceAbort MaintenanceGoal = "Abort"
)

// MaintenancePhase is where a ClusterMaintenance stands.
type MaintenancePhase string

const (
	// MaintenancePending waits for its turn.
	MaintenancePending MaintenancePhase = "Pending"
	// MaintenanceRefused cannot be done; the reason says what would help. It is looked at again.
	MaintenanceRefused MaintenancePhase = "Refused"
	// MaintenanceSurging waits for ShopSets that stand in for the drained ones.
	MaintenanceSurging MaintenancePhase = "Surging"
	// MaintenanceDraining moves groups away, step by step.
	MaintenanceDraining MaintenancePhase = "Draining"
	// MaintenanceDrained serves nothing on the cluster: it can be switched off.
	MaintenanceDrained MaintenancePhase = "Drained"
	// MaintenanceReturning brings the displaced groups back, step by step.
	MaintenanceReturning MaintenancePhase = "Returning"
	// MaintenanceCompleted has brought back what it displaced.
	MaintenanceCompleted MaintenancePhase = "Completed"
	// MaintenanceAborted has gone back to the start.
	MaintenanceAborted MaintenancePhase = "Aborted"
)

// ClusterMaintenanceSpec asks for a cluster to be emptied, and for everything to be brought back.
//
// +kubebuilder:validation:XValidation:rule="self.cluster == oldSelf.cluster",message="cluster is immutable: create a ClusterMaintenance for the other cluster"
// +kubebuilder:validation:XValidation:rule="oldSelf.goal == 'Drain' || self.goal == oldSelf.goal",message="a maintenance that returns or was aborted cannot change its goal: create another ClusterMaintenance"
type ClusterMaintenanceSpec struct {
	// cluster is the WorkloadCluster.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Cluster string `json:"cluster"`
	// reason is shown wherever the cluster's state is.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Reason string `json:"reason,omitempty"`
	// goal is Drain until the work on the cluster is done; then Return, or Abort to go back at once.
	// +kubebuilder:default=Drain
	// +optional
	Goal MaintenanceGoal `json:"goal,omitempty"`
	// surge makes ShopSets of the same tiers on other clusters first, and removes them at the end.
	// +optional
	Surge bool `json:"surge,omitempty"`
	// stepPercent is how much of the cluster's load one step moves at most.
	// +kubebuilder:default=25
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	StepPercent int32 `json:"stepPercent,omitempty"`
	// allowLessHeadroom goes on although the survivors could not take the load if another domain
	// died meanwhile.
	// +optional
	AllowLessHeadroom bool `json:"allowLessHeadroom,omitempty"`
}

// ClusterMaintenanceStatus is where the maintenance stands.
type ClusterMaintenanceStatus struct {
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// +optional
	Phase MaintenancePhase `json:"phase,omitempty"`
	// before is the commit of branch main whose routes held everything as it was before the drain.
	// What is displaced is the difference to it, and so what is to be returned.
	// +optional
	Before string `json:"before,omitempty"`
	// blastRadius says who is concerned, in words.
	// +optional
	BlastRadius string `json:"blastRadius,omitempty"`
	// remaining groups are still to be moved in this phase.
	// +optional
	Remaining int32 `json:"remaining,omitempty"`
	// moved groups so far, in this phase, and the fewest that had to.
	// +optional
	Moved int32 `json:"moved,omitempty"`
	// +optional
	MustMove int32 `json:"mustMove,omitempty"`
	// steps made so far.
	// +optional
	Steps int32 `json:"steps,omitempty"`
	// epoch of the routing table that has the last step: the next one waits until the edges use it.
	// +optional
	Epoch int64 `json:"epoch,omitempty"`
	// surged are the ShopSets made for this maintenance.
	// +kubebuilder:validation:MaxItems=200
	// +optional
	Surged []string `json:"surged,omitempty"`
	// +optional
	StartedAt *metav1.MicroTime `json:"startedAt,omitempty"`
	// +optional
	DrainedAt *metav1.MicroTime `json:"drainedAt,omitempty"`
	// +optional
	FinishedAt *metav1.MicroTime `json:"finishedAt,omitempty"`
	// reason says in one sentence what it waits for.
	// +optional
	Reason string `json:"reason,omitempty"`
}

// ClusterMaintenance empties a cluster for work on it, and brings back exactly what it displaced.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=cmt,path=clustermaintenances,categories=shopset
// +kubebuilder:printcolumn:name="Cluster",type=string,JSONPath=`.spec.cluster`
// +kubebuilder:printcolumn:name="Goal",type=string,JSONPath=`.spec.goal`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Moved",type=integer,JSONPath=`.status.moved`
// +kubebuilder:printcolumn:name="Remaining",type=integer,JSONPath=`.status.remaining`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.reason`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 63",message="the name must be a DNS label: lower-case letters, digits and -, at most 63 characters"
type ClusterMaintenance struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ClusterMaintenanceSpec   `json:"spec"`
	Status ClusterMaintenanceStatus `json:"status,omitempty"`
}

// ClusterMaintenanceList is a list of ClusterMaintenances.
//
// +kubebuilder:object:root=true
type ClusterMaintenanceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ClusterMaintenance `json:"items"`
}
