package caddyedge

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
)

// errStale is a connection that its ShopSet had closed while it was idle. Nothing was asked over it.
var errStale = errors.New("the connection was closed while it was idle")

// dialError is a connection that did not come about: nothing of the request left this place.
type dialError struct{ error }

func (e *dialError) Unwrap() error { return e.error }

// countedConn knows how much was written to it.
type countedConn struct {
	net.Conn
	written atomic.Int64
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// CloseWrite closes one direction of an upgraded connection.
func (c *countedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

// gatedBody is the body of a request. It stays whole while there is no connection to carry it, so
// that it can be sent over another.
type gatedBody struct {
	io.ReadCloser
	stale, touched atomic.Bool
}

func (b *gatedBody) Read(p []byte) (int, error) {
	if b.stale.Load() {
		return 0, errStale
	}
	b.touched.Store(true)
	return b.ReadCloser.Read(p)
}

func (b *gatedBody) Close() error {
	if b.stale.Load() {
		return nil
	}
	return b.ReadCloser.Close()
}
