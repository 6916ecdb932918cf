package drain

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/change"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/kube"
	"shopset.dev/shopset/internal/cli/output"
)

const uncordonExample = `  # The work on cluster a is done: bring back exactly what was displaced
  %[1]s uncordon a -n shop --wait

  # Stop a drain that is still going on: the same, and it goes back to the start
  %[1]s uncordon a -n shop`

// NewUncordon makes the verb. program is how the user calls shopctl.
func NewUncordon(program string, streams output.Streams) *cobra.Command {
	v := verb{program: program, clock: clock.RealClock{}, change: change.Flags{Streams: streams}}
	cmd := &cobra.Command{
		Use:   "uncordon CLUSTER",
		Short: "Let a cluster take load again, and bring back what a drain displaced",
		Long: `Uncordon sets the goal of the cluster's open ClusterMaintenance to Return; to Abort if it is still
draining, which goes back to the start. It also sets the state of the WorkloadCluster to Active.

Exit codes: 0 asked for (with --wait: done), 1 error, 2 usage, 5 no answer or not done in time.`,
		Example: fmt.Sprintf(uncordonExample, program),
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return v.uncordon(cmd.Context(), args[0]) },
	}
	v.kube.AddWaitFlags(cmd.Flags(), &v.wait, drainWait)
	v.change.AddFlags(cmd.Flags())
	return cmd
}

func (v *verb) uncordon(ctx context.Context, name string) error {
	if err := v.check(); err != nil {
		return err
	}
	cluster, err := v.kube.Connect()
	if err != nil {
		return err
	}
	var wc v1alpha1.WorkloadCluster
	if err := cluster.Get(ctx, name, &wc); err != nil {
		return err
	}
	open, err := openOn(ctx, cluster, name)
	if err != nil {
		return err
	}
	if len(open) == 0 && active(&wc) {
		v.change.Streams.Note("cluster %s is Active and under no maintenance: there is nothing to do", name)
		return nil
	}
	// The cluster first: groups return only to where load may go.
	if !active(&wc) {
		before := wc.DeepCopy()
		wc.Spec.State = v1alpha1.ClusterActive
		if err := v.change.Patch(ctx, cluster, before, &wc, "uncordoned (was "+string(before.Spec.State)+")"); err != nil {
			return err
		}
	}
	for i := range open {
		if err := v.finish(ctx, cluster, &open[i]); err != nil {
			return err
		}
	}
	return v.untilReturned(ctx, cluster, open)
}

func active(c *v1alpha1.WorkloadCluster) bool {
	return c.Spec.State == v1alpha1.ClusterActive || c.Spec.State == ""
}

// finish sets the goal with which a maintenance ends.
func (v *verb) finish(ctx context.Context, cluster *kube.Cluster, m *v1alpha1.ClusterMaintenance) error {
	note := v.change.Streams.Note
	if m.Spec.Goal != v1alpha1.MaintenanceDrain {
		note("%s has the goal %s already (%s)", m.Name, m.Spec.Goal, orPending(m))
		return nil
	}
	before := m.DeepCopy()
	m.Spec.Goal = v1alpha1.MaintenanceReturn
	if m.Status.Phase != v1alpha1.MaintenanceDrained {
		m.Spec.Goal = v1alpha1.MaintenanceAbort
		note("%s is %s, not yet Drained: it is aborted, and what was moved so far goes back", m.Name, orPending(m))
	}
	return v.change.Patch(ctx, cluster, before, m, "goal set to "+string(m.Spec.Goal))
}

// untilReturned waits until all maintenances are over, if that was asked for.
func (v *verb) untilReturned(ctx context.Context, cluster *kube.Cluster, open []v1alpha1.ClusterMaintenance) error {
	if !v.wait.On || v.change.DryRun() || len(open) == 0 {
		return nil
	}
	next := fmt.Sprintf("kubectl get clustermaintenances -n %s", cluster.Namespace)
	return v.wait.Until(ctx, v.clock, v.change.Streams.Note, next, func(ctx context.Context) (string, bool, error) {
		var told []string
		done := true
		for i := range open {
			var m v1alpha1.ClusterMaintenance
			if err := cluster.Get(ctx, open[i].Name, &m); err != nil {
				return "", false, err
			}
			told = append(told, stands(&m))
			done = done && !isOpen(&m)
		}
		return strings.Join(told, "\n"), done, nil
	})
}

const cordonExample = `  # Nothing new goes to cluster a; what it has stays
  %[1]s cordon a -n shop`

// NewCordon makes the verb. program is how the user calls shopctl.
func NewCordon(program string, streams output.Streams) *cobra.Command {
	v := verb{program: program, clock: clock.RealClock{}, change: change.Flags{Streams: streams}}
	cmd := &cobra.Command{
		Use:   "cordon CLUSTER",
		Short: "Let a cluster take no new load",
		Long: `Cordon sets the state of the WorkloadCluster to Cordoned: it keeps the shops that it has, and gets
no others.

Exit codes: 0 cordoned, 1 error, 2 usage, 5 no answer in time.`,
		Example: fmt.Sprintf(cordonExample, program),
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return v.cordon(cmd.Context(), args[0]) },
	}
	v.kube.AddFlags(cmd.Flags())
	v.change.AddFlags(cmd.Flags())
	return cmd
}

func (v *verb) cordon(ctx context.Context, name string) error {
	if err := v.change.Check(); err != nil {
		return err
	}
	cluster, err := v.kube.Connect()
	if err != nil {
		return err
	}
	var wc v1alpha1.WorkloadCluster
	if err := cluster.Get(ctx, name, &wc); err != nil {
		return err
	}
	switch wc.Spec.State {
	case v1alpha1.ClusterCordoned:
		v.change.Streams.Note("cluster %s is Cordoned already", name)
		return nil
	case v1alpha1.ClusterDrained:
		return exit.Next(fmt.Errorf("cluster %s is Drained, which is more: it serves nothing", name),
			fmt.Sprintf("%s uncordon %s -n %s", v.program, name, cluster.Namespace))
	case v1alpha1.ClusterActive:
	}
	before := wc.DeepCopy()
	wc.Spec.State = v1alpha1.ClusterCordoned
	return v.change.Patch(ctx, cluster, before, &wc, "cordoned")
}
