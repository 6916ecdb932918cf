// Command shopctl sees, runs and proves a fleet of ShopSets. Named kubectl-shopset it is a
// plugin of kubectl.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"shopset.dev/shopset/internal/cli"
	"shopset.dev/shopset/internal/cli/output"
)

// version is set by the linker.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program the hard way
	code := cli.Run(ctx, os.Args, version, output.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv})
	stop()
	os.Exit(int(code))
}
