package podrun

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestBackoffDoublesAndForgets(t *testing.T) {
	var backoff Backoff
	var got []time.Duration
	for range 11 {
		got = append(got, backoff.Next(time.Second))
	}
	s := time.Second
	want := []time.Duration{0, 1 * s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 64 * s, 128 * s, 256 * s, 300 * s}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if after := backoff.Next(calmRun); after != 0 {
		t.Errorf("after a calm run the delay is %s", after)
	}
}

func running() corev1.ContainerStatus {
	return corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
}

func ended(code int32) corev1.ContainerStatus {
	return corev1.ContainerStatus{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}}}
}

func waiting(again bool) corev1.ContainerStatus {
	status := corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}}
	if again {
		status.LastTerminationState = ended(1).State
	}
	return status
}

func TestPhase(t *testing.T) {
	type statuses = []corev1.ContainerStatus
	for name, test := range map[string]struct {
		initialized, over bool
		statuses          statuses
		want              corev1.PodPhase
	}{
		"init containers still run":         {false, false, statuses{waiting(false)}, corev1.PodPending},
		"one container has not started yet": {true, false, statuses{running(), waiting(false)}, corev1.PodPending},
		"all run":                           {true, false, statuses{running(), running()}, corev1.PodRunning},
		"one is in a crash loop":            {true, false, statuses{running(), waiting(true)}, corev1.PodRunning},
		"all ended but a sidecar has not":   {true, false, statuses{ended(0)}, corev1.PodRunning},
		"all ended well":                    {true, true, statuses{ended(0), ended(0)}, corev1.PodSucceeded},
		"one ended badly":                   {true, true, statuses{ended(0), ended(1)}, corev1.PodFailed},
		"an init container failed for good": {false, true, statuses{waiting(false)}, corev1.PodFailed},
	} {
		t.Run(name, func(t *testing.T) {
			if got := phase(test.initialized, test.over, test.statuses); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestRestarts(t *testing.T) {
	for name, test := range map[string]struct {
		policy corev1.RestartPolicy
		code   int
		want   bool
	}{
		"always, after success":     {corev1.RestartPolicyAlways, 0, true},
		"on failure, after success": {corev1.RestartPolicyOnFailure, 0, false},
		"on failure, after failure": {corev1.RestartPolicyOnFailure, 1, true},
		"never, after failure":      {corev1.RestartPolicyNever, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := restarts(test.policy, test.code); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestConditionsKeepTimesAndForeigners(t *testing.T) {
	past := metav1.NewTime(time.Now().Add(-time.Hour))
	object := &corev1.Pod{
		Spec: corev1.PodSpec{ReadinessGates: []corev1.PodReadinessGate{{ConditionType: "example/gate"}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{
			{Name: "a", Ready: true},
		}},
	}
	p := &pod{initialized: true, conditions: []corev1.PodCondition{
		{Type: corev1.ContainersReady, Status: corev1.ConditionTrue, LastTransitionTime: past},
		{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: past},
	}}
	foreign := []corev1.PodCondition{{Type: "example/gate", Status: corev1.ConditionFalse}}
	byType := map[corev1.PodConditionType]corev1.PodCondition{}
	for _, condition := range p.currentConditions(object, foreign) {
		byType[condition.Type] = condition
	}
	if got := byType[corev1.ContainersReady]; got.Status != corev1.ConditionTrue || !got.LastTransitionTime.Equal(&past) {
		t.Errorf("a condition that stayed was changed: %+v", got)
	}
	if got := byType[corev1.PodReady]; got.Status != corev1.ConditionFalse || got.Reason != "ReadinessGatesNotReady" || got.LastTransitionTime.Equal(&past) {
		t.Errorf("a closed gate: %+v", got)
	}
	if got := byType["example/gate"]; got.Status != corev1.ConditionFalse {
		t.Errorf("a foreign condition was lost: %+v", got)
	}
}
