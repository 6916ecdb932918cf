package manifest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"shopset.dev/shopset/internal/cli/exit"
)

// fileLimit bounds one file: 64 MiB, far more than a fleet of a thousand ShopSets has.
const fileLimit = 64 << 20

var usualEndings = []string{".yaml", ".yml", ".json"}

// document is one object as it stands in a file.
type document struct {
	place  string
	object *unstructured.Unstructured
}

// Files lists what a path stands for, sorted: a file itself, a folder's YAML and JSON files with
// those in folders below, "-" for standard input. Hidden files and folders are left out. Further
// endings may be named.
func Files(path string, further ...string) ([]string, error) {
	endings := append(slices.Clone(usualEndings), further...)
	if path == "-" {
		return []string{path}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("looking for objects: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	root := path + string(filepath.Separator) // a link to a folder is followed
	var out []string
	err = filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil || name == root {
			return err
		}
		hidden := strings.HasPrefix(e.Name(), ".")
		switch {
		case e.IsDir() && hidden:
			return fs.SkipDir
		case !e.IsDir() && !hidden && slices.Contains(endings, filepath.Ext(name)):
			out = append(out, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for objects in %s: %w", path, err)
	}
	if len(out) == 0 {
		return nil, exit.Usagef("-f %s: no file there ends in %s", path, strings.Join(endings, ", "))
	}
	slices.Sort(out)
	return out, nil
}

func readFile(name string, stdin io.Reader) ([]document, error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("reading objects: %w", err)
		}
		defer f.Close()
		in = f
	}
	limited := &io.LimitedReader{R: in, N: fileLimit + 1}
	docs, err := split(name, limited)
	if limited.N <= 0 {
		return nil, fmt.Errorf("reading objects: %s has more than %d bytes", name, fileLimit)
	}
	return docs, err
}

// split takes a file apart. Lists are taken apart, too.
func split(name string, in io.Reader) ([]document, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(in))
	var out []document
	for number := 1; ; number++ {
		raw, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		place := fmt.Sprintf("%s, document %d", name, number)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", place, err)
		}
		if len(bytes.TrimSpace(raw)) == 0 {
			number--
			continue
		}
		docs, err := parse(place, raw)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", place, err)
		}
		out = append(out, docs...)
	}
}

func parse(place string, raw []byte) ([]document, error) {
	jsonBytes, err := yaml.YAMLToJSONStrict(raw)
	if err != nil {
		return nil, err
	}
	if string(jsonBytes) == "null" {
		return nil, nil // only comments
	}
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(jsonBytes); err != nil {
		return nil, err
	}
	if !o.IsList() {
		return []document{{place, o}}, nil
	}
	list, err := o.ToList()
	if err != nil {
		return nil, err
	}
	var out []document
	for i := range list.Items {
		out = append(out, document{fmt.Sprintf("%s, item %d", place, i+1), &list.Items[i]})
	}
	return out, nil
}
