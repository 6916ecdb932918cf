// Package link is the wire between a cluster and the world outside it: a TCP
// listener that leads to one address, and that can be cut.
//
// Cut is a black hole, as a lost network is: new connections are accepted (the
// kernel does that) and stay silent, established ones stop in both directions,
// and everything goes on where it stood when the link is mended. Down is a
// dead machine: connections are reset and new ones refused.
package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// dialTimeout bounds the wait for the far end, which is on this machine.
const dialTimeout = 5 * time.Second

// Link forwards connections from one address to another.
type Link struct {
	from, to string

	mu       sync.Mutex
	listener net.Listener // nil while down
	conns    map[net.Conn]struct{}
	whole    chan struct{} // closed while the link is whole
}

// New returns a link that is down. Both addresses are host:port.
func New(from, to string) *Link {
	whole := make(chan struct{})
	close(whole)
	return &Link{from: from, to: to, conns: map[net.Conn]struct{}{}, whole: whole}
}

// Up starts to listen. It does nothing when the link is up.
func (l *Link) Up() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != nil {
		return nil
	}
	listener, err := net.Listen("tcp", l.from)
	if err != nil {
		return fmt.Errorf("linking %s to %s: %w", l.from, l.to, err)
	}
	l.listener = listener
	go l.accept(listener)
	return nil
}

// Down refuses new connections and resets the established ones.
func (l *Link) Down() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener == nil {
		return
	}
	_ = l.listener.Close()
	l.listener = nil
	for conn := range l.conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // reset, do not finish
		}
		_ = conn.Close()
	}
}

// Cut lets nothing through until Mend.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.whole:
		l.whole = make(chan struct{})
	default:
	}
}

// Mend ends a Cut.
func (l *Link) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.whole:
	default:
		close(l.whole)
	}
}

func (l *Link) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return // closed by Down
		}
		if l.keep(listener, conn) {
			go l.forward(listener, conn)
		}
	}
}

// keep notes a connection so that Down finds it. A connection of a listener
// that is down already is closed.
func (l *Link) keep(listener net.Listener, conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != listener {
		_ = conn.Close()
		return false
	}
	l.conns[conn] = struct{}{}
	return true
}

func (l *Link) drop(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, conn)
	_ = conn.Close()
}

func (l *Link) forward(listener net.Listener, near net.Conn) {
	defer l.drop(near)
	l.wait()
	dialer := net.Dialer{Timeout: dialTimeout}
	far, err := dialer.DialContext(context.Background(), "tcp", l.to)
	if err != nil || !l.keep(listener, far) {
		return
	}
	defer l.drop(far)
	var both sync.WaitGroup
	both.Go(func() { l.copy(far, near) })
	both.Go(func() { l.copy(near, far) })
	both.Wait()
}

// copy moves bytes one way until its source ends, and passes the end on.
func (l *Link) copy(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		l.wait()
		if n > 0 {
			if _, werr := to.Write(buffer[:n]); werr != nil {
				_ = from.Close()
				return
			}
		}
		if err == nil {
			continue
		}
		if half, ok := to.(*net.TCPConn); ok && errors.Is(err, io.EOF) {
			_ = half.CloseWrite()
		} else {
			_ = to.Close()
		}
		return
	}
}

// wait returns when the link is whole.
func (l *Link) wait() {
	l.mu.Lock()
	whole := l.whole
	l.mu.Unlock()
	<-whole
}
