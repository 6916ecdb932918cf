// Package caddyedge puts the core of the edge (internal/edge) behind Caddy. It is thin: where a
// request goes, and what is learnt from it, is the core's business; bytes, protocols and TLS are
// Caddy's.
//
// Its modules:
//
//   - the app "shopset": the life of the core, and the status port;
//   - the handler "shopset": from a request to an answer, or to a page that says why not;
//   - the certificates of a folder, "tls.get_certificate.shopset";
//   - the permission to ask for a certificate on demand, "tls.permission.shopset".
//
// Vocabulary. An attempt is one try at one ShopSet; a request has one, and more after a retry. A
// refusal is an answer that the edge gives by itself. To drain an edge is to let it finish what is
// in flight.
//
// Routing tables change without Caddy noticing: a reload of Caddy would forget the health of
// ShopSets and cut WebSockets, so its configuration is made once, in code.
package caddyedge

import (
	"github.com/caddyserver/caddy/v2"

	// What the configuration names.
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/tracing"
	_ "github.com/caddyserver/caddy/v2/modules/caddytls/standardstek"
	_ "github.com/caddyserver/caddy/v2/modules/filestorage"
	_ "github.com/caddyserver/caddy/v2/modules/logging"
)

// Caddy finds modules by name in a registry that is filled like this; there is no other way.
func init() {
	caddy.RegisterModule(new(App))
	caddy.RegisterModule(new(Handler))
	caddy.RegisterModule(new(Certificates))
	caddy.RegisterModule(new(Permission))
}
