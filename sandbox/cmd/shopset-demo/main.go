// Command shopset-demo shows ShopSet at work on a sandbox, and measures it. Exit codes: 0 when
// every claim held, 1 when not, 2 for wrong usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"shopset.dev/shopset/sandbox/internal/demo"
)

func main() {
	o := demo.Options{Out: os.Stdout}
	flag.StringVar(&o.Root, "root", ".", "the project's folder")
	flag.StringVar(&o.Bin, "bin", beside(), "the folder of the built programs")
	flag.StringVar(&o.Dir, "dir", "", "the sandbox's directory (default .sandbox/demo in the project's folder)")
	flag.BoolVar(&o.Keep, "keep", false, "leave the sandbox running, and say how to look around")
	flag.StringVar(&o.Report, "report", "demo-report.json", "the file that the report is written to")
	flag.IntVar(&o.Rate, "rate", demo.Rate, "requests a second that shoppers make through the edges")
	acts := flag.String("acts", "", "acts to play after the first release (default "+strings.Join(demo.Acts(), ",")+")")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "shopset-demo takes no arguments, and got %q\n", flag.Args())
		os.Exit(2)
	}
	if o.Rate < 1 {
		fmt.Fprintf(os.Stderr, "--rate must be 1 at least, and is %d\n", o.Rate)
		os.Exit(2)
	}
	if *acts != "" {
		o.Acts = strings.Split(*acts, ",")
	}
	// Signals stay caught while the sandbox is taken down, so that none leaves it behind.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := demo.Run(ctx, o)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "Error:", err)
	if errors.Is(err, demo.ErrNoSuchAct) {
		os.Exit(2)
	}
	os.Exit(1)
}

// beside is the folder of this program.
func beside() string {
	self, err := os.Executable()
	if err != nil {
		return "bin"
	}
	return filepath.Dir(self)
}
