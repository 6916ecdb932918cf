// Package cli puts the verbs of shopctl together.
package cli

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"shopset.dev/shopset/internal/cli/create"
	"shopset.dev/shopset/internal/cli/drain"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/isolate"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/override"
	"shopset.dev/shopset/internal/cli/place"
	"shopset.dev/shopset/internal/cli/render"
	"shopset.dev/shopset/internal/cli/status"
	"shopset.dev/shopset/internal/cli/verify"
	"shopset.dev/shopset/internal/cli/version"
	"shopset.dev/shopset/internal/cli/whatif"
	"shopset.dev/shopset/internal/cli/where"
)

const (
	standalone = "shopctl"
	// plugin is the name under which kubectl finds it, and pluginProgram how a user calls it then.
	plugin        = "kubectl-shopset"
	pluginProgram = "kubectl shopset"
)

// help puts the examples first: they are what people read.
const help = `{{.Short}}.

{{if .HasExample}}Examples:
{{.Example}}

{{end}}Usage:
  {{if .Runnable}}{{.UseLine}}{{else}}{{.CommandPath}} VERB{{end}}
{{with .Long}}
{{. | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableSubCommands}}
Verbs:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}
{{end}}{{if .HasAvailableLocalFlags}}
Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableSubCommands}}
"{{.CommandPath}} VERB --help" tells more about a verb.
{{end}}`

const example = `  # Where every release is, and why
  %[1]s status -n shop --watch

  # What the controller would write to Git, without cluster and Git
  %[1]s render -f fleet/ --out rendered

  # Proof, from two clones alone, that no tier was ever skipped
  %[1]s verify --system shopset-system --apps shopset-apps

  # Add a shop; see which ShopSets serve it
  %[1]s create shop hoge --host hoge.shop.example --class standard -n shop
  %[1]s where hoge.shop.example --context edges-1

  # Who is hit if a site dies; empty a cluster for its upgrade
  %[1]s whatif -n shop --down site-1
  %[1]s drain a -n shop --wait`

// Run runs shopctl with its arguments, argv[0] included, and gives the exit code.
func Run(ctx context.Context, argv []string, version string, streams output.Streams) exit.Code {
	root := New(program(argv), version, streams)
	started := false
	root.PersistentPreRun = func(*cobra.Command, []string) { started = true }
	root.SetArgs(argv[min(1, len(argv)):])
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !started { // cobra's own: an unknown verb, flag or argument
		err = exit.Next(exit.Usagef("%w", err), cmd.CommandPath()+" --help")
	}
	return exit.Report(streams.Err, err)
}

// program is how the user called us.
func program(argv []string) string {
	if len(argv) > 0 && strings.TrimSuffix(filepath.Base(argv[0]), ".exe") == plugin {
		return pluginProgram
	}
	return standalone
}

// New makes the root command.
func New(program, release string, streams output.Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   strings.ReplaceAll(program, " ", "-"),
		Short: "Sees, runs and proves a fleet of ShopSets",
		Long: `shopctl sees, runs and proves a fleet of ShopSets. Data goes to standard output and
messages to standard error.

Exit codes: 0 ok, 1 error, 2 usage, 3 changes pending, 4 unhealthy, 5 timeout.`,
		Example:           strings.ReplaceAll(example, "%[1]s", program),
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: program},
		SilenceUsage:      true,
		SilenceErrors:     true,
		DisableAutoGenTag: true,
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetUsageTemplate(help)
	root.SetHelpTemplate("{{.UsageString}}")
	root.AddCommand(
		status.New(program, streams),
		render.New(program, streams),
		verify.New(program, streams),
		place.New(program, streams),
		whatif.New(program, streams),
		where.New(program, streams),
		create.New(program, streams),
		isolate.New(program, streams),
		drain.New(program, streams),
		drain.NewUncordon(program, streams),
		drain.NewCordon(program, streams),
		override.New(program, streams),
		version.New(program, release, streams),
	)
	return root
}
