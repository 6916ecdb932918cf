package override

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/today"
	"shopset.dev/shopset/internal/plan/routes"
)

// row is what list prints of an override.
type row struct {
	Match    string   `json:"match"`
	ShopSets []string `json:"shopSets"`
	Until    string   `json:"until"`
	Expired  bool     `json:"expired"`
	Owner    string   `json:"owner"`
	Reason   string   `json:"reason"`
}

func (v *verb) newList() *cobra.Command {
	list := *v
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the overrides of a cluster of edges",
		Long: `List prints the override table, in its own order.

Exit codes: 0 answered, 1 error, 2 usage, 5 no answer in time.`,
		Example: fmt.Sprintf("  # What is in force on the edges of a cluster\n  %[1]s override list --context edges-1", v.program),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return list.list(cmd.Context(), format) },
	}
	list.connection(cmd)
	output.AddFlag(cmd.Flags(), &format)
	return cmd
}

func (v *verb) list(ctx context.Context, text string) error {
	format, err := output.Parse(text)
	if err != nil {
		return err
	}
	edges, err := v.kube.Connect()
	if err != nil {
		return err
	}
	list, _, err := today.Overrides(ctx, edges)
	if err != nil {
		return err
	}
	now := v.clock.Now()
	rows, matches := []row{}, []string{}
	sheet := output.Sheet{Head: []string{"MATCH", "SHOPSETS", "UNTIL", "LEFT", "OWNER", "REASON"}}
	for _, o := range list {
		_, expired := today.InForce([]routes.Override{o}, now)
		rows = append(rows, row{o.Match, o.ShopSets, o.Until, len(expired) > 0, o.Owner, o.Reason})
		matches = append(matches, o.Match)
		style := output.Waiting
		if len(expired) > 0 {
			style = output.Faint
		}
		sheet.Rows = append(sheet.Rows, []output.Cell{output.Text(o.Match), output.Text(strings.Join(o.ShopSets, ",")), output.Text(o.Until),
			{Text: left(o.Until, now), Style: style}, output.Text(o.Owner), output.Text(o.Reason)})
	}
	switch format {
	case output.JSON, output.YAML:
		return output.Document(v.streams.Out, format, rows)
	case output.Name:
		return output.Names(v.streams.Out, matches)
	case output.Table, output.Wide:
	}
	if len(rows) == 0 {
		v.streams.Note("no override is in force in namespace %s of %s", edges.Namespace, edges.Config.Host)
		return nil
	}
	return sheet.Print(v.streams.Out, v.streams.Colour())
}

func (v *verb) newClear() *cobra.Command {
	clear := *v
	clear.change.Streams = v.streams
	cmd := &cobra.Command{
		Use:   "clear MATCH",
		Short: "Take an override back",
		Long: `Clear removes a row; the routing table holds again at once. It asks for the match first.

Exit codes: 0 cleared, 1 error, 2 usage, 5 no answer in time.`,
		Example: fmt.Sprintf("  # Back to the table\n  %[1]s override clear shopset:a-1 --context edges-1", v.program),
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return clear.clear(cmd.Context(), args[0]) },
	}
	clear.connection(cmd)
	clear.change.AddFlags(cmd.Flags())
	clear.change.AddYes(cmd.Flags())
	return cmd
}

func (v *verb) clear(ctx context.Context, match string) error {
	if err := v.change.Check(); err != nil {
		return err
	}
	if !strings.Contains(match, "/") && !strings.HasPrefix(match, routes.ShopSetMatch) {
		host, err := routes.NormalizeHost(match)
		if err != nil {
			return exit.Usagef("%w", err)
		}
		match = host
	}
	edges, err := v.kube.Connect()
	if err != nil {
		return err
	}
	list, _, err := today.Overrides(ctx, edges)
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.Match == match {
			v.streams.Note("%s is served by %s until %s (%s: %s)", o.Match, strings.Join(o.ShopSets, ", "), o.Until, o.Owner, o.Reason)
		}
	}
	if !slices.ContainsFunc(list, func(o routes.Override) bool { return o.Match == match }) {
		return noSuchRow(match, list)
	}
	if err := v.change.Confirm("match", match); err != nil {
		return err
	}
	return v.edit(ctx, edges, func(list []routes.Override) ([]routes.Override, string, error) {
		return slices.DeleteFunc(list, func(o routes.Override) bool { return o.Match == match }), "cleared: the table holds for " + match, nil
	})
}

func noSuchRow(match string, list []routes.Override) error {
	var matches []string
	for _, o := range list {
		matches = append(matches, o.Match)
	}
	return exit.NoSuch("override of", match, matches)
}
