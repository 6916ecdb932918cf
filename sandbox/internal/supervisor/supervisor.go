// Package supervisor is the one process that a sandbox's other processes are
// children of. It starts them, starts again those that end, makes clusters
// fail and recover, and is itself the Git server, Argo CD's Redis and each
// cluster's link to the outside. When it ends, however it ends, so do they.
package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/sandbox/internal/allocation"
	"shopset.dev/shopset/sandbox/internal/argocd"
	"shopset.dev/shopset/sandbox/internal/control"
	"shopset.dev/shopset/sandbox/internal/controlplane"
	"shopset.dev/shopset/sandbox/internal/gitserver"
	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/process"
	"shopset.dev/shopset/sandbox/internal/state"
)

const (
	// startTimeout bounds a start, on a machine that is busy with others.
	startTimeout = 5 * time.Minute
	// stopTimeout bounds a stop; what is left then is killed.
	stopTimeout = 30 * time.Second
	// hopeless is how often a process may end while the sandbox starts.
	hopeless = 4
)

// ErrRunning is returned by Run when the sandbox has a supervisor already.
var ErrRunning = errors.New("the sandbox has a supervisor already")

// Config says which sandbox to run.
type Config struct {
	Dir layout.Dir
	// Parts is the directory of programs, Self the sandbox's own program.
	Parts, Self string
	// Clusters are the workload clusters to start, by name.
	Clusters []string
	// Edge is the edges' program; empty for a sandbox without edges.
	Edge   string
	Clock  clock.WithTicker
	Logger *slog.Logger
}

// supervisor is a running sandbox.
type supervisor struct {
	Config
	state    *state.State
	recorder *recorder
	spawner  *process.Spawner
	clusters []*cluster // the management cluster first
	edges    []*edgeProcess
	argocd   argocd.ArgoCD
	progress *progress
	stop     context.CancelFunc
}

// Run runs the sandbox until the context ends or a stop is asked for, and
// returns when nothing of it runs any more.
func Run(ctx context.Context, config Config) error {
	lock, err := layout.TryLock(config.Dir.Lock())
	if errors.Is(err, layout.ErrLocked) {
		return ErrRunning
	}
	if err != nil {
		return err
	}
	defer lock.Unlock()
	progress, err := newProgress(config.Dir.Progress(), config.Clock)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s := &supervisor{Config: config, spawner: process.NewSpawner(), progress: progress, stop: stop}
	if err := s.run(ctx); err != nil {
		config.Logger.Error("sandbox ended", "error", err)
		progress.end(err)
		return err
	}
	return nil
}

func (s *supervisor) run(ctx context.Context) error {
	if err := s.claim(ctx); err != nil {
		return err
	}
	if err := s.assemble(); err != nil {
		return err
	}
	defer s.stopAll()
	git, err := gitserver.Start(s.Dir, s.state.Git, s.Logger)
	if err != nil {
		return err
	}
	defer git.Close(ctx)
	if err := argocd.StartRedis(ctx, s.Clock, s.argocd.Ports.Redis, s.argocd.RedisPassword); err != nil {
		return err
	}
	server, err := s.listen()
	if err != nil {
		return err
	}
	defer server.Close()
	if err := s.start(ctx); err != nil {
		return err
	}
	s.progress.end(nil)
	s.Logger.Info("sandbox is ready")
	<-ctx.Done()
	s.Logger.Info("sandbox stops")
	return nil
}

// claim ends what an earlier supervisor left, and takes addresses and ports.
func (s *supervisor) claim(ctx context.Context) error {
	st, err := state.LoadOrNew(s.Dir.State())
	if err != nil {
		return err
	}
	if err := Sweep(ctx, s.Clock, st); err != nil {
		return err
	}
	st.Git.Username = gitserver.Username
	st.Processes = nil
	if st.Supervisor, err = process.Self(); err != nil {
		return err
	}
	wantEdges(st, s.Edge != "")
	if err := allocation.DefaultRegistry().Allocate(s.Dir, st, s.Clusters); err != nil {
		return err
	}
	s.state = st
	s.recorder = &recorder{path: s.Dir.State(), state: st, logger: s.Logger}
	return nil
}

