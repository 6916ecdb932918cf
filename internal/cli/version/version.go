// Package version is `shopctl version`.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"shopset.dev/shopset/internal/cli/output"
)

// Info is what there is to say about the program.
type Info struct {
	Version string `json:"version"`
	// Commit it was built from, with "-dirty" when there were changes beside it; empty if unknown.
	Commit   string `json:"commit,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// New makes the verb. release is the version that the linker set.
func New(program, release string, streams output.Streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: fmt.Sprintf("  %[1]s version\n  %[1]s version -o json", program),
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			f, err := output.Parse(format)
			if err != nil {
				return err
			}
			return show(streams, f, info(release))
		},
	}
	output.AddFlag(cmd.Flags(), &format)
	return cmd
}

func info(release string) Info {
	i := Info{Version: release, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return i
	}
	dirty := ""
	for _, s := range build.Settings {
		switch {
		case s.Key == "vcs.revision":
			i.Commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-dirty"
		}
	}
	if i.Commit != "" {
		i.Commit += dirty
	}
	return i
}

func show(streams output.Streams, f output.Format, i Info) error {
	switch f {
	case output.JSON, output.YAML:
		return output.Document(streams.Out, f, i)
	case output.Name:
		return output.Names(streams.Out, []string{i.Version})
	case output.Table, output.Wide:
	}
	sheet := output.Sheet{
		Head: []string{"VERSION", "COMMIT", "GO", "PLATFORM"},
		Rows: [][]output.Cell{{output.Text(i.Version), output.Text(i.Commit), output.Text(i.Go), output.Text(i.Platform)}},
	}
	return sheet.Print(streams.Out, streams.Colour())
}
