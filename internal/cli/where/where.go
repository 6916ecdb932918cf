package where

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/kube"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/today"
)

const example = `  # Which ShopSets serve a host, from a cluster that runs edges
  %[1]s where hoge.shop.example --context edges-1

  # The same of a shop, from a clone of the system repository
  %[1]s where hoge --routes shopset-system/routes

  # With clusters, domains and addresses
  %[1]s where hoge --context edges-1 -o wide`

// options are the flags.
type options struct {
	kube    kube.Flags
	routes  string
	format  string
	streams output.Streams
	clock   clock.PassiveClock
}

// New makes the verb. program is how the user calls shopctl.
func New(program string, streams output.Streams) *cobra.Command {
	return newCommand(program, streams, clock.RealClock{})
}

func newCommand(program string, streams output.Streams, c clock.PassiveClock) *cobra.Command {
	o := options{streams: streams, clock: c}
	cmd := &cobra.Command{
		Use:     "where HOST-OR-SHOP",
		Aliases: []string{"locate"},
		Short:   "Say which ShopSets serve a host or a shop",
		Long: `Where looks into the routing table that edges read, with the overrides in force: in a cluster that
runs edges, or in a clone of the system repository. It needs no controller.

Exit codes: 0 found, 1 error or not found, 2 usage, 5 no answer in time.`,
		Example: fmt.Sprintf(example, program),
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	o.kube.AddFlags(f)
	o.kube.Namespace = today.EdgeNamespace
	n := f.Lookup("namespace")
	n.Usage, n.DefValue = "namespace of the routing table", today.EdgeNamespace
	f.Lookup("kubeconfig").Usage = "kubeconfig of a cluster that runs edges (default: $KUBECONFIG or ~/.kube/config)"
	f.StringVar(&o.routes, "routes", "", "in place of a cluster: folder routes/ of a clone of the system repository, branch main")
	output.AddFlag(f, &o.format)
	return cmd
}

func (o *options) run(ctx context.Context, name string) error {
	format, err := output.Parse(o.format)
	if err != nil {
		return err
	}
	t, err := o.table(ctx)
	if err != nil {
		return err
	}
	found, err := find(t, name)
	if err != nil {
		return exit.Next(err, "kubectl get shops -A | grep "+word(name))
	}
	for _, over := range found.Overrides {
		o.streams.Note("OVERRIDE in force until %s, by %s: %s (%s)", over.Until, over.Owner, over.Match, output.OneLine(over.Reason))
	}
	return found.print(o.streams, format)
}

func (o *options) table(ctx context.Context) (today.Today, error) {
	if o.routes != "" {
		return today.Folder(o.routes)
	}
	edges, err := o.kube.Connect()
	if err != nil {
		return today.Today{}, err
	}
	t, found, err := today.ConfigMaps(ctx, edges, o.clock.Now())
	if err == nil && !found {
		err = exit.Next(fmt.Errorf("there is no routing table in namespace %s of %s", edges.Namespace, edges.Config.Host),
			"kubectl get configmaps -A -l shopset.dev/table")
	}
	return t, err
}

// word is a name that can stand in a command; others are not worth repeating.
func word(name string) string {
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return "NAME"
		}
	}
	return name
}
