package override

import (
	"context"
	"fmt"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/kube"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/today"
	"shopset.dev/shopset/internal/plan/routes"
)

// longest is how long an override may hold: what is to stay belongs into Git.
const longest = 7 * 24 * time.Hour

// setting is what set is asked for.
type setting struct {
	to            []string
	hold          time.Duration
	reason, owner string
}

func (v *verb) newSet() *cobra.Command {
	set := *v
	set.change.Streams = v.streams
	var s setting
	cmd := &cobra.Command{
		Use:   "set MATCH --to SHOPSET[,SHOPSET] --for DURATION --reason REASON",
		Short: "Set an override",
		Long: `Set makes other ShopSets serve what matches, in the order given, until --for is over. It shows who
is concerned and asks for the match first. A row for the same match is replaced, and rows that
have expired are removed.

MATCH is a host, a placement group such as standard/0a, or shopset:NAME for whatever that ShopSet
serves.

Exit codes: 0 set, 1 error, 2 usage, 5 no answer in time.`,
		Example: fmt.Sprintf(example, v.program),
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return set.set(cmd.Context(), args[0], s) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&s.to, "to", nil, "ShopSets that serve instead, in this order")
	f.DurationVar(&s.hold, "for", 0, "how long, at most 168h")
	f.StringVar(&s.reason, "reason", "", "why, for those who find it in force")
	f.StringVar(&s.owner, "owner", "", "who to ask (default: the user at this machine)")
	set.connection(cmd)
	set.change.AddFlags(f)
	set.change.AddYes(f)
	return cmd
}

func (v *verb) set(ctx context.Context, match string, s setting) error {
	o, err := v.row(match, s)
	if err != nil {
		return err
	}
	if err := v.change.Check(); err != nil {
		return err
	}
	edges, err := v.kube.Connect()
	if err != nil {
		return err
	}
	if err := v.concerned(ctx, edges, o); err != nil {
		return err
	}
	if err := v.change.Confirm("match", o.Match); err != nil {
		return err
	}
	return v.edit(ctx, edges, func(list []routes.Override) ([]routes.Override, string, error) {
		outcome := fmt.Sprintf("set: %s is served by %s until %s", o.Match, strings.Join(o.ShopSets, ","), o.Until)
		if i := slices.IndexFunc(list, func(old routes.Override) bool { return old.Match == o.Match }); i >= 0 {
			list[i] = o
			return list, outcome, nil
		}
		return append(list, o), outcome, nil
	})
}

// row checks what was asked for.
func (v *verb) row(match string, s setting) (routes.Override, error) {
	switch {
	case len(s.to) == 0:
		return routes.Override{}, exit.Usagef("--to is missing: name the ShopSets that serve instead")
	case s.hold <= 0:
		return routes.Override{}, exit.Usagef("--for is missing: an override ends by itself; say how long it holds, such as 1h")
	case s.hold > longest:
		return routes.Override{}, exit.Usagef("--for %s: at most %s; what is to stay belongs into the objects", s.hold, longest)
	case strings.TrimSpace(s.reason) == "":
		return routes.Override{}, exit.Usagef("--reason is missing: somebody else will find this in force and ask why")
	case strings.ContainsAny(s.owner, " \t\r\n"):
		return routes.Override{}, exit.Usagef("--owner %q: want one word", s.owner)
	}
	o := routes.Override{
		Match: match, ShopSets: s.to, Until: v.clock.Now().Add(s.hold).UTC().Truncate(time.Second).Format(time.RFC3339),
		Owner: s.owner, Reason: strings.Join(strings.Fields(s.reason), " "),
	}
	if o.Owner == "" {
		o.Owner = whoami()
	}
	return normalised(o)
}

// normalised gives a row as it reads in the file.
func normalised(o routes.Override) (routes.Override, error) {
	text, err := routes.EncodeOverrides([]routes.Override{o})
	if err == nil {
		var list []routes.Override
		if list, err = routes.DecodeOverrides(text); err == nil && len(list) == 1 {
			return list[0], nil
		}
	}
	return routes.Override{}, exit.Usagef("%q: %w", o.Match, err)
}

// whoami names the user at this machine in one word.
func whoami() string {
	me, err := user.Current()
	if err != nil || strings.TrimSpace(me.Username) == "" {
		return "unknown"
	}
	return strings.Join(strings.Fields(me.Username), "_")
}

// concerned says whom a row is about, as far as the table on the edges' cluster tells, and refuses
// names that are not in it.
func (v *verb) concerned(ctx context.Context, edges *kube.Cluster, o routes.Override) error {
	t, found, err := today.ConfigMaps(ctx, edges, v.clock.Now())
	switch {
	case err != nil:
		v.streams.Note("who is concerned is not known: %s", output.OneLine(err.Error()))
		return nil // an emergency is no time to insist
	case !found:
		v.streams.Note("there is no routing table in namespace %s of %s: are these edges?", edges.Namespace, edges.Config.Host)
		return nil
	}
	known := names(t.Table)
	for _, s := range o.ShopSets {
		if !slices.Contains(known, s) {
			return exit.NoSuch("ShopSet", s, known)
		}
	}
	hit := matching(t.Table, o.Match)
	if len(hit.groups) == 0 {
		if name, ok := strings.CutPrefix(o.Match, routes.ShopSetMatch); ok && !slices.Contains(known, name) {
			return exit.NoSuch("ShopSet", name, known)
		}
		v.streams.Note("nothing in today's table (epoch %d) matches %s", t.Table.Epoch, o.Match)
		return nil
	}
	v.streams.Note("%s: %d hosts of %d shops in %d groups, served by %s today, go to %s", o.Match, hit.hosts, len(hit.shops), len(hit.groups),
		strings.Join(hit.served(), ", "), strings.Join(o.ShopSets, ", "))
	for _, s := range t.Table.ShopSets {
		if slices.Contains(o.ShopSets, s.Name) && s.State == routes.Drained {
			v.streams.Note("ShopSet %s is drained", s.Name)
		}
	}
	return nil
}

func names(t routes.Table) []string {
	var out []string
	for _, s := range t.ShopSets {
		out = append(out, s.Name)
	}
	return out
}
