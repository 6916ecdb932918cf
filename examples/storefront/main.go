// Command storefront is a small shop: six components in one binary, each run
// by its name: storefront lb, storefront proxy, and so on.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"example.shop/storefront/internal/api"
	"example.shop/storefront/internal/cart"
	"example.shop/storefront/internal/lb"
	"example.shop/storefront/internal/orders"
	"example.shop/storefront/internal/proxy"
	"example.shop/storefront/internal/service"
	"example.shop/storefront/internal/shop"
)

func main() {
	if len(os.Args) == 2 {
		for _, c := range components() {
			if c.name == os.Args[1] {
				os.Exit(run(c))
			}
		}
	}
	fmt.Fprintln(os.Stderr, "usage: storefront lb|proxy|shop|cart|api|orders")
	os.Exit(2)
}

type component struct {
	name string
	new  func(service.Settings) (service.Component, error)
}

// components lists them in the order in which a request passes through.
func components() []component {
	return []component{
		{"lb", lb.New}, {"proxy", proxy.New}, {"shop", shop.New},
		{"cart", cart.New}, {"api", api.New}, {"orders", orders.New},
	}
}

func run(c component) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("component", c.name)
	if err := service.Run(ctx, c.name, c.new, log); err != nil {
		fmt.Fprintf(os.Stderr, "storefront %s: %v\n", c.name, err)
		return 1
	}
	return 0
}
