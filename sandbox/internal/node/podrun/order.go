package podrun

import (
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// runInits runs the init containers in order; false if the pod got no further.
// Sidecars (init containers that are always restarted) stay, and are waited for
// only until they have started.
func (p *pod) runInits(sidecars *sync.WaitGroup) bool {
	for _, each := range p.inits {
		if each.kind == sidecarContainer {
			sidecars.Go(func() { each.run(p.ctx) })
			select {
			case <-each.startedOnce:
			case <-p.ctx.Done():
				return false
			}
			continue
		}
		if !each.run(p.ctx) {
			return false
		}
	}
	return p.ctx.Err() == nil
}

// runApps runs the containers proper until none is to be started again.
func (p *pod) runApps() {
	var running sync.WaitGroup
	for _, each := range p.apps {
		if !each.finished() {
			running.Go(func() { each.run(p.ctx) })
		}
	}
	running.Wait()
}

// stop ends all containers: the containers proper at once, then the sidecars, the
// last started first. They share the grace.
func (p *pod) stop(grace time.Duration) {
	p.cancel()
	deadline := time.Now().Add(grace)
	var ending sync.WaitGroup
	for _, each := range p.apps {
		ending.Go(func() { each.shut(grace) })
	}
	for _, each := range p.inits {
		if each.kind == initContainer {
			ending.Go(func() { each.shut(grace) })
		}
	}
	ending.Wait()
	p.shutSidecars(max(time.Until(deadline), 0))
}

func (p *pod) shutSidecars(grace time.Duration) {
	deadline := time.Now().Add(grace)
	for i := len(p.inits) - 1; i >= 0; i-- {
		if p.inits[i].kind == sidecarContainer {
			p.inits[i].shut(max(time.Until(deadline), 0))
		}
	}
}

// remove ends the pod and then removes it. Called again with less grace, it
// hurries: an impatient second deletion.
func (p *pod) remove(grace time.Duration) {
	p.mu.Lock()
	p.isRemoving = true
	p.mu.Unlock()
	p.end(grace)
}

// abandon ends the processes of the pod and leaves everything else as it is.
func (p *pod) abandon() {
	p.mu.Lock()
	p.isAbandoned = true
	p.mu.Unlock()
	p.end(abandonGrace)
}

func (p *pod) end(grace time.Duration) {
	first := false
	p.stopping.Do(func() {
		first = true
		go p.stop(grace)
	})
	if !first {
		time.AfterFunc(grace, p.kill)
	}
}

func (p *pod) kill() {
	for _, each := range append(append([]*container{}, p.inits...), p.apps...) {
		each.kill()
	}
}

// grace is the pod's own termination grace period.
func (p *pod) grace() time.Duration {
	spec := p.spec().Spec
	if spec.TerminationGracePeriodSeconds == nil {
		return corev1.DefaultTerminationGracePeriodSeconds * time.Second
	}
	return time.Duration(*spec.TerminationGracePeriodSeconds) * time.Second
}

func (p *pod) removing() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.isRemoving
}

func (p *pod) mustKeep() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.isAbandoned
}

// hasProcess tells whether a real process was started for the pod.
func (p *pod) hasProcess() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, each := range append(append([]*container{}, p.inits...), p.apps...) {
		if each.env != nil {
			return true
		}
	}
	return false
}
