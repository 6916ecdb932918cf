package whatif_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/whatif"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	fleet  = "../place/testdata/fleet"
	routes = "../place/testdata/routes"
	short  = "../place/testdata/short.csv"
)

// run calls the verb.
func run(t *testing.T, args ...string) (stdout, stderr string, code exit.Code) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := whatif.New("shopctl", output.Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
	cmd.SetArgs(append([]string{}, args...))
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	code = exit.Report(&errs, cmd.ExecuteContext(t.Context()))
	return out.String(), errs.String(), code
}

func TestPrinted(t *testing.T) {
	tests := map[string][]string{
		"one-site":      {"-f", fleet, "--routes", routes, "--down", "tokyo"},
		"one-site.json": {"-f", fleet, "--routes", routes, "--down", "tokyo", "-o", "json"},
		"two-clusters":  {"-f", fleet, "--routes", routes, "--down", "tokyo/a,b", "--exit-code"},
		"drain":         {"-f", fleet, "--routes", routes, "--drain", "a", "-o", "wide"},
		"no-routes":     {"-f", fleet, "--down", "c-1"},
		"compact":       {"-f", short, "--down", "on-prem/osaka", "--exit-code"},
	}
	for name, args := range tests {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := run(t, args...)
			got := fmt.Sprintf("%s--- stderr\n%s--- exit code %d\n", stdout, stderr, code)
			file := "testdata/" + name + ".golden"
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	tests := map[string]struct {
		args   []string
		code   exit.Code
		stderr string // a part
	}{
		"nothing happens":      {args: []string{"-f", fleet}, code: exit.Usage, stderr: "want either --down DOMAIN[,DOMAIN] or --drain CLUSTER"},
		"both happen":          {args: []string{"-f", fleet, "--down", "a", "--drain", "b"}, code: exit.Usage, stderr: "want either"},
		"no such domain":       {args: []string{"-f", fleet, "--down", "kyoto"}, code: exit.Failure, stderr: `there is no FailureDomain, WorkloadCluster or ShopSet "kyoto": there are osaka, osaka/b, tokyo, tokyo/a, tokyo/c`},
		"a path of other ways": {args: []string{"-f", fleet, "--down", "osaka/a"}, code: exit.Failure, stderr: `"osaka/a"`},
		"no such cluster":      {args: []string{"-f", fleet, "--drain", "tokyo"}, code: exit.Failure, stderr: `there is no WorkloadCluster "tokyo": there are a, b, c`},
		"no cluster to ask":    {args: []string{"--kubeconfig", "nowhere", "--down", "a"}, code: exit.Failure, stderr: "Next:  kubectl config get-contexts"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := run(t, tc.args...)
			if code != tc.code || !strings.Contains(stderr, tc.stderr) || stdout != "" {
				t.Errorf("exit code %d, want %d with %q: %s%s", code, tc.code, tc.stderr, stdout, stderr)
			}
		})
	}
}
