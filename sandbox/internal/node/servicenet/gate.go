package servicenet

import (
	"io"
	"net"
	"sync"
	"time"
)

// Gate stalls connections without closing them, in both directions: what becomes of
// them when the network is lost. A nil gate is always open.
type Gate struct {
	mu     sync.Mutex
	opened chan struct{} // closed while the gate is open
	shut   bool
	inside map[interruptible]struct{}
}

// interruptible is a listener or a connection, by its reading side.
type interruptible interface{ SetDeadline(time.Time) error }

// readSide interrupts only reads: bytes on their way out must not be lost.
type readSide struct{ *net.TCPConn }

func (r readSide) SetDeadline(at time.Time) error { return r.SetReadDeadline(at) }

// NewGate returns an open gate.
func NewGate() *Gate {
	opened := make(chan struct{})
	close(opened)
	return &Gate{opened: opened, inside: map[interruptible]struct{}{}}
}

// Shut stalls everything.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return
	}
	g.shut = true
	g.opened = make(chan struct{})
	for each := range g.inside {
		_ = each.SetDeadline(time.Unix(1, 0)) // it returns from its read, and waits
	}
}

// Open lets everything go on.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		g.shut = false
		close(g.opened)
	}
}

// IsShut tells whether the gate is shut.
func (g *Gate) IsShut() bool {
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shut
}

// pass waits until the gate is open, and from then on has each interrupted when
// it is shut. False: stop was closed first.
func (g *Gate) pass(each interruptible, stop <-chan struct{}) bool {
	if g == nil {
		return true
	}
	for {
		g.mu.Lock()
		opened := g.opened
		g.inside[each] = struct{}{}
		if !g.shut {
			_ = each.SetDeadline(time.Time{})
			g.mu.Unlock()
			return true
		}
		g.mu.Unlock()
		select {
		case <-opened:
		case <-stop:
			return false
		}
	}
}

func (g *Gate) leave(each interruptible) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.inside, each)
}

// copy copies from one connection to another, stalling while the gate is shut.
func (g *Gate) copy(to, from *net.TCPConn, stop <-chan struct{}) error {
	side := readSide{from}
	defer g.leave(side)
	for {
		if !g.pass(side, stop) {
			return net.ErrClosed
		}
		// Both ends are TCP connections: the kernel moves the bytes.
		_, err := io.Copy(to, from)
		if err == nil || !isTimeout(err) || g == nil {
			return err
		}
	}
}
