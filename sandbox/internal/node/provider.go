package node

import (
	"context"
	"fmt"
	"time"

	"github.com/virtual-kubelet/virtual-kubelet/errdefs"
	vknode "github.com/virtual-kubelet/virtual-kubelet/node"
	corev1 "k8s.io/api/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"

	"shopset.dev/shopset/sandbox/internal/node/podrun"
)

// provider lets the library's pod controller drive the runtime.
type provider struct {
	runtime *podrun.Runtime
	pods    corelisters.PodLister
}

var (
	_ vknode.PodLifecycleHandler = (*provider)(nil)
	_ vknode.PodNotifier         = (*provider)(nil)
)

// NotifyPods sets who is told of changed statuses.
func (p *provider) NotifyPods(_ context.Context, tell func(*corev1.Pod)) { p.runtime.OnChange(tell) }

// CreatePod starts a pod.
func (p *provider) CreatePod(_ context.Context, pod *corev1.Pod) error { return p.runtime.Create(pod) }

// UpdatePod tells a pod of its changed object.
func (p *provider) UpdatePod(_ context.Context, pod *corev1.Pod) error { return p.runtime.Update(pod) }

// DeletePod begins to end a pod. The runtime removes it from the API server when
// it has ended: the library would wait for the whole grace period.
func (p *provider) DeletePod(_ context.Context, pod *corev1.Pod) error {
	if !p.runtime.Delete(pod.UID, graceOf(pod)) {
		return errdefs.NotFoundf("pod %s/%s is not here", pod.Namespace, pod.Name)
	}
	return nil
}

func graceOf(pod *corev1.Pod) time.Duration {
	switch {
	case pod.DeletionGracePeriodSeconds != nil:
		return time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second
	case pod.Spec.TerminationGracePeriodSeconds != nil:
		return time.Duration(*pod.Spec.TerminationGracePeriodSeconds) * time.Second
	}
	return corev1.DefaultTerminationGracePeriodSeconds * time.Second
}

// GetPod returns a pod and its status. A pod of a name that now means another one
// (a StatefulSet's, deleted by force) is not found, so that the other is created.
func (p *provider) GetPod(_ context.Context, namespace, name string) (*corev1.Pod, error) {
	found, ok := p.runtime.Get(namespace, name)
	if !ok {
		return nil, errdefs.NotFoundf("pod %s/%s is not here", namespace, name)
	}
	if listed, err := p.pods.Pods(namespace).Get(name); err == nil && listed.UID != found.UID {
		return nil, errdefs.NotFoundf("pod %s/%s is not here", namespace, name)
	}
	return found, nil
}

// GetPodStatus returns the status of a pod.
func (p *provider) GetPodStatus(ctx context.Context, namespace, name string) (*corev1.PodStatus, error) {
	found, err := p.GetPod(ctx, namespace, name)
	if err != nil {
		return nil, fmt.Errorf("reading the status of a pod: %w", err)
	}
	return &found.Status, nil
}

// GetPods returns all pods that are run.
func (p *provider) GetPods(context.Context) ([]*corev1.Pod, error) { return p.runtime.List(), nil }
