package caddyedge

import (
	"context"
	"fmt"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddytls"

	"shopset.dev/shopset/internal/edge"
)

// Permission lets certificates be asked for only for hosts that are in the routing table, so that
// nobody can make the edge ask for names of their choice.
type Permission struct {
	// Issue is false where no ACME server is configured: then nothing is ever asked for.
	Issue bool `json:"issue,omitempty"`

	core *edge.Edge
}

// CaddyModule tells Caddy who this is.
func (*Permission) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "tls.permission.shopset", New: func() caddy.Module { return new(Permission) }}
}

// Provision finds the core.
func (p *Permission) Provision(ctx caddy.Context) error {
	app, err := appOf(ctx)
	if err != nil {
		return err
	}
	p.core = app.core
	return nil
}

// CertificateAllowed returns nil if a certificate for the host may be loaded or asked for.
func (p *Permission) CertificateAllowed(_ context.Context, host string) error {
	if !p.Issue || !p.core.HasHost(host) {
		return fmt.Errorf("%w: %s is not a host of a shop", caddytls.ErrPermissionDenied, host)
	}
	return nil
}

var _ caddytls.OnDemandPermission = (*Permission)(nil)
