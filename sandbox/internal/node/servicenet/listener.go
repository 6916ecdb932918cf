package servicenet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// dialTimeout bounds connecting to an endpoint on this machine.
const dialTimeout = 5 * time.Second

// listener is a Service port: it accepts connections and forwards each to the next
// of its backends. While it has none, it does not listen, so that a client is
// refused the connection as it would be by kube-proxy.
type listener struct {
	address string
	gate    *Gate
	log     *slog.Logger

	next     atomic.Uint64
	backends atomic.Pointer[[]string]

	mu     sync.Mutex
	socket *net.TCPListener
	stop   chan struct{} // closed when the socket is to go
}

func newListener(address string, gate *Gate, log *slog.Logger) *listener {
	l := &listener{address: address, gate: gate, log: log}
	l.backends.Store(&[]string{})
	return l
}

// set gives the listener its backends, and opens or closes it.
func (l *listener) set(backends []string) error {
	if !slices.Equal(*l.backends.Load(), backends) {
		l.backends.Store(&backends)
	}
	if len(backends) > 0 {
		return l.open()
	}
	if !l.gate.IsShut() { // in a black hole nobody is refused
		l.close()
	}
	return nil
}

func (l *listener) open() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.socket != nil {
		return nil
	}
	socket, err := net.Listen("tcp", l.address)
	if err != nil {
		return fmt.Errorf("listening for a service port: %w", err)
	}
	tcp, ok := socket.(*net.TCPListener)
	if !ok {
		return fmt.Errorf("listening for a service port on %s: not a TCP listener", l.address)
	}
	l.socket, l.stop = tcp, make(chan struct{})
	go l.accept(tcp, l.stop)
	return nil
}

func (l *listener) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.socket != nil {
		close(l.stop)
		_ = l.socket.Close()
		l.socket = nil
	}
}

func (l *listener) accept(socket *net.TCPListener, stop <-chan struct{}) {
	defer l.gate.leave(socket)
	for {
		if !l.gate.pass(socket, stop) {
			return
		}
		client, err := socket.AcceptTCP()
		switch {
		case err == nil:
			go l.forward(client)
		case errors.Is(err, net.ErrClosed):
			return
		case isTimeout(err): // the gate was shut
		default:
			l.log.Warn("accepting a connection to a service", "address", l.address, "error", err)
			time.Sleep(50 * time.Millisecond) // out of files, most likely
		}
	}
}

func (l *listener) forward(client *net.TCPConn) {
	server := l.dial()
	if server == nil {
		reset(client)
		return
	}
	l.join(client, server)
}

// dial connects to the next backend, and to another one when that has just gone: nothing was
// sent yet. It gives nil when none answers.
func (l *listener) dial() *net.TCPConn {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	for range len(*l.backends.Load()) {
		backend, ok := l.pick()
		if !ok {
			return nil
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", backend)
		if server, isTCP := conn.(*net.TCPConn); err == nil && isTCP {
			return server
		}
	}
	return nil
}

func (l *listener) pick() (string, bool) {
	backends := *l.backends.Load()
	if len(backends) == 0 {
		return "", false
	}
	return backends[(l.next.Add(1)-1)%uint64(len(backends))], true
}

// join forwards both ways. The end of one direction is passed on as such; a reset
// of either side resets the other, since in a cluster they are one connection.
func (l *listener) join(client, server *net.TCPConn) {
	oneWay := func(to, from *net.TCPConn) {
		// The stop of the listener does not end connections it accepted.
		if err := l.gate.copy(to, from, nil); err != nil {
			reset(to)
			reset(from)
			return
		}
		_ = to.CloseWrite()
	}
	var both sync.WaitGroup
	both.Go(func() { oneWay(server, client) })
	both.Go(func() { oneWay(client, server) })
	both.Wait()
	_ = client.Close()
	_ = server.Close()
}

// reset closes a connection such that the other side sees it refused, not ended.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
