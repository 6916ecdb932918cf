package render_test

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/render"
)

var update = flag.Bool("update", false, "write the golden files anew")

const root = "../../.."

// run calls the verb.
func run(t *testing.T, args ...string) (stdout, stderr string, code exit.Code) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := render.New("shopctl", output.Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	code = exit.Report(&errs, cmd.ExecuteContext(t.Context()))
	return out.String(), errs.String(), code
}

// must renders and gives the files by path below the out folder.
func must(t *testing.T, args ...string) map[string]string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	if _, stderr, code := run(t, append([]string{"--out", out}, args...)...); code != exit.OK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	return tree(t, out)
}

// tree reads all files below a folder, the marker left out.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), ".shopctl") {
			return err
		}
		body, err := os.ReadFile(name)
		short, _ := filepath.Rel(dir, name)
		out[filepath.ToSlash(short)] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSixShopSets(t *testing.T) {
	files := must(t, "-f", "testdata/fleet")
	var got strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintln(&got, name)
	}
	const modules = "tier-30/.gitmodules"
	fmt.Fprintf(&got, "\n%s:\n%s", modules, files[modules])
	const golden = "testdata/fleet.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("rendered (-want +got):\n%s", diff)
	}
}

// TestOverlaysBuild builds every overlay with kustomize, the sample apps as base.
func TestOverlaysBuild(t *testing.T) {
	files := must(t, "-f", "testdata/fleet")
	world := map[string]string{"a-1": "production", "a-2": "production", "b-1": "production", "b-2": "production", "c-1": "staging", "c-2": "dev"}
	built := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		branch, file, _ := strings.Cut(name, "/")
		shopSet := path.Base(path.Dir(file))
		if path.Dir(path.Dir(file)) != "overlays" {
			continue
		}
		built++
		yaml := build(t, files, branch, filepath.Join(root, "examples", "storefront"), shopSet)
		for _, want := range []string{"ENVIRONMENT: " + world[shopSet], "shopset.dev/shopset: " + shopSet, "kind: StatefulSet", "team: shop"} {
			if !strings.Contains(yaml, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, yaml)
			}
		}
		if got := strings.Contains(yaml, "replicas: 6"); got != (shopSet == "a-2") {
			t.Errorf("%s: scaled: %v", name, got)
		}
	}
	if built != 6 {
		t.Errorf("built %d overlays, want 6", built)
	}
}

