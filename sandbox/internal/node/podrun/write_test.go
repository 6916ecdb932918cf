package podrun

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestWriteStatusLeavesTheRestToOthers(t *testing.T) {
	live := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "p", UID: "u", Annotations: map[string]string{"theirs": "1"}},
		Status: corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{
			{Type: corev1.PodReady, Status: corev1.ConditionFalse, Reason: "ContainersNotReady"},
		}},
	}
	pods := fake.NewClientset(live).CoreV1().Pods("n")
	stale := live.DeepCopy()
	stale.Annotations = nil
	stale.Status = corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{
		{Type: corev1.PodReady, Status: corev1.ConditionTrue},
	}}
	for range 2 { // the second time there is nothing to write
		if _, err := WriteStatus(t.Context(), pods, stale); err != nil {
			t.Fatal(err)
		}
	}
	now, err := pods.Get(t.Context(), "p", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if now.Annotations["theirs"] != "1" {
		t.Error("an annotation was undone")
	}
	if got := now.Status.Conditions[0]; now.Status.Phase != corev1.PodRunning || got.Status != corev1.ConditionTrue || got.Reason != "" {
		t.Errorf("the status is %+v", now.Status)
	}
}
