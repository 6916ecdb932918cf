package podrun

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// currentConditions computes the pod's own conditions from the statuses in object,
// keeps the transition times of those that stay, and adds the foreign ones.
func (p *pod) currentConditions(object *corev1.Pod, foreign []corev1.PodCondition) []corev1.PodCondition {
	unready := unreadyContainers(object.Status.ContainerStatuses)
	over := object.Status.Phase == corev1.PodSucceeded || object.Status.Phase == corev1.PodFailed
	initialized := p.initialized || allFinished(p.apps)
	own := []corev1.PodCondition{
		condition(corev1.PodScheduled, true, "", ""),
		condition(corev1.PodReadyToStartContainers, !over, "", ""),
		condition(corev1.PodInitialized, initialized, "ContainersNotInitialized", "init containers have not completed"),
	}
	reason, message := "ContainersNotReady", "containers with unready status: ["+strings.Join(unready, " ")+"]"
	if over {
		reason, message = "PodCompleted", ""
	}
	contained := initialized && !over && len(unready) == 0
	own = append(own, condition(corev1.ContainersReady, contained, reason, message))
	ready := contained
	if gate, closed := closedGate(object.Spec.ReadinessGates, foreign); contained && closed {
		ready, reason, message = false, "ReadinessGatesNotReady", "readiness gate "+gate+" is not true"
	}
	own = append(own, condition(corev1.PodReady, ready, reason, message))
	for i := range own {
		own[i].ObservedGeneration = object.Generation
		own[i].LastTransitionTime = transition(p.conditions, own[i])
	}
	return withForeign(own, foreign)
}

func condition(kind corev1.PodConditionType, isTrue bool, reason, message string) corev1.PodCondition {
	if isTrue {
		return corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue}
	}
	return corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, Reason: reason, Message: message}
}

func unreadyContainers(statuses []corev1.ContainerStatus) []string {
	var unready []string
	for i := range statuses {
		if !statuses[i].Ready {
			unready = append(unready, statuses[i].Name)
		}
	}
	return unready
}

func closedGate(gates []corev1.PodReadinessGate, foreign []corev1.PodCondition) (name string, closed bool) {
	for _, gate := range gates {
		open := false
		for i := range foreign {
			open = open || foreign[i].Type == gate.ConditionType && foreign[i].Status == corev1.ConditionTrue
		}
		if !open {
			return string(gate.ConditionType), true
		}
	}
	return "", false
}

func transition(before []corev1.PodCondition, now corev1.PodCondition) metav1.Time {
	for i := range before {
		if before[i].Type == now.Type && before[i].Status == now.Status && !before[i].LastTransitionTime.IsZero() {
			return before[i].LastTransitionTime
		}
	}
	return metav1.Now()
}

func withForeign(own, foreign []corev1.PodCondition) []corev1.PodCondition {
	mine := map[corev1.PodConditionType]bool{}
	for i := range own {
		mine[own[i].Type] = true
	}
	for i := range foreign {
		if !mine[foreign[i].Type] {
			own = append(own, foreign[i])
		}
	}
	return own
}
