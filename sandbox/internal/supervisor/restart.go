package supervisor

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"shopset.dev/shopset/sandbox/internal/control"
	"shopset.dev/shopset/sandbox/internal/controlplane"
	"shopset.dev/shopset/sandbox/internal/process"
	"shopset.dev/shopset/sandbox/internal/state"
)

const (
	// restartTimeout is how long a cluster may take to come up with changed settings.
	restartTimeout = 90 * time.Second
	// haltTimeout is how long it may take to end.
	haltTimeout = 20 * time.Second
)

var flagName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// restart stops a running cluster in good order and starts it with changed settings. One that does
// not come up with them is started as it was, and the error says so. keep notes what it runs with.
func (c *cluster) restart(ctx context.Context, changes state.Settings, keep func(string, state.Settings) error) error {
	c.operation.Lock()
	defer c.operation.Unlock()
	was := c.configuration()
	settings, err := merged(was, changes)
	if err != nil {
		return fmt.Errorf("restarting cluster %q: %w", c.Name, err)
	}
	if is := c.is(); is != control.Running {
		return fmt.Errorf("restarting cluster %q: it is %s; recover it first", c.Name, is)
	}
	c.become(control.Restarting)
	if err = c.cycle(ctx, settings); err == nil {
		c.become(control.Running)
		c.logger.Info("cluster restarted on request", "settings", settings)
		return keep(c.Name, settings)
	}
	c.logger.Error("restarting the cluster", "settings", settings, "error", err)
	if again := c.cycle(ctx, was); again != nil {
		c.become(control.Killed) // from there recover leads on
		c.kill()
		return fmt.Errorf("restarting cluster %q: %w; as it was before it does not come up either: %w", c.Name, err, again)
	}
	c.become(control.Running)
	return fmt.Errorf("restarting cluster %q: %w; it runs again as it was before", c.Name, err)
}

// cycle stops everything and starts it with the settings.
func (c *cluster) cycle(ctx context.Context, settings state.Settings) error {
	halting, cancel := context.WithTimeout(ctx, haltTimeout)
	c.halt(halting)
	cancel()
	c.configure(settings)
	ctx, cancel = context.WithTimeoutCause(ctx, restartTimeout, fmt.Errorf("not within %s", restartTimeout))
	defer cancel()
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	go c.watchCrashes(ctx, abort)
	if err := c.startAll(ctx); err != nil {
		return err
	}
	return c.waitAll(ctx)
}

// watchCrashes aborts a start in which a process ends again and again.
func (c *cluster) watchCrashes(ctx context.Context, abort context.CancelCauseFunc) {
	before := map[*process.Runner]int{}
	for _, runner := range c.runners() {
		before[runner] = runner.Restarts()
	}
	ticker := c.clock.NewTimer(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
			ticker.Reset(time.Second)
		}
		for _, runner := range c.runners() {
			if n := runner.Restarts() - before[runner]; n >= hopeless {
				abort(fmt.Errorf("%s has ended %d times; its log is %s", runner.Name(), n, runner.Log()))
				return
			}
		}
	}
}

// configuration is what a person has set.
func (c *cluster) configuration() state.Settings {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settings
}

// configure gives the processes, which must be stopped, other settings.
func (c *cluster) configure(settings state.Settings) {
	c.mu.Lock()
	c.settings = settings
	c.mu.Unlock()
	changed := c.Cluster
	changed.Settings = settings
	for i, spec := range changed.Storage() {
		c.storage[i].Change(spec.Args)
	}
	for i, spec := range changed.Managers() {
		c.managers[i].Change(spec.Args)
	}
}

// merged applies changes to settings; neither is altered.
func merged(settings, changes state.Settings) (state.Settings, error) {
	out := state.Settings{}
	for name, flags := range settings {
		out[name] = maps.Clone(flags)
	}
	for name, flags := range changes {
		if !slices.Contains(controlplane.Changeable(), name) {
			return nil, fmt.Errorf("%q is none of %s", name, strings.Join(controlplane.Changeable(), ", "))
		}
		for flag, value := range flags {
			switch {
			case !flagName.MatchString(flag):
				return nil, fmt.Errorf("%q is no name of a flag of %s", flag, name)
			case value == "":
				delete(out[name], flag)
			default:
				if out[name] == nil {
					out[name] = map[string]string{}
				}
				out[name][flag] = value
			}
		}
		if len(out[name]) == 0 {
			delete(out, name)
		}
	}
	return out, nil
}
