package manifest_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/manifest"
	"shopset.dev/shopset/internal/plan/convention"
)

var update = flag.Bool("update", false, "write the golden files anew")

// read reads objects and gives the notes beside them.
func read(t *testing.T, src manifest.Source) (convention.Objects, []string, error) {
	t.Helper()
	var notes []string
	src.Note = func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	o, err := manifest.Read(t.Context(), src)
	return o, notes, err
}

func TestReadCompletesObjects(t *testing.T) {
	o, notes, err := read(t, manifest.Source{Paths: []string{"testdata/fleet.yaml"}})
	if err != nil {
		t.Fatal(err)
	}
	f, tier := o.Fleets[0].Spec, o.Tiers[0].Spec
	got := []any{f.BranchPrefix, f.ArgoCD.Namespace, f.ArgoCD.Project, f.EntryService, f.PollInterval.String(), f.Apps.Namespaces,
		tier.Promotion, tier.Gates.Soak.Duration.String(), tier.Gates.Settle.Duration.String(), o.WorkloadClusters[0].Spec.State,
		o.Configurations[0].Spec.SecretEnv[0].Kind, len(o.Promotions), o.ShopSets[0].Namespace, o.ShopSets[0].Labels["team"]}
	if want := "[tier- argocd default lb &Duration{Duration:30s,} PerShopSet Automatic 5m0s 2s Active Deployment 1 default shop]"; fmt.Sprint(got) != want {
		t.Errorf("got\n%v, want\n%s", got, want)
	}
	want := []string{
		"testdata/fleet.yaml, document 3: ignored Namespace shop: not of shopset.dev",
		"testdata/fleet.yaml, document 10: ignored Promotion please-…: only an API server can name it",
		"the objects name no namespace: taken for those of namespace default (-n names another)",
	}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

// TestEveryProblemIsNamed compares all that is wrong with a golden file.
func TestEveryProblemIsNamed(t *testing.T) {
	_, _, err := read(t, manifest.Source{Paths: []string{"testdata/invalid.yaml"}, Namespace: "shop"})
	if err == nil {
		t.Fatal("accepted")
	}
	got := err.Error() + "\n"
	const golden = "testdata/invalid.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestReadTakesNothingAmiss(t *testing.T) {
	const tier = "apiVersion: shopset.dev/v1alpha1\nkind: Tier\nmetadata: {name: dev}\nspec: {level: 0}\n"
	in := func(namespace, name string) string {
		return fmt.Sprintf("apiVersion: shopset.dev/v1alpha1\nkind: Tier\nmetadata: {name: %s, namespace: %s}\nspec: {level: 0}\n", name, namespace)
	}
	tests := map[string]struct {
		stdin, namespace string
		want             string // part of the error; empty when there is none
		code             exit.Code
	}{
		"a list, as kubectl prints it": {stdin: "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(tier), "\n", "\n  ") + "\n"},
		"JSON":                         {stdin: `{"apiVersion":"shopset.dev/v1alpha1","kind":"Tier","metadata":{"name":"dev"},"spec":{"level":0}}`},
		"separators and comments":      {stdin: "# first\n---\n---\n" + tier + "---\n# last\n"},
		"line ends of another system":  {stdin: strings.ReplaceAll(tier, "\n", "\r\n")},
		"what a server adds": {stdin: strings.Replace(tier, "{name: dev}",
			"{name: dev, uid: 1-2, resourceVersion: '7', generation: 3, creationTimestamp: '2030-01-01T00:00:00Z', managedFields: [{manager: kubectl, operation: Apply}]}", 1)},
		"an unknown field": {stdin: tier + "status: {phase: Proven, color: red}\n", code: exit.Failure,
			want: `-, document 1: Tier "dev": strict decoding error: unknown field "status.color"`},
		"a field twice": {stdin: tier + "spec: {level: 1}\n", code: exit.Failure, want: `key "spec" already set`},
		"an object twice": {stdin: tier + "---\n" + tier, code: exit.Failure,
			want: "-, document 2: Tier dev is already in -, document 1"},
		"no such kind":          {stdin: strings.Replace(tier, "Tier", "Tire", 1), code: exit.Failure, want: `no kind "Tire"`},
		"no such version":       {stdin: strings.Replace(tier, "v1alpha1", "v9", 1), code: exit.Failure, want: `version "shopset.dev/v9"`},
		"not YAML":              {stdin: "a: [", code: exit.Failure, want: "-, document 1"},
		"not an object":         {stdin: "- 1\n", code: exit.Failure, want: "-, document 1"},
		"nothing":               {stdin: "", code: exit.Failure, want: "no object of shopset.dev in -"},
		"a namespace of theirs": {stdin: in("one", "a") + "---\n" + tier},
		"another namespace": {stdin: in("one", "a"), namespace: "two", code: exit.Usage,
			want: "-n two: there are objects of namespace one (-, document 1)"},
		"two namespaces": {stdin: in("one", "a") + "---\n" + in("two", "a"), code: exit.Usage, want: "one namespace is one fleet"},
		"too deep":       {stdin: strings.Repeat("[", 20_000), code: exit.Failure, want: "-, document 1"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			o, _, err := read(t, manifest.Source{Paths: []string{"-"}, Stdin: strings.NewReader(tc.stdin), Namespace: tc.namespace})
			switch {
			case tc.want == "" && (err != nil || len(o.Tiers) == 0):
				t.Errorf("got %d tiers and %v", len(o.Tiers), err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got %v, want %q", err, tc.want)
			case exit.Of(err) != tc.code:
				t.Errorf("exit code %d, want %d", exit.Of(err), tc.code)
			}
		})
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.yaml", "a.yml", "deep/er/c.json", "README.md", ".hidden.yaml", ".git/d.yaml"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{dir, link} {
		got, err := manifest.Files(root)
		want := []string{filepath.Join(root, "a.yml"), filepath.Join(root, "b.yaml"), filepath.Join(root, "deep/er/c.json")}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	if got, err := manifest.Files(filepath.Join(dir, "README.md")); err != nil || len(got) != 1 {
		t.Errorf("a file that is named counts whatever its ending: %v, %v", got, err)
	}
	if _, err := manifest.Files(filepath.Join(dir, "nowhere")); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a missing path: %v", err)
	}
	if _, err := manifest.Files(t.TempDir()); exit.Of(err) != exit.Usage {
		t.Errorf("an empty folder: %v", err)
	}
}

// unimportant is what only a server gives to an object.
var unimportant = cmp.Options{
	cmpopts.IgnoreFields(metav1.ObjectMeta{}, "UID", "ResourceVersion", "Generation", "CreationTimestamp", "ManagedFields"),
	cmpopts.IgnoreTypes(metav1.TypeMeta{}), // a typed client drops it
	cmpopts.EquateEmpty(),
}
