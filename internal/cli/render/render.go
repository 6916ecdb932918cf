package render

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/manifest"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/objectid"
	"shopset.dev/shopset/internal/plan/system"
)

const example = `  # The whole system repository of a fleet, one folder a branch
  %[1]s render -f fleet/ --out rendered

  # What would change, compared with a clone of tier-0
  %[1]s render -f fleet/ --out rendered && diff -r rendered/tier-0 system-tier-0

  # What the cluster has now, from the cluster itself
  kubectl get -n shop shopset -o yaml | %[1]s render -f - --out rendered

  # Build one ShopSet without any server
  git clone -b tier-0 https://git.example/shop/shopset-apps.git rendered/tier-0/base
  kubectl kustomize rendered/tier-0/overlays/c-2`

// options are the flags.
type options struct {
	fleet     manifest.FleetSource
	out       string
	force     bool
	keepGoing bool
	format    string
	streams   output.Streams
}

// New makes the verb. program is how the user calls shopctl.
func New(program string, streams output.Streams) *cobra.Command {
	o := options{streams: streams}
	cmd := &cobra.Command{
		Use:   "render -f FILE-OR-DIR --out DIR",
		Short: "Write what each branch of the system repository would hold, offline",
		Long: `Render writes what the controller would write to the system repository once every
tier has the release, byte for byte: a folder a branch. It needs neither a cluster nor Git.

Objects are checked and completed as an API server would, then against the conventions that
concern several of them. The gitlink base is not written: it is the release's, not a file.

Exit codes: 0 written, 1 objects are wrong or break a convention, 2 usage.`,
		Example: fmt.Sprintf(example, program),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	f := cmd.Flags()
	o.fleet.AddFlags(f)
	f.StringVar(&o.out, "out", "", "folder to write to; it must be new, empty, or written by render before")
	f.BoolVar(&o.keepGoing, "keep-going", false, "render the other objects when some break a convention")
	f.BoolVar(&o.force, "force", false, "write into a folder of somebody else's, and over files that are in the way; no other file is touched")
	output.AddFlag(f, &o.format)
	return cmd
}

func (o *options) run(ctx context.Context) error {
	format, err := output.Parse(o.format)
	if err != nil {
		return err
	}
	if len(o.fleet.Paths) == 0 {
		return exit.Usagef("-f is missing: name a file or folder with the objects of a fleet")
	}
	if o.out == "" {
		return exit.Usagef("--out is missing: name the folder to write to")
	}
	o.fleet.Stdin, o.fleet.Note = o.streams.In, o.streams.Note
	in, err := o.fleet.Input(ctx)
	if err != nil {
		return err
	}
	desired, err := system.WhenClimbed(in)
	if err != nil {
		return err
	}
	if err := o.findings(desired.Findings); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(desired.Notes)) {
		if w := desired.Notes[name].Waiting; w != "" {
			o.streams.Note("ShopSet %s is not rendered: it %s", name, w)
		}
	}
	if err := o.write(desired); err != nil {
		return err
	}
	return o.print(format, listed(desired))
}

// findings prints the broken rules; they end the verb unless it shall keep going.
func (o *options) findings(found []convention.Finding) error {
	for _, f := range found {
		o.streams.Note("%s", f.Message)
	}
	if len(found) == 0 || o.keepGoing {
		return nil
	}
	return fmt.Errorf("%d broken conventions, nothing was written: mend the objects, or add --keep-going to leave them out", len(found))
}

func (o *options) write(desired system.Desired) error {
	files := map[string][]byte{}
	for _, b := range desired.Branches {
		for name, body := range b.Files {
			full := path.Join(b.Branch, name)
			if !fs.ValidPath(full) || !filepath.IsLocal(filepath.FromSlash(full)) {
				return fmt.Errorf("writing %q: not a path inside the folder", full)
			}
			files[full] = body
		}
	}
	f, err := openFolder(o.out)
	if err != nil {
		return err
	}
	defer f.close()
	kept, err := f.write(files, o.force)
	for _, name := range kept {
		o.streams.Note("%s is not wanted any more; it was changed since shopctl wrote it, and stays", name)
	}
	return err
}

// file is one rendered file.
type file struct {
	Branch string `json:"branch"`
	Tier   string `json:"tier,omitempty"`
	Path   string `json:"path"`
	// ID is what Git calls a file of this content.
	ID    string `json:"id"`
	Bytes int    `json:"bytes"`
}

func listed(desired system.Desired) []file {
	out := []file{}
	for _, b := range desired.Branches {
		for _, name := range slices.Sorted(maps.Keys(b.Files)) {
			body := b.Files[name]
			out = append(out, file{Branch: b.Branch, Tier: b.Tier, Path: name, ID: objectid.Blob(body), Bytes: len(body)})
		}
	}
	return out
}

func (o *options) print(format output.Format, files []file) error {
	switch format {
	case output.JSON, output.YAML:
		return output.Document(o.streams.Out, format, files)
	case output.Name:
		names := make([]string, len(files))
		for i, f := range files {
			names[i] = strings.Join([]string{o.out, f.Branch, f.Path}, "/")
		}
		return output.Names(o.streams.Out, names)
	case output.Table, output.Wide:
	}
	sheet := output.Sheet{Head: []string{"BRANCH", "TIER", "FILE"}}
	if format == output.Wide {
		sheet.Head = []string{"BRANCH", "TIER", "ID", "BYTES", "FILE"}
	}
	for _, f := range files {
		row := []output.Cell{output.Text(f.Branch), output.Text(f.Tier)}
		if format == output.Wide {
			row = append(row, output.Text(f.ID), output.Text(fmt.Sprint(f.Bytes)))
		}
		sheet.Rows = append(sheet.Rows, append(row, output.Text(f.Path)))
	}
	return sheet.Print(o.streams.Out, o.streams.Colour())
}
