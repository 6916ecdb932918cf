package servicenet

import (
	"context"
	"net"
	"sync"
)

// Dial opens a connection that leads out through the gate: while it is shut, nothing is connected
// and nothing passes.
func (g *Gate) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if err := g.wait(ctx.Done()); err != nil {
		return nil, context.Cause(ctx)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &guarded{Conn: conn, gate: g, closed: make(chan struct{})}, nil
}

// wait returns when the gate is open, with an error when stop was closed first.
func (g *Gate) wait(stop <-chan struct{}) error {
	if g == nil {
		return nil
	}
	g.mu.Lock()
	opened := g.opened
	g.mu.Unlock()
	select {
	case <-opened:
		return nil
	case <-stop:
		return net.ErrClosed
	}
}

// guarded is a connection through a gate.
type guarded struct {
	net.Conn
	gate   *Gate
	once   sync.Once
	closed chan struct{}
}

func (c *guarded) Read(into []byte) (int, error) {
	n, err := c.Conn.Read(into)
	if c.gate.wait(c.closed) != nil { // what came after the gate was shut has not come yet
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *guarded) Write(data []byte) (int, error) {
	if err := c.gate.wait(c.closed); err != nil {
		return 0, err
	}
	return c.Conn.Write(data)
}

func (c *guarded) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// CloseWrite passes the end of one direction on.
func (c *guarded) CloseWrite() error {
	if err := c.gate.wait(c.closed); err != nil {
		return err
	}
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
