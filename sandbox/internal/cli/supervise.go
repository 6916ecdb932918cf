package cli

import (
	"log/slog"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/sandbox/internal/supervisor"
)

// newSupervise is what `up` leaves running.
func newSupervise(o *options) *cobra.Command {
	var clusters []string
	var parts, edge string
	cmd := &cobra.Command{
		Use:    "supervise",
		Short:  "Run the sandbox in the foreground",
		Hidden: true,
		Args:   usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := o.sandbox()
			if err != nil {
				return err
			}
			self, err := os.Executable()
			if err != nil {
				return err
			}
			return supervisor.Run(cmd.Context(), supervisor.Config{
				Dir: dir, Parts: parts, Self: self, Clusters: clusters, Edge: edge,
				Clock:  clock.RealClock{},
				Logger: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)),
			})
		},
	}
	cmd.Flags().StringSliceVar(&clusters, "clusters", nil, "workload clusters to run")
	cmd.Flags().StringVar(&parts, "parts", "", "directory of the programs")
	cmd.Flags().StringVar(&edge, "edge", "", "the edges' program; empty for none")
	return cmd
}
