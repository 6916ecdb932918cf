package conditions_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/internal/conditions"
)

func TestOneStateAtATime(t *testing.T) {
	var list []metav1.Condition
	start := metav1.NewTime(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	later := metav1.NewTime(start.Add(time.Hour))
	types := func() map[string]metav1.ConditionStatus {
		out := map[string]metav1.ConditionStatus{}
		for _, c := range list {
			out[c.Type] = c.Status
		}
		return out
	}
	conditions.For(&list, 1, start).Reconciling("Updating", "on its way")
	if diff := cmp.Diff(map[string]metav1.ConditionStatus{"Ready": "False", "Reconciling": "True"}, types()); diff != "" {
		t.Error(diff)
	}
	conditions.For(&list, 2, later).Stalled("Broken", "help")
	if diff := cmp.Diff(map[string]metav1.ConditionStatus{"Ready": "False", "Stalled": "True"}, types()); diff != "" {
		t.Error(diff)
	}
	for _, c := range list {
		if c.Type == "Ready" && (!c.LastTransitionTime.Equal(&start) || c.ObservedGeneration != 2 || c.Message != "help") {
			t.Errorf("Ready stayed False: its time must stay, its message and generation must move: %+v", c)
		}
	}
	conditions.For(&list, 2, later).Ready("fine")
	if diff := cmp.Diff(map[string]metav1.ConditionStatus{"Ready": "True"}, types()); diff != "" {
		t.Error(diff)
	}
	if !list[0].LastTransitionTime.Equal(&later) {
		t.Errorf("Ready turned True at %s, want %s", list[0].LastTransitionTime, later)
	}
}
