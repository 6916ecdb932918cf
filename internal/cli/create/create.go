package create

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/internal/cli/change"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/kube"
	"shopset.dev/shopset/internal/cli/output"
)

const example = `  # A shop: its class decides where it is served
  %[1]s create shop hoge --host hoge.shop.example --class standard

  # An isolated environment that takes only shops that name it
  %[1]s create shopset hot-1 --tier prod --configuration production --cluster a --dedicated

  # A class of shops, over two sites
  %[1]s create shopclass standard --tier prod --domains 2 --spread site`

// verb is what the nouns have in common.
type verb struct {
	kube    kube.Flags
	change  change.Flags
	program string
}

// New makes the verb. program is how the user calls shopctl.
func New(program string, streams output.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a Shop, a ShopSet or a ShopClass",
		Long: `Create makes one object, as kubectl create -f would; --dry-run=client prints it instead.

Exit codes: 0 created, 1 error, 2 usage, 5 no answer in time.`,
		Example: fmt.Sprintf(example, program),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newShop(program, streams), newShopSet(program, streams), newShopClass(program, streams))
	return cmd
}

// command makes the command of a noun. object is called once the flags are known.
func command(program string, streams output.Streams, cmd *cobra.Command, object func(name string) (client.Object, []reference, error)) *cobra.Command {
	v := verb{program: program, change: change.Flags{Streams: streams}}
	cmd.Args = cobra.ExactArgs(1)
	cmd.Long = cmd.Long + "\n\nExit codes: 0 created, 1 error, 2 usage, 5 no answer in time."
	cmd.Example = strings.ReplaceAll(cmd.Example, "%[1]s", program)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o, references, err := object(args[0])
		if err != nil {
			return err
		}
		return v.run(cmd.Context(), o, references)
	}
	v.kube.AddFlags(cmd.Flags())
	v.change.AddFlags(cmd.Flags())
	return cmd
}

// reference is a name of another object that the new one gives.
type reference struct {
	name string
	into client.Object
}

func (v *verb) run(ctx context.Context, o client.Object, references []reference) error {
	if err := v.change.Check(); err != nil {
		return err
	}
	cluster, err := v.change.Connect(&v.kube)
	if err != nil {
		return err
	}
	if !v.change.Offline() {
		for _, r := range references {
			if err := cluster.Get(ctx, r.name, r.into); err != nil {
				return err
			}
		}
	}
	return v.change.Create(ctx, cluster, o)
}

// quantity reads a number of requests per second.
func quantity(flag, text string) (*resource.Quantity, error) {
	if text == "" {
		return nil, nil
	}
	const longest = 32
	if len(text) > longest || strings.ContainsAny(text, "eE") {
		return nil, exit.Usagef("--%s %q: want requests per second, such as 2, 0.5 or 500m", flag, text)
	}
	q, err := resource.ParseQuantity(text)
	if err != nil || q.Sign() <= 0 {
		return nil, exit.Usagef("--%s %q: want requests per second, such as 2, 0.5 or 500m", flag, text)
	}
	return &q, nil
}

// required checks that flags have values, in the order given.
func required(flags ...[2]string) error {
	for _, f := range flags {
		if f[1] == "" {
			return exit.Usagef("--%s is missing", f[0])
		}
	}
	return nil
}
