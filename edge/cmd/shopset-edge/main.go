// Command shopset-edge brings shoppers to the ShopSets of their shops.
package main

import (
	"context"
	"fmt"
	"os"

	"shopset.dev/shopset/edge/caddyedge"
)

// version is set by the linker.
var version = "dev"

func main() {
	if err := caddyedge.Command(version).ExecuteContext(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "shopset-edge:", err)
		os.Exit(1)
	}
}
