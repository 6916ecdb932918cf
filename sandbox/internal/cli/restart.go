package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"shopset.dev/shopset/sandbox/internal/control"
	"shopset.dev/shopset/sandbox/internal/controlplane"
	"shopset.dev/shopset/sandbox/internal/state"
)

func newRestart(o *options) *cobra.Command {
	var set []string
	cmd := &cobra.Command{
		Use:   "restart CLUSTER",
		Short: "Stop a cluster in good order and start it, with another configuration if need be",
		Long: `restart is the work that a cluster is drained for: it stops everything of the
cluster, Pods included, changes flags of its processes, and starts it with all its
data. What is set stays set; an empty value takes it back. With flags that it does not
come up with, the cluster is started as it was.

The sandbox has one version of Kubernetes built in, so this is the restart of an
upgrade, with a new configuration in the place of a new version.`,
		Example: `  shopset-sandbox restart cluster-a
  shopset-sandbox restart cluster-a --set kube-apiserver.event-ttl=30m
  shopset-sandbox restart cluster-a --set kube-apiserver.event-ttl=`,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			settings, err := parseSettings(set)
			if err != nil {
				return codedError{exitUsage, err}
			}
			dir, err := o.sandbox()
			if err != nil {
				return err
			}
			if err := mustRun(dir); err != nil {
				return err
			}
			if err := control.NewClient(dir.ControlSocket()).Restart(cmd.Context(), args[0], settings); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%s is ready again\n", args[0])
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&set, "set", nil,
		"PROCESS.FLAG=VALUE of "+strings.Join(controlplane.Changeable(), ", ")+"; may be repeated")
	return cmd
}

// parseSettings reads PROCESS.FLAG=VALUE. Whether there are such a process and flag is for the
// supervisor to say.
func parseSettings(set []string) (state.Settings, error) {
	settings := state.Settings{}
	for _, entry := range set {
		name, value, isPair := strings.Cut(entry, "=")
		process, flag, isPath := strings.Cut(name, ".")
		if !isPair || !isPath || process == "" || flag == "" {
			return nil, fmt.Errorf("--set %q is not PROCESS.FLAG=VALUE", entry)
		}
		if settings[process] == nil {
			settings[process] = map[string]string{}
		}
		settings[process][strings.TrimLeft(flag, "-")] = value
	}
	return settings, nil
}
