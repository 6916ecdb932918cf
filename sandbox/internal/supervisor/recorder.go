package supervisor

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"syscall"
	"time"

	"k8s.io/utils/clock"

	"shopset.dev/shopset/sandbox/internal/process"
	"shopset.dev/shopset/sandbox/internal/state"
)

// MarkName is the variable that all processes of a sandbox carry, with the
// sandbox's id as its value.
const MarkName = "SHOPSET_SANDBOX_ID"

// recorder keeps state.json's list of processes.
type recorder struct {
	mu     sync.Mutex
	path   string
	state  *state.State
	logger *slog.Logger
}

// started replaces a process's entry or adds one.
func (r *recorder) started(cluster, name string, id process.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Processes = slices.DeleteFunc(r.state.Processes, func(p state.Process) bool {
		return p.Cluster == cluster && p.Name == name
	})
	r.state.Processes = append(r.state.Processes, state.Process{Cluster: cluster, Name: name, ID: id})
	if err := r.state.Save(r.path); err != nil {
		r.logger.Error("recording a process", "name", name, "error", err)
	}
}

// configured notes a cluster's settings.
func (r *recorder) configured(cluster string, settings state.Settings) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.state.Cluster(cluster)
	if !ok {
		return fmt.Errorf("recording the settings of cluster %q: there is none", cluster)
	}
	c.Settings = settings
	return r.state.Save(r.path)
}

// Sweep kills what a sandbox has left running, whoever its parent is now, and
// returns when it is gone. The sandbox's supervisor must have ended.
func Sweep(ctx context.Context, clk clock.Clock, s *state.State) error {
	for {
		left := leftovers(s)
		if len(left) == 0 {
			return nil
		}
		for _, id := range left {
			process.SignalTree(id, syscall.SIGKILL)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("ending %d processes of the sandbox: %w", len(left), context.Cause(ctx))
		case <-clk.After(50 * time.Millisecond):
		}
	}
}

func leftovers(s *state.State) []process.ID {
	var left []process.ID
	for _, p := range s.Processes {
		if p.Alive() {
			left = append(left, p.ID)
		}
	}
	if s.ID != "" {
		left = append(left, process.Marked(MarkName, s.ID)...)
	}
	return left
}
