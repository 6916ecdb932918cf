package cli

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"shopset.dev/shopset/sandbox/internal/node"
)

// newNode is the process that is a cluster's node.
func newNode() *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:    "node",
		Short:  "Be the node of a cluster",
		Hidden: true,
		Args:   usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			data, err := os.ReadFile(config)
			if err != nil {
				return fmt.Errorf("reading the node's configuration: %w", err)
			}
			var agent node.Config
			if err := json.Unmarshal(data, &agent); err != nil {
				return fmt.Errorf("decoding the node's configuration: %w", err)
			}
			agent.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			return node.Run(cmd.Context(), agent)
		},
	}
	cmd.Flags().StringVar(&config, "config", "", "the node's configuration file")
	return cmd
}
