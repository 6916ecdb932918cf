package verify

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"shopset.dev/shopset/internal/plan/render"
)

const checkApplications = "applied once"

// application is what we look at in an Argo CD Application.
type application struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Source  source   `json:"source"`
		Sources []source `json:"sources"`
	} `json:"spec"`
}

type source struct {
	TargetRevision string `json:"targetRevision"`
	Path           string `json:"path"`
}

// reference is an Application that applies an overlay of some revision.
type reference struct{ file, name, revision, overlay string }

// applications asks whether every overlay of a tier is applied by exactly one Application of
// branch main, and whether every Application has its overlay.
func applications(f *facts) []result {
	main := result{Check: checkApplications, Branch: f.main.name}
	refs := references(&f.main, &main)
	var out []result
	branches := map[string]bool{}
	for i := range f.tiers {
		t := &f.tiers[i]
		branches[t.Tier.Branch] = true
		out = append(out, appliedOnce(t, refs))
	}
	for _, ref := range refs {
		if !branches[ref.revision] {
			main.refute(nil, "%s: Application %s applies %s of revision %q, which is no tier's branch", ref.file, ref.name, ref.overlay, ref.revision)
		}
	}
	return append(out, main.judged(verdictIf(len(refs) > 0)))
}

func appliedOnce(t *tier, refs []reference) result {
	r := result{Check: checkApplications, Branch: t.Tier.Branch}
	by := map[string][]string{}
	for _, ref := range refs {
		if ref.revision == t.Tier.Branch {
			by[ref.overlay] = append(by[ref.overlay], ref.file)
		}
	}
	asked := len(by) > 0
	for _, file := range slices.Sorted(maps.Keys(t.files)) {
		overlay := path.Dir(file)
		if path.Base(file) != "kustomization.yaml" || path.Dir(overlay) != "overlays" {
			continue
		}
		asked = true
		switch files := by[overlay]; len(files) {
		case 1:
		case 0:
			r.refute(nil, "%s is applied by no Application of branch %s", overlay, render.MainBranch)
		default:
			r.refute(nil, "%s is applied by %d Applications: %s", overlay, len(files), strings.Join(files, ", "))
		}
		delete(by, overlay)
	}
	for _, overlay := range slices.Sorted(maps.Keys(by)) {
		r.refute(nil, "%s applies %s, which is not there", strings.Join(by[overlay], ", "), overlay)
	}
	return r.judged(verdictIf(asked))
}

// references reads the Applications of branch main, ordered by file.
func references(main *branch, r *result) []reference {
	var out []reference
	for _, file := range slices.Sorted(maps.Keys(main.files)) {
		if !strings.HasPrefix(file, "argocd/") {
			continue
		}
		apps, err := parseApplications(main.files[file].Content)
		if err != nil {
			r.refute(nil, "%s cannot be read: %v", file, err)
		}
		for _, a := range apps {
			for _, s := range append([]source{a.Spec.Source}, a.Spec.Sources...) {
				if overlay := path.Clean(s.Path); path.Dir(overlay) == "overlays" {
					out = append(out, reference{file, a.Metadata.Name, strings.TrimPrefix(s.TargetRevision, "refs/heads/"), overlay})
				}
			}
		}
	}
	return out
}

func parseApplications(content []byte) ([]application, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	var out []application
	for {
		raw, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, fmt.Errorf("splitting the file: %w", err)
		}
		var a application
		if err := yaml.Unmarshal(raw, &a); err != nil {
			return out, err
		}
		if a.Kind == "Application" {
			out = append(out, a)
		}
	}
}