// assemble makes everything and starts nothing.
func (s *supervisor) assemble() error {
	for _, dir := range []string{s.Dir.Path("logs"), s.Dir.Images()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("preparing the sandbox: %w", err)
		}
	}
	if err := s.prepareSockets(); err != nil {
		return err
	}
	mark := MarkName + "=" + s.state.ID
	for _, c := range s.state.Enabled() {
		described := controlplane.Cluster{Cluster: c, Dir: s.Dir, Parts: s.Parts, Self: s.Self, Mark: mark}
		s.clusters = append(s.clusters, newCluster(described, s.Clock, s.Logger, s.runner(c.Name)))
	}
	if err := s.assembleEdges(); err != nil {
		return err
	}
	password, err := gitserver.Password(s.Dir)
	if err != nil {
		return err
	}
	s.argocd = argocd.ArgoCD{
		SandboxID:  s.state.ID,
		Management: s.clusters[0].Cluster,
		Ports:      s.state.ArgoCD, Git: s.state.Git,
		GitPassword: password, RedisPassword: argocd.NewRedisPassword(),
	}
	for _, c := range s.clusters[1:] {
		s.argocd.Workload = append(s.argocd.Workload, c.Cluster)
	}
	for _, spec := range s.argocd.Specs() {
		s.clusters[0].guests = append(s.clusters[0].guests, s.runner(state.Management)(spec))
	}
	s.clusters[0].guestsReady = func(ctx context.Context) error { return s.argocd.WaitReady(ctx, s.Clock) }
	return s.argocd.Prepare()
}

func (s *supervisor) prepareSockets() error {
	var names []string
	for _, c := range s.state.Enabled() {
		names = append(names, c.Name)
	}
	return s.Dir.PrepareSockets(names)
}

// runner makes runners of one cluster's processes.
func (s *supervisor) runner(cluster string) func(process.Spec) *process.Runner {
	started := func(name string, id process.ID) { s.recorder.started(cluster, name, id) }
	return func(spec process.Spec) *process.Runner {
		return process.NewRunner(spec, s.spawner, s.Clock, s.Logger.With("cluster", cluster), started)
	}
}

// start starts everything and returns when all of it is ready.
func (s *supervisor) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("not within %s", startTimeout))
	defer cancel()
	starting, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	go s.watchCrashes(starting, abort)
	// Argo CD's credentials name every cluster's certificates.
	for _, c := range s.clusters {
		if err := c.Prepare(s.Clock.Now()); err != nil {
			return err
		}
	}
	s.progress.stage("git: %s and %s", s.state.Git.Repository(gitserver.Apps), s.state.Git.Repository(gitserver.System))
	all, ctx := errgroup.WithContext(starting)
	for _, c := range s.clusters {
		all.Go(func() error { return s.startCluster(ctx, c) })
	}
	if err := all.Wait(); err != nil {
		return fmt.Errorf("%w; logs are in %s", err, s.Dir.Path("logs"))
	}
	return s.startEdges(starting)
}

func (s *supervisor) startCluster(ctx context.Context, c *cluster) error {
	c.operation.Lock()
	defer c.operation.Unlock()
	if err := c.startAPI(ctx); err != nil {
		return err
	}
	s.progress.stage("%s: API server answers at %s", c.Name, c.PublicURL())
	both, ctx := errgroup.WithContext(ctx)
	if c.Name == state.Management {
		both.Go(func() error { return s.startArgoCD(ctx, c) })
	}
	both.Go(func() error {
		if err := c.startManagers(ctx); err != nil {
			return err
		}
		c.become(control.Running)
		s.progress.stage("%s: ready", c.Name)
		return nil
	})
	return both.Wait()
}

func (s *supervisor) startArgoCD(ctx context.Context, c *cluster) error {
	if err := s.argocd.Install(ctx, s.Clock); err != nil {
		return err
	}
	if err := start(c.guests); err != nil {
		return err
	}
	if err := c.guestsReady(ctx); err != nil {
		return err
	}
	s.progress.stage("argocd: ready")
	return nil
}

// watchCrashes aborts a start in which a process ends again and again.
func (s *supervisor) watchCrashes(ctx context.Context, abort context.CancelCauseFunc) {
	ticker := s.Clock.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		}
		for _, runner := range s.runners() {
			if n := runner.Restarts(); n >= hopeless {
				abort(fmt.Errorf("%s has ended %d times; its log is %s", runner.Name(), n, runner.Log()))
				return
			}
		}
	}
}

// runners are those of everything that is supervised.
func (s *supervisor) runners() []*process.Runner {
	var all []*process.Runner
	for _, c := range s.clusters {
		all = append(all, c.runners()...)
	}
	for _, e := range s.edges {
		all = append(all, e.runner)
	}
	return all
}

// stopAll ends all processes and notes that there are none.
func (s *supervisor) stopAll() {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var all errgroup.Group
	for _, c := range s.clusters {
		all.Go(func() error { c.stop(ctx); return nil })
	}
	for _, e := range s.edges {
		all.Go(func() error { e.runner.Stop(ctx); return nil })
	}
	_ = all.Wait() // none returns an error
	s.recorder.mu.Lock()
	defer s.recorder.mu.Unlock()
	if err := Sweep(ctx, s.Clock, s.state); err != nil {
		s.Logger.Error("stopping the sandbox", "error", err)
		return
	}
	s.state.Processes, s.state.Supervisor = nil, process.ID{}
	if err := s.state.Save(s.Dir.State()); err != nil {
		s.Logger.Error("stopping the sandbox", "error", err)
	}
}
