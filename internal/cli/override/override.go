package override

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/cli/change"
	"shopset.dev/shopset/internal/cli/kube"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/today"
	"shopset.dev/shopset/internal/plan/routes"
)

const example = `  # Everything that a-1 serves goes to b-1 for an hour, on the edges of this cluster
  %[1]s override set shopset:a-1 --to b-1 --for 1h --reason "a-1 answers with errors" --context edges-1

  # One host, with a second choice
  %[1]s override set hoge.shop.example --to b-1,c-1 --for 30m --reason "cart is slow" --context edges-1

  # What is in force
  %[1]s override list --context edges-1

  # Back to the table
  %[1]s override clear shopset:a-1 --context edges-1`

// verb is what set, list and clear have in common.
type verb struct {
	kube    kube.Flags
	change  change.Flags
	program string
	streams output.Streams
	clock   clock.PassiveClock
}

// New makes the verb. program is how the user calls shopctl.
func New(program string, streams output.Streams) *cobra.Command {
	return newCommand(program, streams, clock.RealClock{})
}

func newCommand(program string, streams output.Streams, c clock.PassiveClock) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "override",
		Short: "Route hosts, groups or a ShopSet's shops elsewhere for a while",
		Long: `Override writes rows that win over the routing table until they expire, into ConfigMap
` + routes.OverrideConfigMap + ` of a cluster that runs edges: with Git, Argo CD and the controller all
down. Do it on each cluster of edges. Afterwards change the objects, or let the rows expire.

Exit codes: 0 done, 1 error, 2 usage, 5 no answer in time.`,
		Example: fmt.Sprintf(example, program),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	v := verb{program: program, streams: streams, clock: c}
	cmd.AddCommand(v.newSet(), v.newList(), v.newClear())
	return cmd
}

// connection adds the flags that name a cluster of edges.
func (v *verb) connection(cmd *cobra.Command) {
	v.kube.AddFlags(cmd.Flags())
	n := cmd.Flags().Lookup("namespace")
	n.Usage, n.DefValue = "namespace of the routing table", today.EdgeNamespace
	v.kube.Namespace = today.EdgeNamespace
	cmd.Flags().Lookup("kubeconfig").Usage = "kubeconfig of a cluster that runs edges (default: $KUBECONFIG or ~/.kube/config)"
}

// attempts bounds how often a write begins anew because somebody else wrote at the same time.
const attempts = 5

// edit reads the rows, lets edit change them, takes out what has expired, and writes them back.
func (v *verb) edit(ctx context.Context, edges *kube.Cluster, edit func([]routes.Override) ([]routes.Override, string, error)) error {
	for attempt := 1; ; attempt++ {
		list, held, err := today.Overrides(ctx, edges)
		if err != nil {
			return err
		}
		list, expired := today.InForce(list, v.clock.Now())
		list, outcome, err := edit(list)
		if err != nil {
			return err
		}
		for _, o := range expired {
			v.streams.Note("removed: the override of %s expired at %s", o.Match, o.Until)
		}
		if held.Data == nil {
			held.Data = map[string]string{}
		}
		if held.Data[routes.OverrideFile], err = routes.EncodeOverrides(list); err != nil {
			return fmt.Errorf("writing the overrides: %w", err)
		}
		err = v.write(ctx, edges, held, outcome)
		if !raced(err) || attempt == attempts {
			return err
		}
	}
}

func (v *verb) write(ctx context.Context, edges *kube.Cluster, held *corev1.ConfigMap, outcome string) error {
	if held.ResourceVersion == "" {
		return v.change.Create(ctx, edges, held)
	}
	return v.change.Update(ctx, edges, held, outcome)
}

// raced tells that somebody else wrote at the same time.
func raced(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err)
}

// left says how long a row still holds, as people say it.
func left(until string, now time.Time) string {
	at, err := time.Parse(time.RFC3339, until)
	switch {
	case err != nil:
		return "?"
	case !at.After(now):
		return "expired"
	}
	return at.Sub(now).Round(time.Second).String()
}
