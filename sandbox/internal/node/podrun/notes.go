package podrun

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/sandbox/internal/node/process"
)

// maxPullDelay is short: looking into the local store costs nothing, and whoever
// just built the image waits for it.
const maxPullDelay = 10 * time.Second

// waitError is why a container cannot be started yet.
type waitError struct {
	reason string
	later  string // the reason after a while, if it is another
	err    error
}

func (w waitError) Error() string { return w.err.Error() }
func (w waitError) Unwrap() error { return w.err }

func (c *container) note(change func(*corev1.ContainerStatus)) {
	c.pod.mu.Lock()
	change(&c.status)
	c.pod.mu.Unlock()
	c.pod.changed()
}

func (c *container) noteWaiting(reason, message string) {
	c.note(func(status *corev1.ContainerStatus) {
		status.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
		status.Ready = false
	})
}

func (c *container) noteRunning(inst instance) {
	c.note(func(status *corev1.ContainerStatus) {
		if status.LastTerminationState.Terminated != nil {
			status.RestartCount++
		}
		started := metav1.Now()
		status.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}}
		status.ContainerID = c.runID(inst, status.RestartCount)
	})
	c.pod.event(corev1.EventTypeNormal, "Started", "Container started: "+c.name)
}

func (c *container) runID(inst instance, restart int32) string {
	if real, ok := inst.(*process.Process); ok {
		return fmt.Sprintf("process://%d", real.PID())
	}
	return fmt.Sprintf("simulated://%s/%s/%d", c.pod.uid, c.name, restart)
}

// noteStarted: the container passed its startup probe, or has none.
func (c *container) noteStarted(inst instance, ready bool) {
	c.noteOf(inst, func(status *corev1.ContainerStatus) {
		started := true
		status.Started = &started
		status.Ready = ready
	})
	select {
	case <-c.startedOnce:
	default:
		close(c.startedOnce)
	}
}

func (c *container) noteReady(inst instance, ready bool) {
	c.noteOf(inst, func(status *corev1.ContainerStatus) { status.Ready = ready })
}

// noteOf notes what was seen of inst, unless it has ended meanwhile.
func (c *container) noteOf(inst instance, change func(*corev1.ContainerStatus)) {
	c.pod.mu.Lock()
	isCurrent := c.current == inst && c.status.State.Running != nil
	if isCurrent {
		change(&c.status)
	}
	c.pod.mu.Unlock()
	if isCurrent {
		c.pod.changed()
	}
}

func (c *container) noteExit(inst instance, exit process.Exit) {
	terminated := &corev1.ContainerStateTerminated{
		ExitCode: int32(exit.Code), Reason: "Error", Message: exit.Message, //nolint:gosec // exit codes are small
		StartedAt: metav1.NewTime(exit.Started), FinishedAt: metav1.NewTime(exit.Finished),
	}
	if exit.Code == 0 {
		terminated.Reason = "Completed"
	}
	if _, never := inst.(stillborn); never {
		terminated.Reason = "StartError"
		c.pod.event(corev1.EventTypeWarning, "Failed", exit.Message)
	}
	c.note(func(status *corev1.ContainerStatus) {
		if terminated.Reason == "StartError" && status.LastTerminationState.Terminated != nil {
			status.RestartCount++
		}
		stopped := false
		terminated.ContainerID = status.ContainerID
		status.State = corev1.ContainerState{Terminated: terminated}
		// A regular init container that has done its work counts as ready.
		status.Ready = c.kind == initContainer && exit.Code == 0
		status.Started = &stopped
		c.current = nil
		if c.kind != initContainer || exit.Code != 0 {
			status.LastTerminationState = corev1.ContainerState{Terminated: terminated.DeepCopy()}
		}
	})
}

func (c *container) noteBackoff(delay time.Duration) {
	message := fmt.Sprintf("back-off %s restarting container %q", delay, c.name)
	c.noteWaiting("CrashLoopBackOff", message)
	c.pod.event(corev1.EventTypeWarning, "BackOff", message)
}
