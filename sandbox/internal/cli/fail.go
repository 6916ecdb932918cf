package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"shopset.dev/shopset/sandbox/internal/control"
)

func newFail(o *options) *cobra.Command {
	var mode string
	cmd := &cobra.Command{
		Use:   "fail CLUSTER",
		Short: "Make a cluster fail",
		Long: `fail makes a cluster fail until "recover", which brings it back with its data:
  kill       all its processes are gone, connections are refused
  freeze     all its processes stand still, connections hang
  partition  nothing passes between outside and inside, inside all goes on

Edges are outside of all clusters and keep running. A partition cuts the way to the
API server and the load balancers, and what Pods reach by name outside of their
cluster; a program that dials a loopback address of this machine itself is not cut.`,
		Example: `  shopset-sandbox fail cluster-a --mode kill`,
		Args:    usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, ok := control.Mode(mode).Condition(); !ok {
				return codedError{exitUsage, fmt.Errorf("--mode %q is none of %q", mode, control.Modes())}
			}
			dir, err := o.sandbox()
			if err != nil {
				return err
			}
			if err := mustRun(dir); err != nil {
				return err
			}
			if _, err := control.NewClient(dir.ControlSocket()).Fail(cmd.Context(), args[0], control.Mode(mode)); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%s has failed (%s); undo that with: shopset-sandbox recover %s\n", args[0], mode, args[0])
			return nil
		},
	}
	cmd.Flags().StringVar(&mode, "mode", string(control.Kill), "kill, freeze or partition")
	return cmd
}

func newRecover(o *options) *cobra.Command {
	return &cobra.Command{
		Use:     "recover CLUSTER",
		Short:   "Undo a failure, with all data kept, and wait until the cluster is ready",
		Example: `  shopset-sandbox recover cluster-a`,
		Args:    usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := o.sandbox()
			if err != nil {
				return err
			}
			if err := mustRun(dir); err != nil {
				return err
			}
			if err := control.NewClient(dir.ControlSocket()).Recover(cmd.Context(), args[0]); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%s is ready\n", args[0])
			return nil
		},
	}
}
