package service

import (
	"net"
	"net/http"
	"time"
)

const idleTimeout = 30 * time.Second

// Transport sends a request that may be repeated over pooled connections, and
// any other over a connection of its own: a server that is stopping may close
// an idle connection at the moment it is reused, and then nobody can know
// whether a POST was carried out.
type Transport struct {
	pooled, fresh *http.Transport
}

// NewTransport returns a Transport that waits at most responseTimeout for the
// head of a response.
func NewTransport(responseTimeout time.Duration) *Transport {
	pooled := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: time.Second}).DialContext,
		TLSHandshakeTimeout:    2 * time.Second,
		ResponseHeaderTimeout:  responseTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConnsPerHost:    32,
		MaxResponseHeaderBytes: 32 << 10,
	}
	fresh := pooled.Clone()
	fresh.DisableKeepAlives = true
	return &Transport{pooled: pooled, fresh: fresh}
}

func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if Repeatable(r) {
		return t.pooled.RoundTrip(r)
	}
	return t.fresh.RoundTrip(r)
}

// Repeatable reports whether sending r twice does no more than sending it once.
func Repeatable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	return r.Header.Get(headerIdempotencyKey) != ""
}
