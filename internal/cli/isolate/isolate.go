package isolate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/change"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/kube"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/today"
)

const example = `  # Give a hot shop a ShopSet of its own, like the one that serves it; wait until it is served there
  %[1]s isolate hoge -n shop --wait

  # On another cluster, under a name
  %[1]s isolate hoge -n shop --cluster b --name hot-1

  # What would be created and changed
  %[1]s isolate hoge -n shop --dry-run=client

  # Undo exactly that
  %[1]s isolate hoge -n shop --release --wait`

const usualWait = 15 * time.Minute

// options are the flags.
type options struct {
	kube    kube.Flags
	wait    kube.Wait
	change  change.Flags
	today   today.Source
	program string
	clock   clock.WithTicker

	cluster, name, like string
	release             bool
}

// New makes the verb. program is how the user calls shopctl.
func New(program string, streams output.Streams) *cobra.Command {
	o := options{program: program, clock: clock.RealClock{}, change: change.Flags{Streams: streams}}
	cmd := &cobra.Command{
		Use:   "isolate SHOP [--release]",
		Short: "Give a shop a ShopSet of its own, or take it back",
		Long: `Isolate creates a dedicated ShopSet of the same tier, configuration and capacity as the one that
serves the shop, and pins the shop to it. Traffic moves when the new ShopSet is live, not before.
What was before is remembered on the Shop; --release restores it and deletes the ShopSet, which
is drained first.

Which ShopSet serves the shop is in the routing table: of a clone (--routes), or of a cluster that
runs edges. --like names a ShopSet where neither is at hand.

A shop that should be redundant is not while it is isolated: then the shop's name is asked for.

Exit codes: 0 asked for (with --wait: done), 1 error, 2 usage, 5 no answer or not done in time.`,
		Example: fmt.Sprintf(example, program),
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.cluster, "cluster", "", "cluster of the ShopSet (default: that of the one which serves the shop)")
	f.StringVar(&o.name, "name", "", "name of the ShopSet (default: SHOP-own)")
	f.StringVar(&o.like, "like", "", "ShopSet that it shall be like (default: the one that serves the shop)")
	f.BoolVar(&o.release, "release", false, "undo it")
	o.kube.AddWaitFlags(f, &o.wait, usualWait)
	o.today.AddFlags(f, true)
	o.change.AddFlags(f)
	o.change.AddYes(f)
	return cmd
}

func (o *options) run(ctx context.Context, name string) error {
	if err := o.change.Check(); err != nil {
		return err
	}
	if err := o.wait.Check(); err != nil {
		return err
	}
	if o.release && (o.cluster != "" || o.name != "" || o.like != "") {
		return exit.Usagef("--release with --cluster, --name or --like: it undoes what was done, and takes no wishes")
	}
	cluster, err := o.kube.Connect()
	if err != nil {
		return err
	}
	var shop v1alpha1.Shop
	if err := cluster.Get(ctx, name, &shop); err != nil {
		return err
	}
	if o.release {
		return o.giveBack(ctx, cluster, &shop)
	}
	return o.isolate(ctx, cluster, &shop)
}

func (o *options) isolate(ctx context.Context, cluster *kube.Cluster, shop *v1alpha1.Shop) error {
	if before, isolated, err := noteOf(shop); err != nil {
		return err
	} else if isolated {
		o.change.Streams.Note("shop %s is isolated already, on ShopSet %s", shop.Name, before.ShopSet)
		return o.untilServed(ctx, cluster, shop.Name, before.ShopSet)
	}
	model, err := o.model(ctx, cluster, shop)
	if err != nil {
		return err
	}
	if err := o.blastRadius(ctx, cluster, shop, model); err != nil {
		return err
	}
	own, exists, err := o.own(ctx, cluster, shop, model)
	if err != nil {
		return err
	}
	if !exists {
		if err := o.change.Create(ctx, cluster, own); err != nil {
			return err
		}
	}
	before := shop.DeepCopy()
	if err := remember(shop, own.Name); err != nil {
		return err
	}
	if err := o.change.Patch(ctx, cluster, before, shop, "pinned to "+own.Name); err != nil {
		return err
	}
	return o.untilServed(ctx, cluster, shop.Name, own.Name)
}

// blastRadius says what will happen, and asks if the shop loses its redundancy.
func (o *options) blastRadius(ctx context.Context, cluster *kube.Cluster, shop *v1alpha1.Shop, model *v1alpha1.ShopSet) error {
	note := o.change.Streams.Note
	note("shop %s (%s) goes to a ShopSet of its own like %s, of tier %s and configuration %s", shop.Name, strings.Join(shop.Spec.Hosts, ", "),
		model.Name, model.Spec.Tier, model.Spec.Configuration)
	if len(shop.Spec.Pin) > 0 {
		note("until now it is pinned to %s", strings.Join(shop.Spec.Pin, ", "))
	}
	var class v1alpha1.ShopClass
	if err := cluster.Get(ctx, shop.Spec.Class, &class); err != nil {
		return err
	}
	if class.Spec.Tier != model.Spec.Tier {
		return exit.Usagef("ShopSet %s is of tier %s, and shops of class %s are served by tier %s: name another with --like", model.Name, model.Spec.Tier,
			class.Name, class.Spec.Tier)
	}
	if class.Spec.Domains <= 1 {
		return nil
	}
	note("class %s asks for %d failure domains; isolated the shop has one, and is down when that is", class.Name, class.Spec.Domains)
	return o.change.Confirm("shop", shop.Name)
}

// untilServed waits until the ShopSet is live and edges send the shop there, if that was asked for.
func (o *options) untilServed(ctx context.Context, cluster *kube.Cluster, shop, own string) error {
	if !o.wait.On || o.change.DryRun() {
		return nil
	}
	next := fmt.Sprintf("kubectl get shopset %s -n %s", own, cluster.Namespace)
	return o.wait.Until(ctx, o.clock, o.change.Streams.Note, next, func(ctx context.Context) (string, bool, error) {
		var s v1alpha1.ShopSet
		if err := cluster.Get(ctx, own, &s); err != nil {
			return "", false, err
		}
		if !s.Status.Live || s.Status.Health != "Healthy" {
			return fmt.Sprintf("ShopSet %s is not live yet (%s)", own, orUnknown(s.Status.Health)), false, nil
		}
		holds, known, err := o.holders(ctx, cluster, shop)
		switch {
		case err != nil:
			return "", false, err
		case !known:
			return fmt.Sprintf("ShopSet %s is live; whether shop %s is served there is in the routing table, which was not found "+
				"(--routes or --edge-context tells where it is)", own, shop), true, nil
		case len(holds) > 0 && holds[0] == own:
			return fmt.Sprintf("shop %s is served by ShopSet %s", shop, own), true, nil
		}
		return fmt.Sprintf("ShopSet %s is live; shop %s is still served by %s", own, shop, orUnknown(strings.Join(holds, ", "))), false, nil
	})
}

func orUnknown(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}
