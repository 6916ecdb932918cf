package node

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"shopset.dev/shopset/sandbox/internal/node/podrun"
)

// statusWriter is the client that the library writes statuses with: it writes
// nothing but the status.
type statusWriter struct{ corev1client.PodsGetter }

// Pods is the client for a namespace.
func (s statusWriter) Pods(namespace string) corev1client.PodInterface {
	return statusOnly{s.PodsGetter.Pods(namespace)}
}

type statusOnly struct{ corev1client.PodInterface }

// UpdateStatus writes the status of a pod.
func (s statusOnly) UpdateStatus(ctx context.Context, pod *corev1.Pod, _ metav1.UpdateOptions) (*corev1.Pod, error) {
	return podrun.WriteStatus(ctx, s.PodInterface, pod)
}
