package status

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/kube"
	"shopset.dev/shopset/internal/cli/output"
)

const example = `  # Where every release is, and why it is not further
  %[1]s status -n shop

  # Live, until Ctrl-C; away from a terminal one line for every change
  %[1]s status -n shop --watch

  # With what is queued, the branches, and the ShopSets
  %[1]s status -n shop -o wide

  # In a pipeline: exit code 4 if a tier is Degraded, Blocked or out of order
  %[1]s status -n shop --exit-code`

// options are the flags.
type options struct {
	kube     kube.Flags
	watch    bool
	exitCode bool
	format   string
	program  string
	streams  output.Streams
	clock    clock.WithTicker
}

// New makes the verb. program is how the user calls shopctl.
func New(program string, streams output.Streams) *cobra.Command {
	return newCommand(program, streams, clock.RealClock{})
}

func newCommand(program string, streams output.Streams, c clock.WithTicker) *cobra.Command {
	o := options{program: program, streams: streams, clock: c}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show where every tier stands, and why",
		Long: `Status shows the tiers of a fleet, the lowest first: what each runs, how far it is, and
what it waits for, in the words of the Tier's own status.

Exit codes: 0 answered, 1 error, 2 usage, 4 with --exit-code when a tier is Degraded, Blocked
or violates the order of tiers, 5 no answer in time.`,
		Example: fmt.Sprintf(example, program),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	o.kube.AddFlags(f)
	f.BoolVarP(&o.watch, "watch", "w", false, "go on showing changes until Ctrl-C")
	f.BoolVar(&o.exitCode, "exit-code", false, "exit with 4 when a tier is Degraded, Blocked or violates the order")
	output.AddFlag(f, &o.format)
	return cmd
}

func (o *options) run(ctx context.Context) error {
	format, err := output.Parse(o.format)
	switch {
	case err != nil:
		return err
	case o.watch && o.exitCode:
		return exit.Usagef("--exit-code with --watch: a watch has no end to judge; leave one of the two out")
	case o.watch && (format == output.YAML || format == output.Name):
		return exit.Usagef("-o %s with --watch: want table, wide or json", format)
	}
	cluster, err := o.kube.Connect()
	if err != nil {
		return err
	}
	v, err := o.look(ctx, cluster)
	if err != nil {
		return err
	}
	if o.watch {
		return o.follow(ctx, cluster, format)
	}
	if err := o.show(v, format); err != nil {
		return err
	}
	if bad := v.unhealthy(); o.exitCode && bad != "" {
		return exit.Unhealthyf("%s", bad)
	}
	return nil
}

// look asks the API server once.
func (o *options) look(ctx context.Context, cluster *kube.Cluster) (view, error) {
	v, found, err := gather(func(l client.ObjectList) error { return cluster.List(ctx, l) }, cluster.Namespace)
	if err == nil && !found {
		err = o.noFleet(ctx, cluster)
	}
	return v, err
}

// noFleet names the namespaces that have a Fleet, as far as the user may know.
func (o *options) noFleet(ctx context.Context, cluster *kube.Cluster) error {
	var all v1alpha1.FleetList
	var elsewhere []string
	if err := cluster.List(ctx, &all, client.InNamespace("")); err == nil {
		for i := range all.Items {
			elsewhere = append(elsewhere, all.Items[i].Namespace)
		}
	}
	slices.Sort(elsewhere)
	elsewhere = slices.Compact(elsewhere)
	if len(elsewhere) == 0 {
		return exit.Next(fmt.Errorf("namespace %s has no Fleet", cluster.Namespace), "kubectl get fleets.shopset.dev -A")
	}
	return exit.Next(fmt.Errorf("namespace %s has no Fleet; there is one in %s", cluster.Namespace, strings.Join(elsewhere, ", ")),
		o.program+" status -n "+elsewhere[0])
}

func (o *options) show(v view, format output.Format) error {
	for _, note := range v.notes() {
		o.streams.Note("%s", note)
	}
	switch format {
	case output.JSON, output.YAML:
		return output.Document(o.streams.Out, format, v)
	case output.Name:
		return output.Names(o.streams.Out, v.names())
	case output.Table, output.Wide:
	}
	return output.Names(o.streams.Out, v.lines(format, o.clock.Now(), o.streams.Colour()))
}

// interrupted tells a user's Ctrl-C from an error.
func interrupted(ctx context.Context, err error) bool {
	return errors.Is(ctx.Err(), context.Canceled) && (err == nil || errors.Is(err, context.Canceled))
}
