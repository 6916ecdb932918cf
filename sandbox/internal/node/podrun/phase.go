package podrun

import corev1 "k8s.io/api/core/v1"

// phase is a pod's phase by its containers, as the kubelet computes it. over: none
// runs or will be started again; only then is a pod Succeeded or Failed.
func phase(initialized, over bool, statuses []corev1.ContainerStatus) corev1.PodPhase {
	var waiting, succeeded int
	for i := range statuses {
		state := &statuses[i].State
		switch {
		case state.Terminated != nil && state.Terminated.ExitCode == 0:
			succeeded++
		case state.Waiting != nil && statuses[i].LastTerminationState.Terminated == nil:
			waiting++ // for its first run
		}
	}
	switch {
	case over && succeeded == len(statuses):
		return corev1.PodSucceeded
	case over:
		return corev1.PodFailed
	case !initialized || waiting > 0:
		return corev1.PodPending
	}
	return corev1.PodRunning
}

// restarts tells whether a container that exited with code is started again.
func restarts(policy corev1.RestartPolicy, code int) bool {
	switch policy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return code != 0
	}
	return true
}
