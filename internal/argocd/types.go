package argocd

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Application is the part of Argo CD's Application that we read.
//
// +kubebuilder:object:root=true
type Application struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ApplicationSpec   `json:"spec"`
	Status ApplicationStatus `json:"status,omitempty"`
}

// ApplicationSpec says what is applied.
type ApplicationSpec struct {
	Source Source `json:"source"`
}

// Source is a folder of a repository at a branch.
type Source struct {
	RepoURL        string `json:"repoURL"`
	TargetRevision string `json:"targetRevision"`
	Path           string `json:"path"`
}

// ApplicationStatus is what Argo CD saw.
type ApplicationStatus struct {
	Sync           SyncStatus      `json:"sync,omitempty"`
	Health         HealthStatus    `json:"health,omitempty"`
	OperationState *OperationState `json:"operationState,omitempty"`
	Conditions     []Condition     `json:"conditions,omitempty"`
	ReconciledAt   *metav1.Time    `json:"reconciledAt,omitempty"`
}

// SyncStatus compares the cluster with Git. Revision is what was compared, not what was applied.
type SyncStatus struct {
	Status     string     `json:"status,omitempty"`
	Revision   string     `json:"revision,omitempty"`
	ComparedTo ComparedTo `json:"comparedTo,omitempty"`
}

// ComparedTo is the source that SyncStatus is about.
type ComparedTo struct {
	Source Source `json:"source,omitempty"`
}

// HealthStatus sums up the health of all resources.
type HealthStatus struct {
	Status             string       `json:"status,omitempty"`
	Message            string       `json:"message,omitempty"`
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
}

// OperationState is the last sync.
type OperationState struct {
	Phase      string       `json:"phase,omitempty"`
	Message    string       `json:"message,omitempty"`
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	RetryCount int64        `json:"retryCount,omitempty"`
}

// Condition is an error or a warning.
type Condition struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// ApplicationList is a list of Applications.
//
// +kubebuilder:object:root=true
type ApplicationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Application `json:"items"`
}

// DeepCopyObject implements runtime.Object.
func (a *Application) DeepCopyObject() runtime.Object {
	out := *a
	out.ObjectMeta = *a.ObjectMeta.DeepCopy()
	out.Status.Conditions = append([]Condition(nil), a.Status.Conditions...)
	out.Status.ReconciledAt = a.Status.ReconciledAt.DeepCopy()
	out.Status.Health.LastTransitionTime = a.Status.Health.LastTransitionTime.DeepCopy()
	if op := a.Status.OperationState; op != nil {
		c := *op
		c.FinishedAt = op.FinishedAt.DeepCopy()
		out.Status.OperationState = &c
	}
	return &out
}

// DeepCopyObject implements runtime.Object.
func (l *ApplicationList) DeepCopyObject() runtime.Object {
	out := *l
	out.ListMeta = *l.ListMeta.DeepCopy()
	out.Items = make([]Application, len(l.Items))
	for i := range l.Items {
		if c, ok := l.Items[i].DeepCopyObject().(*Application); ok {
			out.Items[i] = *c
		}
	}
	return &out
}
