package caddyedge

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddytls"
)

// Bounds on what one client can take up.
const (
	maxHeader     = 64 << 10         // bytes of a request's header
	headerTimeout = 10 * time.Second // to send it
	stallTimeout  = time.Minute      // an upload or download that makes no progress at all
	minUploadRate = 100              // bytes/s, on average: what trickles on purpose is cut off
	idleTimeout   = 3 * time.Minute  // between two requests; longer than load balancers' usual 60 s
)

// object is a JSON object of Caddy's configuration.
type object = map[string]any

// Caddy makes the configuration of Caddy. It holds for the life of the process.
func (o *Options) Caddy() (*caddy.Config, error) {
	persist := false
	config := &caddy.Config{
		Admin:      &caddy.AdminConfig{Disabled: true, Config: &caddy.ConfigSettings{Persist: &persist}},
		StorageRaw: raw(object{"module": "file_system", "root": o.storage()}),
	}
	apps := map[string]any{appName: o.app(), "http": o.http(), "tls": o.tls()}
	config.AppsRaw = caddy.ModuleMap{}
	for name, app := range apps {
		raw, err := json.Marshal(app)
		if err != nil {
			return nil, fmt.Errorf("configuring Caddy's app %q: %w", name, err)
		}
		config.AppsRaw[name] = raw
	}
	return config, o.logging(config)
}

// app is the core and its status port.
func (o *Options) app() *App {
	app := &App{Name: o.Name, TablesDir: o.TablesDir, StateDir: o.StateDir, ProbePath: o.ProbePath, Status: o.Status}
	if o.TablesDir == "" {
		app.Namespace, app.Kubeconfig = o.Namespace, o.Kubeconfig
	}
	return app
}

// storage is where Caddy keeps certificates that were asked for.
func (o *Options) storage() string {
	if o.StateDir == "" {
		return filepath.Join(os.TempDir(), "shopset-edge-"+o.Name)
	}
	return filepath.Join(o.StateDir, "certificates")
}

// http is Caddy's web servers.
func (o *Options) http() object {
	servers := object{}
	if o.HTTP != "" {
		servers["http"] = o.server(o.HTTP, "h1")
	}
	if o.servesTLS() {
		server := o.server(o.HTTPS, "h1", "h2", "h3")
		server.TLSConnPolicies = caddytls.ConnectionPolicies{new(caddytls.ConnectionPolicy)}
		servers["https"] = server
	}
	return object{
		"http_port":    cmp.Or(portOf(o.HTTP), caddyhttp.DefaultHTTPPort),
		"https_port":   cmp.Or(portOf(o.HTTPS), caddyhttp.DefaultHTTPSPort),
		"grace_period": caddy.Duration(o.Drain),
		"servers":      servers,
	}
}

func (o *Options) server(address string, protocols ...string) *caddyhttp.Server {
	server := &caddyhttp.Server{
		Listen:            []string{address},
		Protocols:         protocols,
		MaxHeaderBytes:    maxHeader,
		ReadHeaderTimeout: caddy.Duration(headerTimeout),
		ReadIdleTimeout:   caddy.Duration(stallTimeout),
		ReadMinRate:       minUploadRate,
		WriteIdleTimeout:  caddy.Duration(stallTimeout),
		IdleTimeout:       caddy.Duration(idleTimeout),
		AutoHTTPS:         &caddyhttp.AutoHTTPSConfig{Disabled: true},
		Routes:            caddyhttp.RouteList{{HandlersRaw: o.handlers()}},
	}
	if len(o.TrustedProxies) > 0 {
		server.TrustedProxiesRaw = raw(object{"source": "static", "ranges": o.TrustedProxies})
		// From the right, so that only what a trusted proxy has added counts.
		server.TrustedProxiesStrict = 1
	}
	return server
}

// handlers are tracing, if the environment names a collector, and ours.
func (o *Options) handlers() []json.RawMessage {
	var handlers []json.RawMessage
	if tracing() {
		handlers = append(handlers, raw(object{
			"handler": "tracing",
			"span":    "{http.request.method}",
			"span_attributes": object{
				"shopset.shop": "{http.vars.shop}", "shopset.class": "{http.vars.class}",
				"shopset.name": "{http.vars.shopset}", "shopset.attempts": "{http.vars.attempts}",
			},
		}))
	}
	ours := object{"handler": "shopset", "access_log": o.AccessLog}
	if o.HTTP3Port != 0 {
		ours["alt_svc"] = fmt.Sprintf(`h3=":%d"; ma=2592000`, o.HTTP3Port)
	}
	return append(handlers, raw(ours))
}

// tracing is true if the standard environment of OpenTelemetry says where spans go. Without it,
// they would be sent to this machine, where mostly nobody listens.
func tracing() bool {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER"} {
		if value := os.Getenv(name); value != "" && value != "none" {
			return true
		}
	}
	return false
}

// tls is where certificates come from: first the folder, then what was asked for.
func (o *Options) tls() object {
	if !o.servesTLS() {
		return object{"disable_storage_check": true, "disable_storage_clean": true}
	}
	policy := object{"on_demand": true, "issuers": []any{o.issuer()}}
	if o.Certificates != "" {
		policy["get_certificate"] = []any{object{"via": "shopset", "directory": o.Certificates}}
	}
	return object{
		// A state folder that is full or gone must not keep the edge from starting.
		"disable_storage_check": true,
		"automation": object{
			"policies":  []any{policy},
			"on_demand": object{"permission": object{"module": "shopset", "issue": o.ACMEDirectory != ""}},
		},
	}
}

// issuer is the ACME server. One must be named even if permission for it is never given.
func (o *Options) issuer() object {
	issuer := object{"module": "acme", "challenges": object{
		"http":     object{"disabled": o.HTTP == "", "alternate_port": portOf(o.HTTP)},
		"tls-alpn": object{"alternate_port": portOf(o.HTTPS)},
	}}
	if o.ACMEDirectory != "" {
		issuer["ca"] = o.ACMEDirectory
	}
	if o.ACMEEmail != "" {
		issuer["email"] = o.ACMEEmail
	}
	if o.ACMECA != "" {
		issuer["trusted_roots_pem_files"] = []string{o.ACMECA}
	}
	return issuer
}

// logging says where the log goes: to standard error. The access log is not Caddy's.
//
// The proxy's own logger is left out: it would encode each request whether or not it is logged, and
// what it has to say is in the access log.
func (o *Options) logging(config *caddy.Config) error {
	logs, err := json.Marshal(object{"logs": object{"default": object{
		"writer":  object{"output": "stderr"},
		"encoder": object{"format": o.LogFormat, "time_format": "rfc3339_nano"},
		"exclude": []string{handlerID},
	}}})
	if err != nil {
		return fmt.Errorf("configuring the log: %w", err)
	}
	config.Logging = new(caddy.Logging)
	if err := json.Unmarshal(logs, config.Logging); err != nil {
		return fmt.Errorf("configuring the log: %w", err)
	}
	return nil
}

// raw is the JSON of an object of strings, numbers and lists, which always has one.
func raw(value object) json.RawMessage {
	text, _ := json.Marshal(value)
	return text
}

// portOf an address that was validated; 0 if there is none.
func portOf(address string) int {
	_, port, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(port)
	return number
}
