package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"shopset.dev/shopset/sandbox/internal/gitserver"
	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/state"
)

func newEnv(o *options) *cobra.Command {
	var parts string
	cmd := &cobra.Command{
		Use:     "env",
		Short:   "Print shell exports that lead to the sandbox",
		Example: `  eval "$(shopset-sandbox env)"`,
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := o.sandbox()
			if err != nil {
				return err
			}
			s, err := state.Load(dir.State())
			if err != nil {
				return fmt.Errorf("%w; start a sandbox with: shopset-sandbox up --dir %s", err, dir)
			}
			self, err := os.Executable()
			if err != nil {
				return fmt.Errorf("finding this program: %w", err)
			}
			if parts, err = (up{parts: parts}).findParts(self); err != nil {
				return err
			}
			for _, v := range variables(dir, s, parts, filepath.Dir(self)) {
				fmt.Fprintf(cmd.OutOrStdout(), "export %s=%s\n", v.name, v.value)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&parts, "parts", "", "directory of the programs (default "+partsDir+" beside this program)")
	return cmd
}

// variable is a name and a value quoted for a POSIX shell.
type variable struct{ name, value string }

func variables(dir layout.Dir, s *state.State, directories ...string) []variable {
	vars := []variable{
		{dirVariable, quote(string(dir))},
		{"KUBECONFIG", quote(dir.Kubeconfig(state.Management))},
	}
	for _, c := range s.Enabled() {
		name := strings.ToUpper(strings.ReplaceAll(c.Name, "-", "_"))
		vars = append(vars,
			variable{"KUBECONFIG_" + name, quote(dir.Kubeconfig(c.Name))},
			variable{"SHOPSET_LB_" + name, quote(c.LoadBalancerCIDR)})
	}
	vars = append(vars, edgeVariables(dir, s)...)
	return append(vars,
		variable{"SHOPSET_APPS_URL", quote(s.Git.Repository(gitserver.Apps))},
		variable{"SHOPSET_SYSTEM_URL", quote(s.Git.Repository(gitserver.System))},
		variable{"SHOPSET_GIT_USERNAME", quote(s.Git.Username)},
		variable{"SHOPSET_GIT_PASSWORD_FILE", quote(dir.GitPassword())},
		variable{"PATH", quote(strings.Join(directories, string(os.PathListSeparator))) + `:"$PATH"`},
	)
}

// edgeVariables lead to the edges: curl -H 'Host: hoge.shop.example' "$SHOPSET_EDGE_1", and
// curl --cacert "$SHOPSET_EDGE_CA" --resolve "hoge.shop.example:$SHOPSET_EDGE_1_HTTPS_PORT:127.0.0.1"
// "https://hoge.shop.example:$SHOPSET_EDGE_1_HTTPS_PORT".
func edgeVariables(dir layout.Dir, s *state.State) []variable {
	var vars []variable
	for _, e := range s.EnabledEdges() {
		name := "SHOPSET_" + strings.ToUpper(strings.ReplaceAll(e.Name, "-", "_"))
		vars = append(vars,
			variable{name, quote(e.HTTP())},
			variable{name + "_HTTPS_PORT", quote(strconv.Itoa(e.Ports.HTTPS))},
			variable{name + "_STATUS", quote(e.Status() + "/status")})
	}
	if len(vars) > 0 {
		vars = append(vars, variable{"SHOPSET_EDGE_CA", quote(dir.EdgeCA())})
	}
	return vars
}

// quote makes any string one word of a POSIX shell.
func quote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
