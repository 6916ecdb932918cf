package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"shopset.dev/shopset/sandbox/internal/control"
	"shopset.dev/shopset/sandbox/internal/layout"
)

func newStatus(o *options) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show clusters, edges, Argo CD, Git, and what they cost",
		Example: `  shopset-sandbox status
  shopset-sandbox status -o json`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return codedError{exitUsage, fmt.Errorf("-o %q is none of table, json", output)}
			}
			dir, err := o.sandbox()
			if err != nil {
				return err
			}
			if err := mustRun(dir); err != nil {
				return err
			}
			status, err := control.NewClient(dir.ControlSocket()).Status(cmd.Context())
			if err != nil {
				return err
			}
			if err := printStatus(cmd.OutOrStdout(), status, output); err != nil {
				return err
			}
			if !status.Ready {
				return codedError{exitUnhealthy, errors.New("not all of the sandbox runs")}
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return cmd
}

func printStatus(w io.Writer, status *control.Status, output string) error {
	if output == "json" {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(status)
	}
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "CLUSTER\tPLATFORM\tSTATE\tVERSION\tNODES\tPODS\tSERVER\tMEMORY")
	for _, c := range status.Clusters {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", c.Name, c.Platform, c.Condition, orDash(c.Version), c.Nodes, c.Pods, c.Server, mebibytes(sum(c.Processes)))
	}
	fmt.Fprintln(table, "\nPROCESS\tPID\tRESTARTS\tMEMORY")
	printProcesses(table, "", []control.Process{status.Supervisor})
	for _, c := range status.Clusters {
		printProcesses(table, c.Name+"/", c.Processes)
	}
	for _, e := range status.Edges {
		printProcesses(table, "", []control.Process{e.Process})
	}
	printProcesses(table, "", status.ArgoCD.Processes)
	fmt.Fprintf(table, "all\t\t\t%s\n", mebibytes(status.Memory))
	printEdges(table, status)
	printSettings(table, status.Clusters)
	fmt.Fprintf(table, "\nGIT\t%s\n\t%s\n", status.Git.Apps, status.Git.System)
	fmt.Fprintf(table, "ARGO CD\tnamespace %s, metrics %s\n", status.ArgoCD.Namespace, status.ArgoCD.ControllerMetrics)
	fmt.Fprintf(table, "DIRECTORY\t%s\n", status.Dir)
	return table.Flush()
}

func printEdges(w io.Writer, status *control.Status) {
	if len(status.Edges) == 0 {
		return
	}
	fmt.Fprintln(w, "\nEDGE\tHTTP\tHTTPS\tSTATUS\tTABLES OF")
	for _, e := range status.Edges {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s/status\t%s\n", e.Name, e.HTTP, e.HTTPS, e.Status, e.Cluster)
	}
	fmt.Fprintf(w, "CA\t%s\n", layout.Dir(status.Dir).EdgeCA())
}

// printSettings shows what "restart --set" has changed.
func printSettings(w io.Writer, clusters []control.Cluster) {
	for _, c := range clusters {
		for _, process := range slices.Sorted(maps.Keys(c.Settings)) {
			for _, flag := range slices.Sorted(maps.Keys(c.Settings[process])) {
				fmt.Fprintf(w, "SET\t%s/%s\t--%s=%s\n", c.Name, process, flag, c.Settings[process][flag])
			}
		}
	}
}

func printProcesses(w io.Writer, prefix string, processes []control.Process) {
	for _, p := range processes {
		pid := "-"
		if p.PID != 0 {
			pid = fmt.Sprint(p.PID)
		}
		fmt.Fprintf(w, "%s%s\t%s\t%d\t%s\n", prefix, p.Name, pid, p.Restarts, mebibytes(p.Memory))
	}
}

func sum(processes []control.Process) int64 {
	var bytes int64
	for _, p := range processes {
		bytes += p.Memory
	}
	return bytes
}

func mebibytes(bytes int64) string { return fmt.Sprintf("%d MiB", bytes>>20) }

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
