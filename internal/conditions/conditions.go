// Package conditions sets status conditions after the kstatus convention: Ready is
// always there, Reconciling and Stalled only while they are true.
package conditions

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
)

// Set is one object's conditions on the way to being written.
type Set struct {
	conditions *[]metav1.Condition
	generation int64
	now        metav1.Time
}

// For begins with the conditions an object has.
func For(conditions *[]metav1.Condition, generation int64, now metav1.Time) Set {
	return Set{conditions, generation, now}
}

// True, False and Absent set one condition. The transition time moves only when the status does.
func (s Set) True(kind, reason, message string) { s.set(kind, metav1.ConditionTrue, reason, message) }

// False sets a condition to False.
func (s Set) False(kind, reason, message string) { s.set(kind, metav1.ConditionFalse, reason, message) }

// Unknown sets a condition to Unknown.
func (s Set) Unknown(kind, reason, message string) {
	s.set(kind, metav1.ConditionUnknown, reason, message)
}

// Absent takes a condition away.
func (s Set) Absent(kind string) { meta.RemoveStatusCondition(s.conditions, kind) }

// Ready, Reconciling and Stalled are the three states of an object, one at a time.
func (s Set) Ready(message string) {
	s.True(v1alpha1.ConditionReady, "Ready", message)
	s.Absent(v1alpha1.ConditionReconciling)
	s.Absent(v1alpha1.ConditionStalled)
}

// Reconciling says that the object is on its way to Ready without anybody's help.
func (s Set) Reconciling(reason, message string) {
	s.False(v1alpha1.ConditionReady, reason, message)
	s.True(v1alpha1.ConditionReconciling, reason, message)
	s.Absent(v1alpha1.ConditionStalled)
}

// Stalled says that somebody has to do something.
func (s Set) Stalled(reason, message string) {
	s.False(v1alpha1.ConditionReady, reason, message)
	s.True(v1alpha1.ConditionStalled, reason, message)
	s.Absent(v1alpha1.ConditionReconciling)
}

func (s Set) set(kind string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(s.conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: clip(message),
		ObservedGeneration: s.generation, LastTransitionTime: s.now,
	})
}

// clip keeps a message within what the API server takes.
func clip(message string) string {
	const most = 32_000
	if len(message) > most {
		return message[:most] + "…"
	}
	return message
}
