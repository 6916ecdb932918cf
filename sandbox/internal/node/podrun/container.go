package podrun

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"

	"shopset.dev/shopset/sandbox/internal/node/process"
)

// kind is the role of a container in its pod.
type kind int

const (
	appContainer kind = iota
	initContainer
	sidecarContainer
)

func initKind(container *corev1.Container) kind {
	if container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways {
		return sidecarContainer
	}
	return initContainer
}

// container is the loop of one container. Its mutable state is guarded by pod.mu.
type container struct {
	pod         *pod
	kind        kind
	name        string
	startedOnce chan struct{} // closed when it has started for the first time

	spec     *corev1.Container
	current  instance
	env      []string // of the current or last run
	status   corev1.ContainerStatus
	isShut   bool
	isOver   bool               // it is not started again
	cancel   context.CancelFunc // of the loop
	attempts Backoff
}

func newContainer(p *pod, spec *corev1.Container, kind kind) *container {
	reason := "ContainerCreating"
	if kind == appContainer && len(p.object.Spec.InitContainers) > 0 || kind != appContainer {
		reason = "PodInitializing"
	}
	started := false
	return &container{
		pod: p, kind: kind, name: spec.Name, spec: spec.DeepCopy(), startedOnce: make(chan struct{}),
		cancel: func() {},
		status: corev1.ContainerStatus{
			Name: spec.Name, Image: spec.Image, Started: &started,
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}},
		},
	}
}

// run is the loop. It tells whether the last run ended well.
func (c *container) run(parent context.Context) (succeeded bool) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	if !c.open(cancel) {
		return false
	}
	defer c.markOver()
	for {
		inst, ok := c.begin(ctx)
		if !ok {
			return false
		}
		c.attend(inst)
		exit := inst.Exit()
		c.noteExit(inst, exit)
		if c.kind == initContainer && exit.Code == 0 {
			return true
		}
		if ctx.Err() != nil || !restarts(c.policy(), exit.Code) {
			return exit.Code == 0
		}
		if delay := c.attempts.Next(exit.Finished.Sub(exit.Started)); delay > 0 {
			c.noteBackoff(delay)
			if !sleep(ctx, delay) {
				return false
			}
		}
	}
}

func (c *container) open(cancel context.CancelFunc) bool {
	c.pod.mu.Lock()
	defer c.pod.mu.Unlock()
	c.cancel = cancel
	return !c.isShut
}

func (c *container) markOver() {
	c.pod.mu.Lock()
	c.isOver = true
	c.pod.mu.Unlock()
	c.pod.changed()
}

func (c *container) finished() bool {
	c.pod.mu.Lock()
	defer c.pod.mu.Unlock()
	return c.isOver
}

func (c *container) policy() corev1.RestartPolicy {
	policy := c.pod.spec().Spec.RestartPolicy
	switch {
	case c.kind == sidecarContainer:
		return corev1.RestartPolicyAlways
	case c.kind == initContainer && policy == corev1.RestartPolicyAlways:
		return corev1.RestartPolicyOnFailure
	}
	return policy
}

// begin starts a run, and waits for what it needs. A program that cannot be
// started counts as a run that failed.
func (c *container) begin(ctx context.Context) (instance, bool) {
	var pulls Backoff
	for {
		inst, err := c.start()
		var wait waitError
		if err == nil {
			return inst, c.adopt(ctx, inst)
		}
		if !errors.As(err, &wait) {
			born := newStillborn(err)
			return born, c.adopt(ctx, born)
		}
		c.noteWaiting(wait.reason, wait.Error())
		c.pod.event(corev1.EventTypeWarning, "Failed", wait.Error())
		delay := min(pulls.Next(0), maxPullDelay)
		if !sleep(ctx, min(max(delay, firstDelay/2), firstDelay)) {
			return nil, false
		}
		if wait.later != "" {
			c.noteWaiting(wait.later, "Back-off: "+wait.Error())
		}
		if !sleep(ctx, delay) {
			return nil, false
		}
	}
}

// adopt makes inst the current run, unless the container was shut meanwhile.
func (c *container) adopt(ctx context.Context, inst instance) bool {
	c.pod.mu.Lock()
	shut := c.isShut || ctx.Err() != nil
	if !shut {
		c.current = inst
	}
	c.pod.mu.Unlock()
	if shut {
		inst.Kill()
		<-inst.Done()
		return false
	}
	if _, never := inst.(stillborn); !never {
		c.noteRunning(inst)
	}
	return true
}

// shut ends the container within grace: hook, SIGTERM, SIGKILL. It returns when
// the run has ended.
func (c *container) shut(grace time.Duration) {
	c.pod.mu.Lock()
	c.isShut = true
	c.cancel()
	inst := c.current
	c.pod.mu.Unlock()
	if inst != nil {
		c.pod.event(corev1.EventTypeNormal, "Killing", "Stopping container "+c.name)
		c.end(inst, grace)
	}
}

// end ends one run within grace.
func (c *container) end(inst instance, grace time.Duration) {
	select {
	case <-inst.Done():
		return
	default:
	}
	if grace <= 0 {
		inst.Kill()
		<-inst.Done()
		return
	}
	deadline := time.Now().Add(grace)
	c.preStop(inst, grace)
	inst.Terminate()
	timer := time.NewTimer(max(time.Until(deadline), minAfterHook))
	defer timer.Stop()
	select {
	case <-inst.Done():
	case <-timer.C:
		inst.Kill()
		<-inst.Done()
	}
}

func (c *container) kill() {
	c.pod.mu.Lock()
	inst := c.current
	c.pod.mu.Unlock()
	if inst != nil {
		inst.Kill()
	}
}

var _ instance = (*process.Process)(nil)
