package caddyedge

import (
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"shopset.dev/shopset/internal/edge"
)

const handlerID = "http.handlers.shopset"

// Handler serves the requests of all shops. Caddy's reverse proxy does the talking (headers,
// upgrades, streaming); which ShopSet it talks to, and whether again, is decided below it, in
// the attempts.
type Handler struct {
	// AccessLog writes a line for each request.
	AccessLog bool `json:"access_log,omitempty"`
	// AltSvc replaces what Caddy says of HTTP/3, where clients reach another port than we listen on.
	AltSvc string `json:"alt_svc,omitempty"`

	core     *edge.Edge
	proxy    *reverseproxy.Handler
	attempts *attempts
	access   *accessLog
}

// CaddyModule tells Caddy who this is.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: handlerID, New: func() caddy.Module { return new(Handler) }}
}

// Provision finds the core and makes the proxy.
func (h *Handler) Provision(ctx caddy.Context) error {
	app, err := appOf(ctx)
	if err != nil {
		return err
	}
	h.core = app.core
	if h.AccessLog {
		h.access = newAccessLog(os.Stdout)
	}
	h.attempts = newAttempts()
	// The upstream is never dialled: each attempt has an address of its own.
	h.proxy = &reverseproxy.Handler{
		Transport: h.attempts,
		Upstreams: reverseproxy.UpstreamPool{{Dial: "shopset:80"}},
	}
	return h.proxy.Provision(ctx)
}

// Cleanup closes upgraded connections, and idle ones to ShopSets.
func (h *Handler) Cleanup() error {
	if h.proxy == nil {
		return nil
	}
	err := h.proxy.Cleanup()
	h.attempts.close()
	h.access.Close()
	return err
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	start := time.Now()
	rec := &recorder{ResponseWriterWrapper: caddyhttp.ResponseWriterWrapper{ResponseWriter: w}}
	h.prepareHeader(w.Header())
	remote, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	request, refusal := h.core.Begin(r.Host, remote)
	if refusal != nil {
		writeRefusal(rec, r, refusal)
		h.log(entry{at: start, request: r, client: remote, err: refusal.Reason}, rec)
		return nil
	}
	ex := &exchange{request: request}
	// Deferred, because the proxy panics to cut an answer that broke off half way.
	defer func() {
		ex.close()
		request.End()
		describeSpan(r.Context(), ex)
		h.log(ex.entry(entry{at: start, request: r, client: remote}), rec)
	}()
	caddyhttp.SetVar(r.Context(), exchangeVar, ex)
	if err := h.proxy.ServeHTTP(rec, r, next); err != nil && !rec.wroteHeader() {
		ex.failure = err
		writeRefusal(rec, r, refusalOf(err))
	}
	return nil
}

// log writes the line of a request that is over.
func (h *Handler) log(e entry, rec *recorder) {
	if h.access != nil {
		e.took, e.status, e.bytes = time.Since(e.at), rec.status, rec.bytes
		h.access.write(&e)
	}
}

// prepareHeader takes out what tells of the software behind the edge.
func (h *Handler) prepareHeader(header http.Header) {
	header.Del("Server")
	if h.AltSvc != "" && header["Alt-Svc"] != nil {
		header["Alt-Svc"] = []string{h.AltSvc}
	}
}

// refusalOf says what to answer when no ShopSet gave an answer.
func refusalOf(err error) *edge.Refusal {
	var refused *refusedError
	var handler caddyhttp.HandlerError
	switch {
	case errors.As(err, &refused):
		return refused.refusal
	case errors.As(err, &handler) && handler.StatusCode == http.StatusGatewayTimeout:
		return &edge.Refusal{Status: http.StatusGatewayTimeout, Reason: "the shop did not answer in time"}
	case errors.As(err, &handler) && handler.StatusCode < http.StatusInternalServerError:
		return &edge.Refusal{Status: handler.StatusCode, Reason: "the request ended early"}
	default:
		return &edge.Refusal{Status: http.StatusBadGateway, Reason: "the shop broke off before it answered"}
	}
}

var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.CleanerUpper          = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
