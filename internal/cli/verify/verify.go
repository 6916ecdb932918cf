package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"shopset.dev/shopset/internal/cli/clone"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/manifest"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/plan/system"
)

const example = `  # Proof from two clones alone; bare repositories and URLs will do, too
  %[1]s verify --system shopset-system --apps shopset-apps

  # And that Git holds what the objects render to
  %[1]s verify --system shopset-system --apps shopset-apps -f fleet/

  # What is wrong, for a program
  %[1]s verify --system shopset-system --apps shopset-apps -o json

  # A clone to verify from, with the release pins that a plain clone lacks
  git clone --mirror https://git.example/shop/shopset-apps.git`

// options are the flags.
type options struct {
	system, apps string
	prefix       string
	retired      []string
	timeout      time.Duration
	fleet        manifest.FleetSource
	format       string
	streams      output.Streams
}

// New makes the verb. program is how the user calls shopctl.
func New(program string, streams output.Streams) *cobra.Command {
	o := options{streams: streams}
	cmd := &cobra.Command{
		Use:   "verify --system CLONE-OR-URL --apps CLONE-OR-URL",
		Short: "Prove from Git alone that no tier was ever skipped",
		Long: `Verify asks clones of both repositories, and nobody else:

  never skipped         every release that a tier ever had was on the tier below before
  runs what was below   so was the one that it has now
  apps branch agrees    released commits exist; apps branches are where the tiers are
  files as rendered     what ShopSet wrote is as it wrote it; edits are named with their commits
  applied once          every overlay has its one Application, and every Application its overlay
  files match objects   with -f: Git holds what the objects render to

A release is told by its commit or by the apps' tree; "before" goes by the commits' times. The
tiers are read off the branch names. Of a clone the branches of its remote "origin" count where
it has any, otherwise its own. Nothing is written to it.

Exit codes: 0 proven, 1 could not be checked, 2 usage, 4 refuted.`,
		Example: fmt.Sprintf(example, program),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.Flags().Changed("branch-prefix"))
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.system, "system", "", "clone, bare repository or URL of the system repository")
	f.StringVar(&o.apps, "apps", "", "clone, bare repository or URL of the apps repository")
	f.StringVar(&o.prefix, "branch-prefix", "tier-", "what the names of tier branches begin with; with -f, the Fleet's own unless given")
	f.StringArrayVar(&o.retired, "retired", nil, "branch of a Tier that is no more, to be left out; with -f those without a Tier are; may be repeated")
	f.DurationVar(&o.timeout, "timeout", 5*time.Minute, "bound on one transfer from a URL")
	o.fleet.AddFlags(f)
	output.AddFlag(f, &o.format)
	return cmd
}

func (o *options) run(ctx context.Context, prefixGiven bool) error {
	format, err := output.Parse(o.format)
	switch {
	case err != nil:
		return err
	case o.system == "":
		return exit.Usagef("--system is missing: name a clone or the URL of the system repository")
	case o.apps == "":
		return exit.Usagef("--apps is missing: name a clone or the URL of the apps repository")
	case o.prefix == "":
		return exit.Usagef("--branch-prefix is empty: every branch would be a tier's")
	}
	var in *system.Input
	if len(o.fleet.Paths) > 0 {
		o.fleet.Stdin, o.fleet.Note = o.streams.In, o.streams.Note
		read, err := o.fleet.Input(ctx)
		if err != nil {
			return err
		}
		if in = &read; !prefixGiven {
			o.prefix = in.Fleet.Spec.BranchPrefix
		}
	}
	f, err := o.gather(ctx, in)
	if err != nil {
		return err
	}
	r := check(f)
	if err := o.print(format, r); err != nil {
		return err
	}
	return o.conclude(r)
}

func (o *options) gather(ctx context.Context, in *system.Input) (f *facts, err error) {
	sys, err := clone.Open(ctx, o.system, clone.Config{Prefix: o.prefix, Timeout: o.timeout})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, sys.Close()) }()
	apps, err := clone.Open(ctx, o.apps, clone.Config{Prefix: o.prefix, Timeout: o.timeout, Filter: "blob:none"})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, apps.Close()) }()
	for _, c := range []*clone.Clone{sys, apps} {
		if c.Tracking {
			o.streams.Note("%s: looking at the branches of its remote origin, as last fetched", c.Where)
		}
	}
	g, err := newGatherer(ctx, apps, sys, o.prefix, o.retired)
	if err != nil {
		return nil, err
	}
	if in != nil {
		gone, err := g.retire(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, branch := range gone {
			o.streams.Note("branch %s is left out: no Tier among the objects has it", branch)
		}
	}
	if f, err = g.facts(ctx); err != nil {
		return nil, sys.Explain(err)
	}
	if len(f.tiers) == 0 {
		return nil, exit.Next(fmt.Errorf("%s has no branch %s<number>: it is not a system repository, or --branch-prefix is another", o.system, o.prefix),
			"git -C "+o.system+" branch --all")
	}
	if in != nil {
		err = g.desire(ctx, f, *in)
	}
	return f, err
}

// check asks everything.
func check(f *facts) report {
	r := report{Verdict: proven}
	for i := range f.tiers {
		r.Branches = append(r.Branches, f.tiers[i].Tier.Branch)
		r.Tenures += len(f.tiers[i].History)
	}
	r.Branches = append(r.Branches, f.main.name)
	r.add(order(f)...)
	r.add(appsBranches(f)...)
	r.add(handEdits(f)...)
	r.add(applications(f)...)
	r.add(objects(f)...)
	return r
}

// conclude says in one sentence what it comes to.
func (o *options) conclude(r report) error {
	count := map[verdict]int{}
	for _, one := range r.Results {
		count[one.Verdict]++
	}
	switch r.Verdict {
	case refuted:
		return exit.Unhealthyf("refuted: %d of %d answers are bad", count[refuted], len(r.Results)-count[idle])
	case unknown:
		return fmt.Errorf("not proven: %d of %d questions could not be answered from these clones", count[unknown], len(r.Results)-count[idle])
	case proven, idle:
	}
	o.streams.Note("proven: %d tiers, %d tenures", len(r.Branches)-1, r.Tenures)
	return nil
}
