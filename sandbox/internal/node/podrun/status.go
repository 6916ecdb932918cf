package podrun

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// changed says that the pod's status may have changed.
func (p *pod) changed() {
	select {
	case p.changes <- struct{}{}:
	default: // it is to be published anyhow
	}
}

func (p *pod) publishChanges(lived <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	for {
		select {
		case <-p.changes:
			if !p.mustKeep() {
				p.runtime.tell(p.snapshot())
			}
		case <-lived:
			return
		}
	}
}

// snapshot is the pod's object with its present status.
func (p *pod) snapshot() *corev1.Pod {
	foreign := p.foreignConditions()
	p.mu.Lock()
	defer p.mu.Unlock()
	object := p.object.DeepCopy()
	status := &object.Status
	status.ContainerStatuses = statuses(p.apps)
	status.InitContainerStatuses = statuses(p.inits)
	status.Phase = phase(p.initialized, p.final, status.ContainerStatuses)
	status.PodIP = p.ip.String()
	status.PodIPs = []corev1.PodIP{{IP: status.PodIP}}
	status.HostIP = p.Plan.Node().String()
	status.HostIPs = []corev1.HostIP{{IP: status.HostIP}}
	status.ObservedGeneration = object.Generation
	if status.StartTime == nil {
		status.StartTime = &metav1.Time{Time: time.Now()}
		p.object.Status.StartTime = status.StartTime
	}
	p.conditions = p.currentConditions(object, foreign)
	status.Conditions = append([]corev1.PodCondition{}, p.conditions...)
	return object
}

// foreignConditions are those that others set: schedulers and readiness gates.
func (p *pod) foreignConditions() []corev1.PodCondition {
	live := p.Live(p.namespace, p.name)
	if live == nil || live.UID != p.uid {
		return nil
	}
	return live.Status.Conditions
}

func statuses(containers []*container) []corev1.ContainerStatus {
	var out []corev1.ContainerStatus
	for _, each := range containers {
		out = append(out, *each.status.DeepCopy())
	}
	return out
}

func allFinished(containers []*container) bool {
	for _, each := range containers {
		if !each.isOver {
			return false
		}
	}
	return true
}

// markSimulated marks the pod's object, once.
func (p *pod) markSimulated() {
	p.mu.Lock()
	done := p.isSimulated || p.object.Annotations[SimulatedAnnotation] == "true"
	p.isSimulated = true
	p.mu.Unlock()
	if done {
		return
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": p.uid, "annotations": map[string]string{SimulatedAnnotation: "true"},
	}})
	if err == nil {
		_, err = p.Client.CoreV1().Pods(p.namespace).Patch(context.Background(), p.name, types.MergePatchType, patch, metav1.PatchOptions{})
	}
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		p.Log.Warn("annotating simulated pod", "pod", p.namespace+"/"+p.name, "error", err)
	}
}

// update takes a newer object; a container with another image is started anew.
func (p *pod) update(object *corev1.Pod) {
	p.mu.Lock()
	var renewed []*container
	p.object = object.DeepCopy()
	for _, each := range append(append([]*container{}, p.inits...), p.apps...) {
		latest, ok := specNamed(object, each.name)
		if ok && latest.Image != each.spec.Image {
			each.spec = latest.DeepCopy()
			each.status.Image = latest.Image
			renewed = append(renewed, each)
		}
	}
	p.mu.Unlock()
	for _, each := range renewed {
		each.renew()
	}
	p.changed()
}

// renew ends the current run, for the loop to start the next.
func (c *container) renew() {
	c.pod.mu.Lock()
	inst := c.current
	c.pod.mu.Unlock()
	if inst != nil {
		go c.end(inst, c.pod.grace())
	}
}

func specNamed(object *corev1.Pod, name string) (*corev1.Container, bool) {
	for i := range object.Spec.Containers {
		if object.Spec.Containers[i].Name == name {
			return &object.Spec.Containers[i], true
		}
	}
	for i := range object.Spec.InitContainers {
		if object.Spec.InitContainers[i].Name == name {
			return &object.Spec.InitContainers[i], true
		}
	}
	return nil, false
}

func (p *pod) container(name string) (*container, bool) {
	for _, each := range append(append([]*container{}, p.apps...), p.inits...) {
		if each.name == name {
			return each, true
		}
	}
	return nil, false
}

const (
	// eraseTime bounds one attempt to tell the API server of the end of a pod.
	eraseTime = 30 * time.Second
	// eraseAgain is the pause before the next.
	eraseAgain = 2 * time.Second
)

// erase removes all traces of the pod, here and from the API server. An agent that
// ends meanwhile leaves the rest to the next one.
func (p *pod) erase() {
	for {
		err := p.eraseFromAPI()
		if err == nil {
			break
		}
		p.Log.Warn("removing a pod that has ended", "pod", p.namespace+"/"+p.name, "error", err)
		time.Sleep(eraseAgain)
		if p.mustKeep() {
			return
		}
	}
	if err := os.RemoveAll(p.dir); err != nil {
		p.Log.Warn("removing the directory of a pod", "pod", p.namespace+"/"+p.name, "error", err)
	}
	p.Pool.Release(p.ip, string(p.uid))
	p.runtime.forget(p)
}

func (p *pod) eraseFromAPI() error {
	ctx, cancel := context.WithTimeout(context.Background(), eraseTime)
	defer cancel()
	pods := p.Client.CoreV1().Pods(p.namespace)
	// Its finalizers wait for the final status (the Job controller's does).
	if _, err := WriteStatus(ctx, pods, p.snapshot()); err != nil && !isGone(err) {
		return fmt.Errorf("writing its last status: %w", err)
	}
	options := metav1.NewDeleteOptions(0)
	options.Preconditions = metav1.NewUIDPreconditions(string(p.uid))
	if err := pods.Delete(ctx, p.name, *options); err != nil && !isGone(err) {
		return fmt.Errorf("deleting it: %w", err)
	}
	return nil
}

func isGone(err error) bool { return apierrors.IsNotFound(err) || apierrors.IsConflict(err) }
