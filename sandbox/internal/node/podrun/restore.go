package podrun

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// killedCode is the exit code of a process that was killed.
const killedCode = 137

// restore takes over what the API server recorded of the pod's containers before
// the agent was started again: what ran was killed with the agent.
func (p *pod) restore(object *corev1.Pod) {
	for _, each := range p.apps {
		for i := range object.Status.ContainerStatuses {
			if recorded := &object.Status.ContainerStatuses[i]; recorded.Name == each.name {
				each.restore(recorded, object.Spec.RestartPolicy)
			}
		}
	}
	// Sidecars are counted on; init containers proper run again, as after any
	// loss of a pod's sandbox.
	for _, each := range p.inits {
		for i := range object.Status.InitContainerStatuses {
			if recorded := &object.Status.InitContainerStatuses[i]; recorded.Name == each.name && each.kind == sidecarContainer {
				each.restore(recorded, corev1.RestartPolicyAlways)
			}
		}
	}
}

func (c *container) restore(recorded *corev1.ContainerStatus, policy corev1.RestartPolicy) {
	c.status.RestartCount = recorded.RestartCount
	c.status.LastTerminationState = *recorded.LastTerminationState.DeepCopy()
	terminated := recorded.State.Terminated
	if running := recorded.State.Running; running != nil {
		terminated = &corev1.ContainerStateTerminated{
			ExitCode: killedCode, Reason: "Error", Message: "the node agent was restarted",
			StartedAt: running.StartedAt, FinishedAt: metav1.Now(), ContainerID: recorded.ContainerID,
		}
	}
	if terminated == nil {
		return
	}
	c.status.LastTerminationState = corev1.ContainerState{Terminated: terminated.DeepCopy()}
	if !restarts(policy, int(terminated.ExitCode)) {
		c.status.State = corev1.ContainerState{Terminated: terminated.DeepCopy()}
		c.isOver = true
	}
}
