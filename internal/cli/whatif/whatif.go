package whatif

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/impact"
	"shopset.dev/shopset/internal/cli/kube"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/situation"
	"shopset.dev/shopset/internal/cli/today"
)

const example = `  # Who is hit if site-1 dies, and who takes over
  %[1]s whatif -n shop --down site-1

  # Two domains at once, from files and a clone, without any cluster
  %[1]s whatif -f fleet/ --routes shopset-system/routes --down on-prem/site-1,eks

  # Can cluster a be drained, and what would move where
  %[1]s whatif -n shop --drain a

  # In a pipeline: exit code 4 if any shop would be without service
  %[1]s whatif -f fleet/ --down site-1 --exit-code`

// options are the flags.
type options struct {
	paths    []string
	kube     kube.Flags
	today    today.Source
	event    impact.Event
	exitCode bool
	format   string
	streams  output.Streams
	clock    clock.PassiveClock
}

// New makes the verb. program is how the user calls shopctl.
func New(program string, streams output.Streams) *cobra.Command {
	o := options{streams: streams, clock: clock.RealClock{}}
	cmd := &cobra.Command{
		Use:   "whatif (--down DOMAIN[,DOMAIN] | --drain CLUSTER)",
		Short: "Say who is hit if failure domains die or a cluster is drained",
		Long: `Whatif changes nothing. It says which shops are hit, by class; which ShopSets serve them then;
which shops are without service or without redundancy; what the controller would do about it, and
what headroom remains.

It reads the living fleet, or with -f files, in any of the forms of "place". Today's placement is
that of the routing table: in the folder of a clone (--routes), or in a cluster that runs edges. If
none is found a fresh plan stands for it, and a message says so.

A domain is a FailureDomain by its name or its path, a WorkloadCluster or a ShopSet.

Exit codes: 0 answered, 1 error, 2 usage, 4 with --exit-code if a shop would be without service,
5 no answer in time.`,
		Example: fmt.Sprintf(example, program),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.paths, "filename", "f", nil, "file or folder, or - for standard input, in place of the living fleet; may be repeated")
	f.StringSliceVar(&o.event.Down, "down", nil, "failure domains, clusters or ShopSets that die")
	f.StringVar(&o.event.Drain, "drain", "", "cluster that is drained")
	f.BoolVar(&o.exitCode, "exit-code", false, "exit with 4 when a shop would be without service")
	o.kube.AddFlags(f)
	o.today.AddFlags(f, true)
	output.AddFlag(f, &o.format)
	return cmd
}

func (o *options) run(ctx context.Context) error {
	format, err := output.Parse(o.format)
	switch {
	case err != nil:
		return err
	case format == output.Name:
		return exit.Usagef("-o name: want table, wide, json or yaml")
	case (len(o.event.Down) > 0) == (o.event.Drain != ""):
		return exit.Usagef("want either --down DOMAIN[,DOMAIN] or --drain CLUSTER")
	}
	s, err := o.situation(ctx)
	if err != nil {
		return err
	}
	o.event.FreezeAbove = s.FreezeAbove()
	r, err := impact.Of(s.Input, o.event, s.Names())
	if err != nil {
		return err
	}
	o.notes(&s, r)
	if err := o.print(format, r); err != nil {
		return err
	}
	if o.exitCode && r.Lost.Groups > 0 {
		return exit.Unhealthyf("%s leaves %d shops without service", r.Event, r.Lost.Shops)
	}
	return nil
}

func (o *options) situation(ctx context.Context) (situation.Situation, error) {
	if len(o.paths) > 0 {
		return situation.Files{Paths: o.paths, Namespace: o.kube.Namespace, Routes: o.today.Routes, Streams: o.streams}.Read(ctx)
	}
	cluster, err := o.kube.Connect()
	if err != nil {
		return situation.Situation{}, err
	}
	return situation.Live(ctx, cluster, &o.today, o.clock.Now())
}

func (o *options) notes(s *situation.Situation, r impact.Report) {
	switch {
	case r.Assumed:
		o.streams.Note("today's placement is not known: a fresh plan stands for it (--routes or --edge-context tells it)")
	case s.Known:
		o.streams.Note("%s", s.Origin())
	}
	for _, over := range s.Overridden() {
		o.streams.Note("an override is in force until %s and not counted here: %s is served by %v (%s)", over.Until, over.Match, over.ShopSets,
			output.OneLine(over.Reason))
	}
}

func (o *options) print(format output.Format, r impact.Report) error {
	switch format {
	case output.JSON, output.YAML:
		return output.Document(o.streams.Out, format, r)
	case output.Table, output.Wide, output.Name:
	}
	return output.Names(o.streams.Out, r.Lines(format, o.streams.Colour()))
}