// build builds an overlay of a branch as it would be with base checked out.
func build(t *testing.T, files map[string]string, branch, base, shopSet string) string {
	t.Helper()
	memory := filesys.MakeFsInMemory()
	write := func(name, body string) {
		if err := memory.WriteFile(path.Join("/", name), []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	for name, body := range files {
		if file, ok := strings.CutPrefix(name, branch+"/"); ok {
			write(file, body)
		}
	}
	for name, body := range tree(t, base) {
		if strings.HasSuffix(name, ".yaml") {
			write("base/"+name, body)
		}
	}
	m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(memory, "/overlays/"+shopSet)
	if err != nil {
		t.Fatalf("building %s of %s: %v", shopSet, branch, err)
	}
	yaml, err := m.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return string(yaml)
}

// TestExamples renders the examples of the kinds, and builds the ShopSet among them.
func TestExamples(t *testing.T) {
	files := must(t, "-f", filepath.Join(root, "examples", "kinds"), "-n", "shop")
	base := t.TempDir()
	for name, body := range map[string]string{
		"deploy/base/kustomization.yaml": "resources: [all.yaml]\nconfigMapGenerator: [{name: shop, literals: [LOG_LEVEL=debug]}]\n",
		"deploy/base/all.yaml":           workloads("api", "cart") + "---\napiVersion: v1\nkind: Service\nmetadata: {name: lb, annotations: {a: b}}\nspec: {ports: [{port: 80}]}\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(base, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(base, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if yaml := build(t, files, "tier-10", base, "a-1"); !strings.Contains(yaml, "replicas: 6") || !strings.Contains(yaml, "db.production.example") {
		t.Errorf("the example did not reach the workloads:\n%s", yaml)
	}
}

func workloads(names ...string) string {
	var b strings.Builder
	for _, n := range names {
		fmt.Fprintf(&b, "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: %[1]s}\nspec:\n  selector: {matchLabels: {app: %[1]s}}\n"+
			"  template:\n    metadata: {labels: {app: %[1]s}}\n    spec: {containers: [{name: %[1]s, image: %[1]s:1}]}\n", n)
	}
	return b.String()
}

// TestOrderOfInputDoesNotMatter shuffles the documents over files of other names.
func TestOrderOfInputDoesNotMatter(t *testing.T) {
	want := must(t, "-f", "testdata/fleet")
	var documents []string
	sources, err := filepath.Glob("testdata/fleet/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, strings.Split(string(body), "\n---\n")...)
	}
	for seed := range uint64(5) {
		mix := rand.New(rand.NewPCG(seed, 2))
		mix.Shuffle(len(documents), func(i, j int) { documents[i], documents[j] = documents[j], documents[i] })
		dir := t.TempDir()
		half := len(documents) / 2
		for name, part := range map[string][]string{"z.yaml": documents[:half], "a.yml": documents[half:]} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(part, "\n---\n")), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, must(t, "-f", dir)); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

func TestAnswers(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("apiVersion: shopset.dev/v1alpha1\nkind: ShopSet\nmetadata: {name: lost}\nspec: {tier: nowhere, configuration: dev, cluster: a}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	platform := t.TempDir()
	if err := os.WriteFile(filepath.Join(platform, "monitor.yaml"), []byte("kind: ConfigMap\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args           []string
		code           exit.Code
		stdout, stderr string // parts
	}{
		"a list of files":   {args: []string{"-f", "testdata/fleet"}, stdout: "tier-30   prod        overlays/a-2/kustomization.yaml\n"},
		"names":             {args: []string{"-f", "testdata/fleet", "-o", "name"}, stdout: "/tier-30/overlays/a-2/kustomization.yaml\n"},
		"JSON":              {args: []string{"-f", "testdata/fleet", "-o", "json"}, stdout: `"path": "overlays/a-2/kustomization.yaml"`},
		"another apps URL":  {args: []string{"-f", "testdata/fleet", "--apps-url", "https://mirror.example/apps.git", "-o", "wide"}, stdout: ".gitmodules"},
		"further resources": {args: []string{"-f", "testdata/fleet", "--platform-dir", platform}, stdout: "platform/monitor.yaml"},
		"a broken convention": {args: []string{"-f", "testdata/fleet", "-f", broken}, code: exit.Failure,
			stderr: `ShopSet lost: spec.tier: there is no Tier "nowhere"`},
		"a broken convention, and on": {args: []string{"-f", "testdata/fleet", "-f", broken, "--keep-going"},
			stdout: "overlays/a-2/kustomization.yaml", stderr: "ShopSet lost: spec.tier"},
		"no Fleet":       {args: []string{"-f", "testdata/fleet/3-tiers.yaml"}, code: exit.Usage, stderr: "there is no Fleet"},
		"no Tier":        {args: []string{"-f", "testdata/fleet/1-fleet.yaml"}, code: exit.Usage, stderr: "there is no Tier"},
		"no objects":     {code: exit.Usage, stderr: "-f is missing"},
		"a missing file": {args: []string{"-f", "nowhere.yaml"}, code: exit.Failure, stderr: "nowhere.yaml"},
		"a wrong format": {args: []string{"-f", "testdata/fleet", "-o", "xml"}, code: exit.Usage, stderr: "want one of"},
		"a wrong apps URL": {args: []string{"-f", "testdata/fleet", "--apps-url", "https://me:secret@h/a.git"}, code: exit.Failure,
			stderr: "credentials do not belong in the URL"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			stdout, stderr, code := run(t, append([]string{"--out", out}, tc.args...)...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("exit code %d, want %d with %q and %q:\n%s%s", code, tc.code, tc.stdout, tc.stderr, stdout, stderr)
			}
			if strings.Contains(stderr, "secret@") {
				t.Errorf("a password was repeated: %s", stderr)
			}
			if _, err := os.Stat(out); (err == nil) != (code == exit.OK) {
				t.Errorf("exit code %d and the folder: %v", code, err)
			}
		})
	}
	if _, stderr, code := run(t, "-f", "testdata/fleet"); code != exit.Usage || !strings.Contains(stderr, "--out is missing") {
		t.Errorf("without --out: exit code %d: %s", code, stderr)
	}
}
