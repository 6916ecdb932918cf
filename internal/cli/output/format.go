// Package output prints what the verbs of shopctl have found.
//
// Vocabulary:
//
//   - Data goes to standard output, in the format that the user chose; messages go
//     to standard error and are never part of the data.
//   - A document is one JSON or YAML value; a command prints exactly one, but for
//     `--watch`, which prints one JSON value a line.
//   - A style is what a cell means (good, bad, …); it becomes a colour on a terminal only.
package output

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"shopset.dev/shopset/internal/cli/exit"
)

// Format is a way to print data.
type Format string

// The formats.
const (
	Table Format = "table"
	Wide  Format = "wide"
	JSON  Format = "json"
	YAML  Format = "yaml"
	Name  Format = "name"
)

var formats = []string{string(Table), string(Wide), string(JSON), string(YAML), string(Name)}

// AddFlag gives a verb its flag -o.
func AddFlag(flags *pflag.FlagSet, to *string) {
	flags.StringVarP(to, "output", "o", string(Table), "how to print: "+strings.Join(formats, ", "))
}

// Parse checks the value of -o.
func Parse(text string) (Format, error) {
	if !slices.Contains(formats, text) {
		return "", exit.Usagef("-o %q: want one of %s", text, strings.Join(formats, ", "))
	}
	return Format(text), nil
}

// Document prints a value as JSON or YAML.
func Document(w io.Writer, f Format, v any) error {
	write := func() ([]byte, error) { return yaml.Marshal(v) }
	if f == JSON {
		write = func() ([]byte, error) {
			b, err := json.MarshalIndent(v, "", "  ")
			return append(b, '\n'), err
		}
	}
	b, err := write()
	if err != nil {
		return fmt.Errorf("writing %s: %w", f, err)
	}
	if _, err = w.Write(b); err != nil {
		return fmt.Errorf("writing %s: %w", f, err)
	}
	return nil
}

// Names prints one name a line.
func Names(w io.Writer, names []string) error {
	for _, name := range names {
		if _, err := fmt.Fprintln(w, name); err != nil {
			return fmt.Errorf("writing names: %w", err)
		}
	}
	return nil
}
