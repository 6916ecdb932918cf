package caddyedge

import (
	"fmt"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"
)

// Command is shopset-edge. It runs until a signal: SIGTERM and SIGINT let requests in flight finish.
func Command(version string) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "shopset-edge",
		Short: "Brings shoppers to the ShopSets of their shops",
		Long: `  # by hand, with what git clone gives
  git clone -b main https://git.example/shopset-system.git /tmp/system
  shopset-edge --tables-dir /tmp/system --state-dir /tmp/edge --http 127.0.0.1:8080

  # in a cluster: tables are ConfigMaps in namespace shopset-edge
  shopset-edge --name edge-1 --state-dir /var/lib/shopset-edge --certificates /etc/shopset-edge/certificates

  # certificates for shops' own domains, when they are first asked for
  shopset-edge --state-dir /var/lib/shopset-edge --acme-directory https://acme.example/directory --acme-email ops@shop.example

Brings shoppers to the ShopSets of their shops: over HTTP/1.1, 2 and 3, past what is broken, and
without the control plane if need be. What it is doing is told at --status: /status, /metrics.
Spans go where OTEL_EXPORTER_OTLP_ENDPOINT says.`,
		Version: version, Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.Validate(); err != nil {
				return err
			}
			config, err := o.Caddy()
			if err != nil {
				return err
			}
			if o.HTTPS != "" && !o.servesTLS() {
				fmt.Fprintf(cmd.ErrOrStderr(), "shopset-edge: no HTTPS: --certificates or --acme-directory would open %s\n", o.HTTPS)
			}
			caddy.TrapSignals()
			if err := caddy.Run(config); err != nil {
				return err
			}
			<-cmd.Context().Done() // Caddy ends the process when a signal has been dealt with
			return nil
		},
	}
	o.AddFlags(cmd.Flags())
	return cmd
}
