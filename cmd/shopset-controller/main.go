// Command shopset-controller keeps fleets of ShopSets: it writes the system
// repository, asks Argo CD to apply it, and carries proven releases up the tiers.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"go.uber.org/zap/zapcore"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"shopset.dev/shopset/internal/manager"
)

// version is set by the linker.
var version = "dev"

func main() {
	var o manager.Options
	cmd := &cobra.Command{
		Use: "shopset-controller", Short: "Keeps fleets of ShopSets", Version: version,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctrl.SetLogger(zap.New(zap.Level(zapcore.Level(-o.Verbosity)), zap.JSONEncoder(), zap.StacktraceLevel(zapcore.DPanicLevel))) //nolint:gosec // G115: a flag's small number
			cfg, err := ctrl.GetConfig()
			if err != nil {
				return fmt.Errorf("finding the API server (KUBECONFIG, or the service account): %w", err)
			}
			cfg.QPS, cfg.Burst = 200, 400 // the API server's own fairness is the limit, not the client's
			ctrl.Log.WithName("start").Info("Starting", "version", version)
			return manager.Run(cmd.Context(), cfg, o)
		},
	}
	o.AddFlags(cmd.Flags())
	if err := cmd.ExecuteContext(ctrl.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, "shopset-controller:", err)
		os.Exit(1)
	}
}
