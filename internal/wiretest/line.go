// Package wiretest is a TCP line for tests, which can be cut or frozen between a client and a server
// that goes on running.
package wiretest

import (
	"errors"
	"net"
	"sync"
	"testing"
)

// Line passes connections on to a target until it is cut or frozen.
type Line struct {
	address, target string

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
	// gate is closed while bytes pass.
	gate chan struct{}
}

// New makes a line to a target, which ends with the test.
func New(t testing.TB, target string) *Line {
	t.Helper()
	l := &Line{address: "127.0.0.1:0", target: target, conns: map[net.Conn]bool{}, gate: make(chan struct{})}
	close(l.gate)
	l.Mend(t)
	t.Cleanup(l.Cut)
	return l
}

// Address is where clients connect to.
func (l *Line) Address() string { return l.address }

// Cut breaks all connections and refuses new ones.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != nil {
		_ = l.listener.Close() // it is not used any more
		l.listener = nil
	}
	for c := range l.conns {
		_ = c.Close() // likewise
	}
	clear(l.conns)
}

// Freeze keeps connections, and accepts new ones, but lets nothing pass.
func (l *Line) Freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.gate:
		l.gate = make(chan struct{})
	default:
	}
}

// Mend lets everything pass again.
func (l *Line) Mend(t testing.TB) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.gate:
	default:
		close(l.gate)
	}
	if l.listener != nil {
		return
	}
	listener, err := net.Listen("tcp", l.address)
	if err != nil {
		t.Fatalf("listening on %s: %v", l.address, err)
	}
	l.listener, l.address = listener, listener.Addr().String()
	go l.accept(listener)
}

func (l *Line) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				_ = listener.Close() // nobody could tell; clients see it refuse
			}
			return
		}
		server, err := net.Dial("tcp", l.target)
		if err != nil {
			_ = client.Close() // as the server did
			continue
		}
		l.mu.Lock()
		l.conns[client], l.conns[server] = true, true
		l.mu.Unlock()
		go l.pass(client, server)
		go l.pass(server, client)
	}
}

func (l *Line) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		l.mu.Lock()
		gate := l.gate
		l.mu.Unlock()
		<-gate
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
