package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/sandbox/internal/allocation"
	"shopset.dev/shopset/sandbox/internal/control"
	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/state"
	"shopset.dev/shopset/sandbox/internal/supervisor"
)

const (
	// downTimeout is how long a supervisor may take to stop everything.
	downTimeout = 60 * time.Second
	// sweepTimeout is how long the kernel may take to end killed processes.
	sweepTimeout = 30 * time.Second
)

func newDown(o *options) *cobra.Command {
	var purge bool
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Stop the sandbox and keep its data, or with --purge delete it",
		Example: `  shopset-sandbox down
  shopset-sandbox down --purge`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := o.sandbox()
			if err != nil {
				return err
			}
			return down(cmd.Context(), dir, purge, cmd.ErrOrStderr())
		},
	}
	cmd.Flags().BoolVar(&purge, "purge", false, "delete the sandbox's files as well")
	return cmd
}

func down(ctx context.Context, dir layout.Dir, purge bool, out io.Writer) error {
	s, err := beginning(ctx, dir)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(out, "there is no sandbox in %s\n", dir)
		return nil
	}
	if err != nil {
		return err
	}
	if err := stopSupervisor(ctx, dir, s); err != nil {
		return err
	}
	if s, err = state.Load(dir.State()); err != nil { // it may have started more since
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	if err := supervisor.Sweep(ctx, clock.RealClock{}, s); err != nil {
		return err
	}
	fmt.Fprintf(out, "the sandbox in %s is stopped\n", dir)
	if !purge {
		return nil
	}
	if err := allocation.DefaultRegistry().Release(dir, s.Block); err != nil {
		return err
	}
	if err := dir.Purge(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is deleted\n", dir)
	return nil
}

// beginning loads the state, and waits for it where a supervisor has only just begun and has not
// written it yet: to go away now would leave that supervisor behind.
func beginning(ctx context.Context, dir layout.Dir) (*state.State, error) {
	ctx, cancel := context.WithTimeout(ctx, downTimeout)
	defer cancel()
	for {
		s, err := state.Load(dir.State())
		if !errors.Is(err, fs.ErrNotExist) || !running(dir) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the supervisor that has just begun in %s: %w", dir, context.Cause(ctx))
		case <-time.After(followInterval):
		}
	}
}

// stopSupervisor asks the supervisor to end, and kills it if it does not.
func stopSupervisor(ctx context.Context, dir layout.Dir, s *state.State) error {
	if !running(dir) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, downTimeout)
	defer cancel()
	if err := control.NewClient(dir.ControlSocket()).Stop(ctx); err != nil {
		s.Supervisor.Signal(syscall.SIGTERM) // it may not listen yet
	}
	for running(dir) {
		select {
		case <-ctx.Done():
			s.Supervisor.Signal(syscall.SIGKILL)
			return waitEnded(dir, s)
		case <-time.After(followInterval):
		}
	}
	return nil
}

func waitEnded(dir layout.Dir, s *state.State) error {
	for range int(sweepTimeout / followInterval) {
		if !running(dir) {
			return nil
		}
		time.Sleep(followInterval)
	}
	return fmt.Errorf("stopping the sandbox: supervisor %d does not end", s.Supervisor.PID)
}
