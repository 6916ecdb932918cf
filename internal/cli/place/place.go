package place

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/planview"
	"shopset.dev/shopset/internal/cli/situation"
	"shopset.dev/shopset/internal/plan/placement"
)

const example = `  # Where the shops of a folder of objects would be placed
  %[1]s place -f fleet/

  # What would move, compared with today's routing table in a clone
  %[1]s place -f fleet/ --routes shopset-system/routes

  # A large fleet in the compact form; everything, for a program
  %[1]s place -f big.csv -o json

  # In a pipeline: exit code 3 if anything would move, 4 if something has no place
  %[1]s place -f fleet/ --routes shopset-system/routes --exit-code`

const long = `Place plans, without any cluster, which ShopSets hold which shops: the very plan that the
controller would make. It prints a summary, the moves with their reasons, what has no place or
less redundancy than asked for and why, and what headroom remains if a failure domain dies.

Files hold objects as YAML or JSON, checked as strictly as an API server would; or the compact
form, as CSV tables (in one file or in several) or as JSON:

  shopset,tier,cluster,capacity,domain,state,dedicated
  a-1,prod,a,500,on-prem/site-1/a,Active,

  class,tier,copies,spread,prefer,priority
  standard,prod,2,site,platform,10

  group,class,weight,shops,current,home,pin,avoid
  standard/0a,standard,12.5,16,a-1 b-1,,,

  cluster,capacity
  a,1000

  {"shopSets": [{"name": "a-1", "tier": "prod", "capacity": 500, "domain": "on-prem/site-1/a"}],
   "classes": [{"name": "standard", "tier": "prod", "copies": 2, "spread": ["site"]}],
   "groups": [{"name": "standard/0a", "class": "standard", "weight": 12.5, "current": ["a-1"]}],
   "levels": ["platform", "site", "cluster"]}

The head of a CSV table names its columns, in any order; those left out are empty. Weights and
capacities are in requests per second (12.5, 500m, 1.5k), lists are parted by blanks, lines that
begin with # are comments. The parts of a domain are of the levels platform, site and cluster
unless "levels" names others. States are Active, Cordoned, Draining and Down.

Exit codes: 0 everything is placed, 1 error, 2 usage, 3 with --exit-code if something would move,
4 if something is without a place or with less redundancy than its class asks for.`

// options are the flags.
type options struct {
	files     situation.Files
	rebalance bool
	exitCode  bool
	format    string
	streams   output.Streams
}

// New makes the verb. program is how the user calls shopctl.
func New(program string, streams output.Streams) *cobra.Command {
	o := options{streams: streams, files: situation.Files{Streams: streams}}
	cmd := &cobra.Command{
		Use:     "place -f FILE-OR-DIR",
		Short:   "Plan, offline, which ShopSets hold which shops",
		Long:    long,
		Example: fmt.Sprintf(example, program),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.files.Paths, "filename", "f", nil, "file or folder, or - for standard input; may be repeated")
	f.StringVarP(&o.files.Namespace, "namespace", "n", "", "namespace of objects that name none (default: the one that the others name)")
	f.StringVar(&o.files.Routes, "routes", "", "today's routing table: folder routes/ of a clone of the system repository, branch main")
	f.BoolVar(&o.rebalance, "rebalance", false, "also move groups only for balance and headroom")
	f.BoolVar(&o.exitCode, "exit-code", false, "exit with 3 when something would move")
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
	case len(o.files.Paths) == 0:
		return exit.Usagef("-f is missing: name a file or folder with objects, or with a fleet in the compact form")
	}
	s, err := o.files.Read(ctx)
	if err != nil {
		return err
	}
	s.Input.Rebalance = s.Input.Rebalance || o.rebalance
	v := planview.Of(s.Input, placement.Make(s.Input))
	for _, f := range v.Findings {
		o.streams.Note("%s", f)
	}
	if err := o.print(format, v); err != nil {
		return err
	}
	return o.verdict(v.Summary)
}

func (o *options) print(format output.Format, v planview.View) error {
	switch format {
	case output.JSON, output.YAML:
		return output.Document(o.streams.Out, format, v)
	case output.Table, output.Wide, output.Name:
	}
	lines := v.Summary.Lines()
	lines = append(lines, planview.RowsOf(format).Lines(v.Sections(format == output.Wide), o.streams.Colour())...)
	return output.Names(o.streams.Out, lines)
}

func (o *options) verdict(s planview.Summary) error {
	switch {
	case s.Unplaced > 0:
		return exit.Unhealthyf("without a place: %d groups; the shortages say what would help", s.Unplaced)
	case s.InDebt > 0:
		return exit.Unhealthyf("with less redundancy than their class asks for: %d groups; the shortages say what would help", s.InDebt)
	case o.exitCode && s.Moves+s.Switches > 0:
		return exit.Pendingf("pending: %d moves and %d switches", s.Moves, s.Switches)
	}
	return nil
}
