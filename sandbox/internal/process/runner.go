package process

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"k8s.io/utils/clock"
)

// Restart delays: the first failure is retried at once, a process that keeps
// failing costs little.
const (
	firstDelay = 500 * time.Millisecond
	maxDelay   = 10 * time.Second
	// steady is how long a process must have run for its next failure to count
	// as the first.
	steady = time.Minute
	// maxLog is the size at which a log file is set aside before a start.
	maxLog = 32 << 20
)

// Spec is what to run.
type Spec struct {
	Name string
	Path string
	Args []string
	Env  []string
	Dir  string
	Log  string
	// Nice is by how much the process gives way to others, from 0 to 19.
	Nice int
	// Grace is how long the process may take to end by itself.
	Grace time.Duration
}

// Runner keeps one process running until it is stopped.
type Runner struct {
	spec    Spec
	spawner *Spawner
	clock   clock.Clock
	logger  *slog.Logger
	// started is told of each new process before it can do anything that
	// would need finding it again.
	started func(name string, id ID)

	mu       sync.Mutex
	id       ID
	restarts int
	stop     chan struct{} // closed to end it; nil while stopped
	done     chan struct{} // closed when it has ended
}

// NewRunner returns a stopped runner.
func NewRunner(spec Spec, spawner *Spawner, c clock.Clock, logger *slog.Logger, started func(string, ID)) *Runner {
	return &Runner{spec: spec, spawner: spawner, clock: c, logger: logger, started: started}
}

// Name is the name of the process.
func (r *Runner) Name() string { return r.spec.Name }

// Log is the file with the process's output.
func (r *Runner) Log() string { return r.spec.Log }

// Change replaces the arguments; those count from the next start on.
func (r *Runner) Change(args []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spec.Args = args
}

// ID is the current process, the zero ID while there is none.
func (r *Runner) ID() ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.id
}

// Restarts counts the times the process ended unasked.
func (r *Runner) Restarts() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.restarts
}

// Start starts the process, and restarts it whenever it ends, until Stop or
// Kill. It does nothing when started already.
func (r *Runner) Start() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop != nil {
		return nil
	}
	cmd, err := r.spawn()
	if err != nil {
		return err
	}
	r.stop, r.done = make(chan struct{}), make(chan struct{})
	go r.keep(cmd, r.stop, r.done)
	return nil
}

// Stop asks the process to end, and kills it and its descendants when its
// grace is over or when the context ends.
func (r *Runner) Stop(ctx context.Context) {
	done := r.release()
	if done == nil {
		return
	}
	id := r.ID()
	tree := Tree(id)
	id.Signal(syscall.SIGTERM)
	select {
	case <-done:
	case <-ctx.Done():
	case <-r.clock.After(r.spec.Grace):
	}
	tree = append(tree, Tree(id)...)
	for _, member := range tree {
		member.Signal(syscall.SIGKILL)
	}
	<-done
}

// Kill ends the process and its descendants at once. They are looked for before the first of them is
// signalled, so that all die at the same moment, and none stands still for a while before.
func (r *Runner) Kill() {
	done := r.release()
	if done == nil {
		return
	}
	for _, member := range Tree(r.ID()) {
		member.Signal(syscall.SIGKILL)
	}
	<-done
}

// release makes keep not restart the process, and returns the channel that
// closes when it has ended; nil when the runner is stopped already.
func (r *Runner) release() chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop == nil {
		return nil
	}
	close(r.stop)
	r.stop = nil
	return r.done
}

// spawn starts one process. The caller holds the lock.
func (r *Runner) spawn() (*exec.Cmd, error) {
	log, err := openLog(r.spec.Log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(r.spec.Path, r.spec.Args...)
	cmd.Env, cmd.Dir = r.spec.Env, r.spec.Dir
	cmd.Stdout, cmd.Stderr = log, log
	if err := r.spawner.Start(cmd); err != nil {
		return nil, fmt.Errorf("starting %s: %w", r.spec.Name, err)
	}
	if err := Yield(cmd.Process.Pid, r.spec.Nice); err != nil {
		r.logger.Warn("process does not give way to others", "name", r.spec.Name, "error", err)
	}
	id, err := Identify(cmd.Process.Pid)
	if err != nil {
		// Even one that has ended is found until it is waited for: /proc is not there.
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("starting %s: %w", r.spec.Name, err)
	}
	r.id = id
	r.started(r.spec.Name, id)
	return cmd, nil
}

// keep waits for the process and starts it again until stop is closed.
func (r *Runner) keep(cmd *exec.Cmd, stop, done chan struct{}) {
	defer close(done)
	delay := firstDelay
	for {
		begun := r.clock.Now()
		var err error
		if cmd != nil {
			err = cmd.Wait()
		}
		if r.ended(stop) {
			return
		}
		if r.clock.Since(begun) > steady {
			delay = firstDelay
		}
		r.logger.Warn("process ended and will be started again", "name", r.spec.Name, "error", err, "after", delay, "log", r.spec.Log)
		select {
		case <-stop:
			return
		case <-r.clock.After(delay):
		}
		delay = min(2*delay, maxDelay)
		if cmd = r.respawn(stop); cmd == nil && r.ended(stop) {
			return
		}
	}
}

// ended notes that the process is gone, and says whether that was asked for.
func (r *Runner) ended(stop chan struct{}) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.id = ID{}
	select {
	case <-stop:
		return true
	default:
		return false
	}
}

func (r *Runner) respawn(stop chan struct{}) *exec.Cmd {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-stop:
		return nil
	default:
	}
	r.restarts++
	cmd, err := r.spawn()
	if err != nil {
		r.logger.Error("process does not start", "name", r.spec.Name, "error", err)
		return nil
	}
	return cmd
}

// openLog opens a log file for appending, setting a large one aside.
func openLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, fmt.Errorf("setting log %s aside: %w", path, err)
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening log: %w", err)
	}
	return file, nil
}
