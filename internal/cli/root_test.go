package cli_test

import (
	"bytes"
	"strings"
	"testing"

	"shopset.dev/shopset/internal/cli"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/output"
)

// run calls the whole program.
func run(t *testing.T, argv ...string) (stdout, stderr string, code exit.Code) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Run(t.Context(), argv, "v1.2.3", output.Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
	return out.String(), errs.String(), code
}

func TestProgram(t *testing.T) {
	tests := map[string]struct {
		argv           []string
		code           exit.Code
		stdout, stderr string // parts
	}{
		"nothing is asked":         {argv: []string{"shopctl"}, stdout: "Verbs:\n"},
		"help":                     {argv: []string{"shopctl", "--help"}, stdout: "shopctl status -n shop --watch"},
		"version":                  {argv: []string{"shopctl", "version", "-o", "name"}, stdout: "v1.2.3\n"},
		"version in JSON":          {argv: []string{"shopctl", "version", "-o", "json"}, stdout: `"version": "v1.2.3"`},
		"completion":               {argv: []string{"shopctl", "completion", "bash"}, stdout: "__start_shopctl"},
		"an unknown verb":          {argv: []string{"shopctl", "frobnicate"}, code: exit.Usage, stderr: "unknown command \"frobnicate\" for \"shopctl\"\nNext:  shopctl --help\n"},
		"an unknown flag":          {argv: []string{"shopctl", "status", "--frob"}, code: exit.Usage, stderr: "unknown flag: --frob\nNext:  shopctl status --help\n"},
		"a word too many":          {argv: []string{"shopctl", "verify", "it"}, code: exit.Usage, stderr: "Next:  shopctl verify --help"},
		"a flag of another type":   {argv: []string{"shopctl", "status", "--timeout", "soon"}, code: exit.Usage, stderr: "--timeout"},
		"a verb of several words":  {argv: []string{"shopctl", "override", "set", "a.example"}, code: exit.Usage, stderr: "--to is missing"},
		"a noun that is not there": {argv: []string{"shopctl", "create", "tier", "x"}, code: exit.Usage, stderr: "Next:  shopctl create --help"},
		"as a plugin of kubectl":   {argv: []string{"/usr/local/bin/kubectl-shopset", "status", "--help"}, stdout: "Usage:\n  kubectl shopset status [flags]\n"},
		"a plugin's mistakes":      {argv: []string{"kubectl-shopset.exe", "stauts"}, code: exit.Usage, stderr: "Next:  kubectl shopset --help"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := run(t, tc.argv...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("exit code %d, want %d with %q and %q:\n%s%s", code, tc.code, tc.stdout, tc.stderr, stdout, stderr)
			}
			if code != exit.OK && stdout != "" {
				t.Errorf("an error wrote to standard output: %s", stdout)
			}
		})
	}
}

// TestHelpBeginsWithExamples holds every verb to what people read first, and to telling its exit codes.
func TestHelpBeginsWithExamples(t *testing.T) {
	for _, program := range []string{"shopctl", "kubectl shopset"} {
		argv0 := strings.ReplaceAll(program, " ", "-")
		for _, verb := range []string{"status", "render", "verify", "version", "place", "whatif", "where", "isolate", "drain", "uncordon", "cordon",
			"create", "create shop", "create shopset", "create shopclass", "override", "override set", "override list", "override clear"} {
			help, _, code := run(t, append(append([]string{argv0}, strings.Fields(verb)...), "--help")...)
			lines := strings.Split(help, "\n")
			if code != exit.OK || len(lines) < 4 || lines[2] != "Examples:" {
				t.Errorf("%s %s --help does not begin with examples:\n%s", program, verb, help)
			}
			if !strings.Contains(help, "  "+program+" "+verb) {
				t.Errorf("the examples of %s do not call it %q:\n%s", verb, program, help)
			}
			if verb != "version" && !strings.Contains(help, "Exit codes:") {
				t.Errorf("%s does not tell its exit codes", verb)
			}
		}
	}
}
