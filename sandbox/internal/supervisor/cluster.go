package supervisor

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"syscall"

	"k8s.io/utils/clock"

	"shopset.dev/shopset/sandbox/internal/control"
	"shopset.dev/shopset/sandbox/internal/controlplane"
	"shopset.dev/shopset/sandbox/internal/link"
	"shopset.dev/shopset/sandbox/internal/process"
	"shopset.dev/shopset/sandbox/internal/state"
)

// cluster is a cluster's processes and its link to the outside.
type cluster struct {
	controlplane.Cluster
	clock  clock.Clock
	logger *slog.Logger
	link   *link.Link

	storage, managers []*process.Runner
	// guests live and die with the cluster and are no part of it: Argo CD.
	guests []*process.Runner
	// guestsReady returns when the guests are.
	guestsReady func(context.Context) error

	// operation is held by whoever changes what the cluster is in.
	operation sync.Mutex

	mu        sync.Mutex
	condition control.Condition
	settings  state.Settings
}

func newCluster(c controlplane.Cluster, clk clock.Clock, logger *slog.Logger, runner func(process.Spec) *process.Runner) *cluster {
	made := &cluster{
		Cluster: c, clock: clk, logger: logger.With("cluster", c.Name), condition: control.Starting, settings: c.Settings,
		guestsReady: func(context.Context) error { return nil },
		link:        link.New(net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Ports.Public)), net.JoinHostPort(c.Address, strconv.Itoa(c.Ports.APIServer))),
	}
	for _, spec := range c.Storage() {
		made.storage = append(made.storage, runner(spec))
	}
	for _, spec := range c.Managers() {
		made.managers = append(made.managers, runner(spec))
	}
	return made
}

// runners returns all, in the order they start.
func (c *cluster) runners() []*process.Runner {
	return slices.Concat(c.storage, c.managers, c.guests)
}

func (c *cluster) is() control.Condition {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.condition
}

func (c *cluster) become(condition control.Condition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.condition = condition
}

// startAPI starts what the API needs and returns when it answers.
func (c *cluster) startAPI(ctx context.Context) error {
	if err := c.Prepare(c.clock.Now()); err != nil {
		return err
	}
	if err := start(c.storage); err != nil {
		return err
	}
	if err := c.link.Up(); err != nil {
		return err
	}
	return c.WaitAPI(ctx, c.clock)
}

// startManagers starts the rest and returns when Pods can run.
func (c *cluster) startManagers(ctx context.Context) error {
	if err := start(c.managers); err != nil {
		return err
	}
	return c.WaitReady(ctx, c.clock)
}

// fail makes a running cluster fail, and says when it did.
func (c *cluster) fail(mode control.Mode) (control.Failed, error) {
	c.operation.Lock()
	defer c.operation.Unlock()
	wanted, ok := mode.Condition()
	if !ok {
		return control.Failed{}, fmt.Errorf("failing cluster %q: %q is no mode of failure", c.Name, mode)
	}
	switch is := c.is(); is {
	case wanted:
		return control.Failed{}, nil
	case control.Running:
	default:
		return control.Failed{}, fmt.Errorf("failing cluster %q: it is %s; recover it first", c.Name, is)
	}
	failed := control.Failed{From: c.clock.Now()}
	// What shoppers meet goes first: a machine does not fail bit by bit.
	switch mode {
	case control.Kill:
		c.link.Down()
		c.agent().Kill()
		failed.To = c.clock.Now()
		c.kill()
	case control.Freeze:
		process.SignalTree(c.agent().ID(), syscall.SIGSTOP)
		failed.To = c.clock.Now()
		c.signal(syscall.SIGSTOP)
	case control.Partition:
		c.agent().ID().Signal(syscall.SIGUSR1)
		c.link.Cut()
		failed.To = c.clock.Now()
	}
	c.become(wanted)
	c.logger.Info("cluster failed on request", "mode", mode)
	return failed, nil
}

// recover undoes fail and returns when the cluster is ready.
func (c *cluster) recover(ctx context.Context) error {
	c.operation.Lock()
	defer c.operation.Unlock()
	was := c.is()
	switch was {
	case control.Killed:
		if err := c.startAll(ctx); err != nil {
			return err
		}
	case control.Frozen:
		c.signal(syscall.SIGCONT)
	case control.Partitioned:
		c.agent().ID().Signal(syscall.SIGUSR2)
		c.link.Mend()
	case control.Running:
		return nil
	default:
		return fmt.Errorf("recovering cluster %q: it is %s", c.Name, was)
	}
	c.become(control.Running)
	c.logger.Info("cluster recovered on request", "was", was)
	return c.waitAll(ctx)
}

// startAll starts everything after all of it was stopped.
func (c *cluster) startAll(ctx context.Context) error {
	if err := c.startAPI(ctx); err != nil {
		return err
	}
	return start(slices.Concat(c.managers, c.guests))
}

// waitAll returns when the cluster and its guests are ready.
func (c *cluster) waitAll(ctx context.Context) error {
	if err := c.WaitAPI(ctx, c.clock); err != nil {
		return err
	}
	if err := c.WaitReady(ctx, c.clock); err != nil {
		return err
	}
	return c.guestsReady(ctx)
}

// kill ends all processes at once, as the loss of a machine does: those that
// could still tell the world of it first.
func (c *cluster) kill() {
	c.link.Down()
	runners := c.runners()
	for i := len(runners) - 1; i >= 0; i-- {
		runners[i].Kill()
	}
}

// stop ends all processes in good order, whatever the cluster is in.
func (c *cluster) stop(ctx context.Context) {
	c.operation.Lock()
	defer c.operation.Unlock()
	c.signal(syscall.SIGCONT) // a frozen process cannot end by itself
	c.halt(ctx)
}

// halt ends the processes of a cluster that does not stand still.
func (c *cluster) halt(ctx context.Context) {
	c.link.Down()
	c.link.Mend()
	c.stopAll(ctx, slices.Concat(c.guests, c.managers))
	for i := len(c.storage) - 1; i >= 0; i-- {
		c.storage[i].Stop(ctx)
	}
}

func (c *cluster) stopAll(ctx context.Context, runners []*process.Runner) {
	var all sync.WaitGroup
	for _, runner := range runners {
		all.Go(func() { runner.Stop(ctx) })
	}
	all.Wait()
}

func (c *cluster) signal(signal syscall.Signal) {
	for _, runner := range c.runners() {
		process.SignalTree(runner.ID(), signal)
	}
}

func (c *cluster) agent() *process.Runner { return c.managers[len(c.managers)-1] }

func start(runners []*process.Runner) error {
	for _, runner := range runners {
		if err := runner.Start(); err != nil {
			return err
		}
	}
	return nil
}
