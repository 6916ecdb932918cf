package drain

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/change"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/impact"
	"shopset.dev/shopset/internal/cli/kube"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/situation"
	"shopset.dev/shopset/internal/cli/today"
)

const drainExample = `  # Who would be concerned; then empty cluster a, and wait until it can be switched off
  %[1]s whatif -n shop --drain a
  %[1]s drain a -n shop --reason "Kubernetes 1.36" --wait

  # With ShopSets on other clusters that stand in meanwhile
  %[1]s drain a -n shop --surge --yes

  # What would be created
  %[1]s drain a -n shop --dry-run=client

  # Bring everything back
  %[1]s uncordon a -n shop --wait`

// drainWait is how long --wait waits unless the user says otherwise.
const drainWait = 30 * time.Minute

// verb is what the three verbs have in common.
type verb struct {
	kube    kube.Flags
	wait    kube.Wait
	change  change.Flags
	program string
	clock   clock.WithTicker
}

func (v *verb) check() error {
	if err := v.change.Check(); err != nil {
		return err
	}
	return v.wait.Check()
}

// drainer is `shopctl drain`.
type drainer struct {
	verb
	today today.Source
	spec  v1alpha1.ClusterMaintenanceSpec
}

// New makes the verb. program is how the user calls shopctl.
func New(program string, streams output.Streams) *cobra.Command {
	d := drainer{verb: verb{program: program, clock: clock.RealClock{}, change: change.Flags{Streams: streams}}}
	cmd := &cobra.Command{
		Use:   "drain CLUSTER",
		Short: "Empty a cluster for work on it",
		Long: `Drain creates a ClusterMaintenance: the controller moves the shops of the cluster away, step by
step and with headroom at each, and remembers what to bring back. It shows who is concerned and
asks for the cluster's name first. A drain that is open already is taken up, not begun anew.

Exit codes: 0 asked for (with --wait: drained), 1 error, 2 usage, 4 with --wait if the drain is
refused, 5 no answer or not drained in time.`,
		Example: fmt.Sprintf(drainExample, program),
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return d.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&d.spec.Reason, "reason", "", "shown wherever the cluster's state is")
	f.BoolVar(&d.spec.Surge, "surge", false, "make ShopSets of the same tiers on other clusters first, and remove them at the end")
	f.Int32Var(&d.spec.StepPercent, "step-percent", 0, "how much of the cluster's load one step moves at most (default: 25)")
	f.BoolVar(&d.spec.AllowLessHeadroom, "allow-less-headroom", false, "go on even if the others could not take one more loss meanwhile")
	d.kube.AddWaitFlags(f, &d.wait, drainWait)
	d.today.AddFlags(f, true)
	d.change.AddFlags(f)
	d.change.AddYes(f)
	return cmd
}

func (d *drainer) run(ctx context.Context, name string) error {
	if err := d.check(); err != nil {
		return err
	}
	d.spec.Cluster, d.spec.Goal = name, v1alpha1.MaintenanceDrain
	cluster, err := d.change.Connect(&d.kube)
	if err != nil {
		return err
	}
	if d.change.Offline() {
		return d.change.Create(ctx, cluster, d.maintenance())
	}
	if err := cluster.Get(ctx, name, &v1alpha1.WorkloadCluster{}); err != nil {
		return err
	}
	open, err := openOn(ctx, cluster, name)
	if err != nil {
		return err
	}
	if len(open) > 0 {
		return d.takeUp(ctx, cluster, &open[0])
	}
	if err := d.blastRadius(ctx, cluster, name); err != nil {
		return err
	}
	if err := d.change.Confirm("cluster", name); err != nil {
		return err
	}
	m := d.maintenance()
	if err := d.change.Create(ctx, cluster, m); err != nil {
		return err
	}
	return d.follow(ctx, cluster, m.Name)
}

// takeUp goes on with an open maintenance instead of beginning another one.
func (d *drainer) takeUp(ctx context.Context, cluster *kube.Cluster, m *v1alpha1.ClusterMaintenance) error {
	if m.Spec.Goal != v1alpha1.MaintenanceDrain {
		return exit.Next(fmt.Errorf("cluster %s is returning: %s is not done yet", m.Spec.Cluster, m.Name),
			fmt.Sprintf("%s uncordon %s -n %s --wait", d.program, m.Spec.Cluster, cluster.Namespace))
	}
	d.change.Streams.Note("cluster %s is being drained already by %s (%s)", m.Spec.Cluster, m.Name, orPending(m))
	return d.follow(ctx, cluster, m.Name)
}

// blastRadius says who is concerned.
func (d *drainer) blastRadius(ctx context.Context, cluster *kube.Cluster, name string) error {
	s, err := situation.Live(ctx, cluster, &d.today, d.clock.Now())
	if err != nil {
		return err
	}
	r, err := impact.Of(s.Input, impact.Event{Drain: name, StepPercent: int(d.spec.StepPercent)}, s.Names())
	if err != nil {
		return err
	}
	note := d.change.Streams.Note
	if r.Assumed {
		note("today's placement is not known: a fresh plan stands for it")
	}
	for _, sentence := range r.Sentences() {
		note("%s", sentence)
	}
	for _, sentence := range r.Afterwards.Summary.Lines()[1:] {
		note("the plan: %s", sentence)
	}
	for i, step := range r.Steps {
		if step.Shortfall > 0 {
			note("after step %d of %d headroom is short by %s requests/s if %s dies", i+1, len(r.Steps), step.Shortfall, step.At)
			break
		}
	}
	for _, s := range r.Afterwards.Shortages {
		note("class %s: %s", s.Class, s.Message)
	}
	return nil
}

// maintenance is named after the cluster and the minute.
func (d *drainer) maintenance() *v1alpha1.ClusterMaintenance {
	const longest = 63 - len("-20060102-150405")
	name := d.spec.Cluster
	if len(name) > longest {
		name = name[:longest]
	}
	return &v1alpha1.ClusterMaintenance{
		ObjectMeta: metav1.ObjectMeta{Name: name + d.clock.Now().UTC().Format("-20060102-150405")},
		Spec:       d.spec,
	}
}

// follow waits until the cluster is drained, if that was asked for.
func (d *drainer) follow(ctx context.Context, cluster *kube.Cluster, name string) error {
	if !d.wait.On || d.change.DryRun() {
		return nil
	}
	next := fmt.Sprintf("kubectl get clustermaintenance %s -n %s -o yaml", name, cluster.Namespace)
	return d.wait.Until(ctx, d.clock, d.change.Streams.Note, next, func(ctx context.Context) (string, bool, error) {
		var m v1alpha1.ClusterMaintenance
		if err := cluster.Get(ctx, name, &m); err != nil {
			return "", false, err
		}
		switch {
		case m.Status.Phase == v1alpha1.MaintenanceDrained:
			return stands(&m), true, nil
		case m.Status.Phase == v1alpha1.MaintenanceRefused:
			return "", false, &kube.Final{Err: exit.Next(exit.Unhealthyf("%s", stands(&m)), next)}
		case m.Spec.Goal != v1alpha1.MaintenanceDrain:
			return "", false, &kube.Final{Err: exit.Next(fmt.Errorf("somebody else set the goal of %s to %s", m.Name, m.Spec.Goal), next)}
		}
		return stands(&m), false, nil
	})
}
