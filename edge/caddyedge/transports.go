package caddyedge

import (
	"context"
	"net"
	"net/http"
	"time"

	"shopset.dev/shopset/internal/edge"
)

// Bounds of the connections to ShopSets.
const (
	// Shorter than what servers keep idle connections for (Node.js: 5 s), so that a request that
	// cannot be repeated does not meet a connection that is just being closed.
	idleConnection    = 4 * time.Second
	idlePerAddress    = 512
	maxResponseHeader = 256 << 10
	// So many idle connections may be found closed before a ShopSet counts as out of reach.
	maxStale = 8
)

// timeouts of an attempt. Classes have few different ones, so each gets a transport: its timer for
// the first byte starts when the request is written out, which leaves long uploads alone.
type timeouts struct {
	connect, response time.Duration
}

// transport for an attempt.
func (a *attempts) transport(attempt *edge.Attempt) *http.Transport {
	key := timeouts{attempt.ConnectTimeout, attempt.ResponseTimeout}
	a.mu.RLock()
	t := a.transports[key]
	a.mu.RUnlock()
	if t != nil {
		return t
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if t = a.transports[key]; t == nil {
		t = newTransport(key)
		a.transports[key] = t
	}
	return t
}

func newTransport(limits timeouts) *http.Transport {
	dialer := &net.Dialer{Timeout: limits.connect, KeepAlive: 15 * time.Second}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, &dialError{err}
			}
			return &countedConn{Conn: conn}, nil
		},
		ResponseHeaderTimeout:  limits.response,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        idleConnection,
		MaxIdleConnsPerHost:    idlePerAddress,
		MaxResponseHeaderBytes: maxResponseHeader,
		DisableCompression:     true, // what the client asked for is between it and the shop
	}
}
