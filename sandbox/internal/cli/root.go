// Package cli is the command line of shopset-sandbox: one file a verb. Data
// goes to stdout, messages to stderr. Exit codes: 0 done, 1 error, 2 wrong
// usage, 4 the sandbox is not well.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"shopset.dev/shopset/sandbox/internal/layout"
)

const (
	exitError     = 1
	exitUsage     = 2
	exitUnhealthy = 4
)

// dirVariable names the variable with the sandbox's directory.
const dirVariable = "SHOPSET_SANDBOX_DIR"

// codedError is an error with an exit code of its own.
type codedError struct {
	code int
	err  error
}

func (e codedError) Error() string { return e.err.Error() }
func (e codedError) Unwrap() error { return e.err }

// options are what all verbs share.
type options struct {
	dir string
}

// Main runs a command line and returns the exit code.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "Error:", err)
	if coded := (codedError{}); errors.As(err, &coded) {
		return coded.code
	}
	return exitError
}

func newRoot() *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:   "shopset-sandbox",
		Short: "A management cluster, workload clusters, edges, Git and Argo CD on this machine",
		Long: `shopset-sandbox runs real Kubernetes clusters, edges, a Git server and Argo CD as plain
processes of this machine: no root, no containers, no network. Pods of images
that were loaded run as processes; all other Pods are simulated.`,
		Example: `  shopset-sandbox up
  eval "$(shopset-sandbox env)"
  kubectl get nodes --kubeconfig "$KUBECONFIG_CLUSTER_A"
  shopset-sandbox fail cluster-a --mode partition
  shopset-sandbox down`,
		SilenceUsage: true, SilenceErrors: true,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return codedError{exitUsage, err} })
	root.PersistentFlags().StringVar(&o.dir, "dir", "", "the sandbox's directory (default $"+dirVariable+", else .sandbox)")
	root.AddCommand(
		newUp(o), newDown(o), newStatus(o), newFail(o), newRecover(o), newRestart(o), newEnv(o), newImage(o),
		newSupervise(o), newNode(),
	)
	return root
}

// usage makes a complaint about arguments one about usage.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return codedError{exitUsage, fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
		}
		return nil
	}
}

// sandbox is the directory that the flags and the environment name, absolute.
func (o *options) sandbox() (layout.Dir, error) {
	dir := o.dir
	if dir == "" {
		dir = os.Getenv(dirVariable)
	}
	if dir == "" {
		dir = ".sandbox"
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolving directory %q: %w", dir, err)
	}
	return layout.Dir(absolute), nil
}

// running says whether the sandbox has a supervisor.
func running(dir layout.Dir) bool {
	if _, err := os.Stat(dir.Lock()); err != nil {
		return false
	}
	lock, err := layout.TryLock(dir.Lock())
	if err != nil {
		return errors.Is(err, layout.ErrLocked)
	}
	lock.Unlock()
	return false
}

// mustRun is an error that names the next command unless the sandbox runs.
func mustRun(dir layout.Dir) error {
	if running(dir) {
		return nil
	}
	return codedError{exitUnhealthy, fmt.Errorf("no sandbox runs in %s; start it with: shopset-sandbox up --dir %s", dir, dir)}
}
