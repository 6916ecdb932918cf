package place_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/manifest"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/place"
	"shopset.dev/shopset/internal/plan/placement"
	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/internal/plan/shops"
)

var update = flag.Bool("update", false, "write the golden files anew")

// run calls the verb.
func run(t *testing.T, stdin string, args ...string) (stdout, stderr string, code exit.Code) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := place.New("shopctl", output.Streams{In: strings.NewReader(stdin), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
	cmd.SetArgs(append([]string{}, args...))
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	code = exit.Report(&errs, cmd.ExecuteContext(t.Context()))
	return out.String(), errs.String(), code
}

// golden compares with a file beside the input.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestRoutesOfTheFleet writes the table of testdata/fleet as it was when the shops were placed on
// a-1 and b-1 alone; other tests read it.
func TestRoutesOfTheFleet(t *testing.T) {
	o, err := manifest.Read(t.Context(), manifest.Source{Paths: []string{"testdata/fleet"}, Note: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	o.ShopSets = slices.DeleteFunc(o.ShopSets, func(s v1alpha1.ShopSet) bool { return s.Name == "c-1" })
	resolved := shops.Resolve(o, routes.Table{})
	plan := placement.Make(shops.PlacementInput(o, resolved, shops.World{}))
	addresses := map[string][]string{"a-1": {"10.0.0.1:80"}, "b-1": {"10.0.1.1:80"}}
	table := shops.Table(o, resolved, plan.Placements, addresses, routes.Table{})
	table.Epoch = 7
	files, err := routes.Encode(table)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range files {
		golden(t, filepath.Join("testdata/routes", name), string(body))
	}
}

func TestPrinted(t *testing.T) {
	tests := map[string][]string{
		"fresh":      {"-f", "testdata/fleet"},
		"fresh.json": {"-f", "testdata/fleet", "-o", "json"},
		"today":      {"-f", "testdata/fleet", "--routes", "testdata/routes", "--exit-code"},
		"today.wide": {"-f", "testdata/fleet", "--routes", "testdata", "-o", "wide"},
		"short":      {"-f", "testdata/short.csv", "--exit-code"},
		"short.yaml": {"-f", "testdata/short.csv", "-o", "yaml"},
	}
	for name, args := range tests {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := run(t, "", args...)
			golden(t, "testdata/"+name+".golden", fmt.Sprintf("%s--- stderr\n%s--- exit code %d\n", stdout, stderr, code))
		})
	}
}

func TestManyMovesAreBounded(t *testing.T) {
	var in strings.Builder
	in.WriteString("shopset,tier,capacity,domain\na-1,prod,1000,p/s/a\nb-1,prod,1000,p/s/b\nclass,tier\nc,prod\ngroup,class,weight,current\n")
	for i := range 100 {
		fmt.Fprintf(&in, "c/%02x,c,1,gone\n", i)
	}
	stdout, stderr, code := run(t, in.String(), "-f", "-", "--exit-code")
	if code != exit.Pending || !strings.Contains(stdout, "… 85 more: -o wide shows more, -o json all") || strings.Count(stdout, "\nc/") != 15 {
		t.Errorf("exit code %d:\n%s%s", code, stdout, stderr)
	}
}

func TestMistakes(t *testing.T) {
	tests := map[string]struct {
		args   []string
		stdin  string
		code   exit.Code
		stderr string // a part
	}{
		"nothing named":       {code: exit.Usage, stderr: "-f is missing"},
		"no such format":      {args: []string{"-f", "testdata/fleet", "-o", "csv"}, code: exit.Usage, stderr: `-o "csv"`},
		"names of what":       {args: []string{"-f", "testdata/fleet", "-o", "name"}, code: exit.Usage, stderr: "-o name"},
		"no such file":        {args: []string{"-f", "nowhere"}, code: exit.Failure, stderr: "nowhere"},
		"both forms":          {args: []string{"-f", "testdata/fleet", "-f", "testdata/short.csv"}, code: exit.Usage, stderr: "testdata/short.csv is in the compact form and testdata/fleet/1-fleet.yaml has objects"},
		"a table twice over":  {args: []string{"-f", "testdata/short.csv", "--routes", "testdata/routes"}, code: exit.Usage, stderr: "column current"},
		"no table there":      {args: []string{"-f", "testdata/fleet", "--routes", "testdata/fleet"}, code: exit.Usage, stderr: "there is no SHA256SUMS"},
		"no folder there":     {args: []string{"-f", "testdata/fleet", "--routes", "nowhere"}, code: exit.Failure, stderr: "reading the routing table"},
		"an object is wrong":  {args: []string{"-f", "-"}, stdin: "apiVersion: shopset.dev/v1alpha1\nkind: Shop\nmetadata: {name: x}\nspec: {hosts: [x.example], klass: y}\n", code: exit.Failure, stderr: `-, document 1: Shop "x": strict decoding error: unknown field "spec.klass"`},
		"a table is wrong":    {args: []string{"-f", "-"}, stdin: "group,class,weight\ng,c,1\n", code: exit.Failure, stderr: `-, line 2: class: there is no class "c"`},
		"JSON from elsewhere": {args: []string{"-f", "-"}, stdin: `{"groups": [{"name": 1}]}`, code: exit.Failure, stderr: "reading -, line 1, column 22"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := run(t, tc.stdin, tc.args...)
			if code != tc.code || !strings.Contains(stderr, tc.stderr) || stdout != "" {
				t.Errorf("exit code %d, want %d with %q: %s%s", code, tc.code, tc.stderr, stdout, stderr)
			}
		})
	}
}

// TestTornTable changes a file behind the back of its index.
func TestTornTable(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/routes")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "shopsets.txt"), []byte("a-1 prod a tokyo/a Active -\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stderr, code := run(t, "", "-f", "testdata/fleet", "--routes", dir)
	if code != exit.Failure || !strings.Contains(stderr, "shopsets.txt: is not the file that SHA256SUMS lists") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}
