// Package service is what all components share: settings from the environment,
// the HTTP server with its health, readiness and metrics endpoints, identity
// headers, graceful stop, and clients for the other components.
//
// Vocabulary: a component is one of the six programs; a dependency is a
// component that it calls; draining is the time between being told to stop and
// closing the door, in which requests still on their way are served.
package service

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
)

// Component is what a component brings to Run.
type Component struct {
	Handler http.Handler
	// Watch lists the dependencies to probe in the background.
	Watch []*Dependency
	// Ready answers /readyz; nil means ready as soon as it listens.
	Ready func() error
	// Close is called after the last request; nil means nothing to close.
	Close func() error
}

// Run reads the settings of the named component, builds it and serves it until
// ctx is done. It returns nil after a graceful stop.
func Run(ctx context.Context, name string, build func(Settings) (Component, error), log *slog.Logger) error {
	settings, err := ReadSettings(name, os.Getenv)
	if err != nil {
		return fmt.Errorf("reading settings: %w", err)
	}
	if settings.Crash {
		return fmt.Errorf("FAULT_CRASH is set: exiting on purpose (release %s)", settings.Identity.Release)
	}
	settings.Log = log
	component, err := build(settings)
	if err != nil {
		return err
	}
	return serve(ctx, settings, component)
}
