// Command shopset-sandbox runs a fleet of real Kubernetes clusters, a Git
// server and Argo CD on one machine.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"shopset.dev/shopset/sandbox/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
