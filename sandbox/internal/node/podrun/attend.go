package podrun

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"shopset.dev/shopset/sandbox/internal/node/probe"
)

// minAfterHook is what a process gets between SIGTERM and SIGKILL even if the
// preStop hook used up the grace period; the kubelet's number.
const minAfterHook = 2 * time.Second

// attend runs hooks and probes while inst runs, and returns when it has ended.
func (c *container) attend(inst instance) {
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { c.watch(ctx, inst) })
	<-inst.Done()
	cancel()
	watching.Wait()
}

func (c *container) watch(ctx context.Context, inst instance) {
	spec := c.latest()
	if _, fake := inst.(*simulated); fake {
		c.noteStarted(inst, true)
		return
	}
	if !c.postStart(ctx, spec, inst) || !c.awaitStartup(ctx, spec, inst) {
		return
	}
	c.noteStarted(inst, spec.ReadinessProbe == nil)
	var probes sync.WaitGroup
	if spec.ReadinessProbe != nil {
		probes.Go(func() { c.watchReadiness(ctx, spec, inst) })
	}
	if spec.LivenessProbe != nil {
		probes.Go(func() { c.watchLiveness(ctx, spec.LivenessProbe, "Liveness", inst) })
	}
	probes.Wait()
}

// awaitStartup waits for the startup probe; false if inst did not pass it.
func (c *container) awaitStartup(ctx context.Context, spec *corev1.Container, inst instance) bool {
	if spec.StartupProbe == nil {
		return true
	}
	passed := false
	probe.Watch(ctx, spec.StartupProbe, c.target(spec), func(verdict probe.Verdict, err error) bool {
		passed = verdict == probe.Passing
		if verdict == probe.Failing {
			c.unhealthy(inst, spec.StartupProbe, "Startup", err)
		}
		return verdict == probe.Undecided
	})
	return passed
}

func (c *container) watchReadiness(ctx context.Context, spec *corev1.Container, inst instance) {
	ready := false
	probe.Watch(ctx, spec.ReadinessProbe, c.target(spec), func(verdict probe.Verdict, err error) bool {
		if err != nil {
			c.pod.event(corev1.EventTypeWarning, "Unhealthy", "Readiness probe failed: "+err.Error())
		}
		if now := verdict == probe.Passing; verdict != probe.Undecided && now != ready {
			ready = now
			c.noteReady(inst, ready)
		}
		return true
	})
}

func (c *container) watchLiveness(ctx context.Context, how *corev1.Probe, name string, inst instance) {
	spec := c.latest()
	probe.Watch(ctx, how, c.target(spec), func(verdict probe.Verdict, err error) bool {
		if c.pod.ctx.Err() != nil {
			return false // it is ending anyhow
		}
		if verdict == probe.Failing {
			c.unhealthy(inst, how, name, err)
			return false
		}
		return true
	})
}

// unhealthy ends a run that failed a probe; the loop starts the next one.
func (c *container) unhealthy(inst instance, how *corev1.Probe, name string, err error) {
	c.pod.event(corev1.EventTypeWarning, "Unhealthy", fmt.Sprintf("%s probe failed: %v", name, err))
	c.pod.event(corev1.EventTypeNormal, "Killing",
		fmt.Sprintf("Container %s failed its %s probe, will be restarted", c.name, name))
	grace := c.pod.grace()
	if how.TerminationGracePeriodSeconds != nil {
		grace = time.Duration(*how.TerminationGracePeriodSeconds) * time.Second
	}
	// Not waited for here: the watcher that calls this ends with the run.
	go c.end(inst, grace)
}

func (c *container) target(spec *corev1.Container) probe.Target {
	return probe.Target{Address: c.pod.local(), Ports: spec.Ports, Exec: c.exec}
}

// postStart runs the hook of that name; false if it failed, which ends the run.
func (c *container) postStart(ctx context.Context, spec *corev1.Container, inst instance) bool {
	if spec.Lifecycle == nil || spec.Lifecycle.PostStart == nil {
		return true
	}
	err := c.hook(ctx, spec, spec.Lifecycle.PostStart)
	if err == nil {
		return true
	}
	if ctx.Err() == nil {
		c.pod.event(corev1.EventTypeWarning, "FailedPostStartHook", err.Error())
		go c.end(inst, c.pod.grace())
	}
	return false
}

// preStop runs the hook of that name, for at most grace. Its failure is told, and
// the run is ended all the same.
func (c *container) preStop(inst instance, grace time.Duration) {
	spec := c.latest()
	_, fake := inst.(*simulated)
	if fake || spec.Lifecycle == nil || spec.Lifecycle.PreStop == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	go func() {
		select {
		case <-inst.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := c.hook(ctx, spec, spec.Lifecycle.PreStop); err != nil && ctx.Err() == nil {
		c.pod.event(corev1.EventTypeWarning, "FailedPreStopHook", err.Error())
	}
}

func (c *container) hook(ctx context.Context, spec *corev1.Container, how *corev1.LifecycleHandler) error {
	if how.Sleep != nil {
		sleep(ctx, time.Duration(how.Sleep.Seconds)*time.Second)
		return nil
	}
	handler := corev1.ProbeHandler{Exec: how.Exec, HTTPGet: how.HTTPGet, TCPSocket: how.TCPSocket}
	return probe.Check(ctx, handler, c.target(spec))
}

// latest is the container's specification as last seen. It is not to be written to.
func (c *container) latest() *corev1.Container {
	c.pod.mu.Lock()
	defer c.pod.mu.Unlock()
	return c.spec
}
