package situation

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/instance"
	"shopset.dev/shopset/internal/cli/manifest"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/today"
)

// Files says which files to read.
type Files struct {
	Paths     []string
	Namespace string
	// Routes is the folder of today's routing table; empty if there is none.
	Routes  string
	Streams output.Streams
}

// form is how a file is written.
type form int

const (
	objectForm form = iota
	csvForm
	jsonForm
)

// Read gathers a situation from files: objects, or their compact form.
func (f Files) Read(ctx context.Context) (Situation, error) {
	src := manifest.Source{Namespace: f.Namespace, Note: f.Streams.Note}
	var compact instance.Reader
	anyCompact := ""
	for _, path := range f.Paths {
		names, err := manifest.Files(path, ".csv")
		if err != nil {
			return Situation{}, err
		}
		for _, name := range names {
			how, rest, err := f.look(name)
			if err != nil {
				return Situation{}, err
			}
			if how == objectForm {
				src.Paths = append(src.Paths, name)
				if rest != nil {
					src.Stdin = rest
				}
				continue
			}
			anyCompact = name
			if err := take(&compact, how, name, rest); err != nil {
				return Situation{}, err
			}
		}
	}
	switch {
	case anyCompact == "":
		return f.objects(ctx, src)
	case len(src.Paths) > 0:
		return Situation{}, exit.Usagef("%s is in the compact form and %s has objects: name one of them", anyCompact, src.Paths[0])
	case f.Routes != "":
		return Situation{}, exit.Usagef("--routes with the compact form: today's placement stands in the column current of its groups")
	}
	in, err := compact.Input()
	return Situation{Input: in}, err
}

// look tells the form of a file. rest is standard input, begun again, and nil for other files.
func (f Files) look(name string) (how form, rest io.Reader, err error) {
	const enough = 64 << 10
	var start []byte
	if name == "-" {
		if start, err = io.ReadAll(io.LimitReader(f.Streams.In, enough)); err != nil {
			return 0, nil, fmt.Errorf("reading standard input: %w", err)
		}
		rest = io.MultiReader(bytes.NewReader(start), f.Streams.In)
	} else {
		in, err := os.Open(name)
		if err != nil {
			return 0, nil, fmt.Errorf("reading a fleet: %w", err)
		}
		defer in.Close()
		if start, err = io.ReadAll(io.LimitReader(in, enough)); err != nil {
			return 0, nil, fmt.Errorf("reading %s: %w", name, err)
		}
	}
	switch {
	case instance.IsCSV(start):
		return csvForm, rest, nil
	case instance.IsJSON(start):
		return jsonForm, rest, nil
	}
	return objectForm, rest, nil
}

// take adds a file to the compact form.
func take(to *instance.Reader, how form, name string, in io.Reader) error {
	if in == nil {
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("reading a fleet: %w", err)
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, instance.FileLimit+1))
	switch {
	case err != nil:
		return fmt.Errorf("reading %s: %w", name, err)
	case len(data) > instance.FileLimit:
		return fmt.Errorf("reading %s: more than %d bytes; put shops together in groups", name, instance.FileLimit)
	case how == csvForm:
		return to.CSV(name, data)
	}
	return to.JSON(name, data)
}

func (f Files) objects(ctx context.Context, src manifest.Source) (Situation, error) {
	o, err := manifest.Read(ctx, src)
	if err != nil {
		return Situation{}, err
	}
	var t today.Today
	if f.Routes != "" {
		if t, err = today.Folder(f.Routes); err != nil {
			return Situation{}, err
		}
	}
	s := of(o, t, f.Routes != "")
	s.tell(f.Streams)
	return s, nil
}
