package egress

import (
	"net"
	"sync"
)

// Handoff is a listener whose connections were opened elsewhere.
type Handoff struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// NewHandoff returns a listener without connections.
func NewHandoff() *Handoff {
	return &Handoff{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (h *Handoff) give(conn net.Conn) {
	select {
	case h.conns <- conn:
	case <-h.done:
		_ = conn.Close()
	}
}

// Accept waits for the next connection.
func (h *Handoff) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (h *Handoff) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

// Addr is no address of the network.
func (h *Handoff) Addr() net.Addr { return &net.UnixAddr{Name: "egress", Net: "unix"} }

var _ net.Listener = (*Handoff)(nil)
