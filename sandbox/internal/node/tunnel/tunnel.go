// Package tunnel joins two connections, and serves HTTP CONNECT with that.
package tunnel

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
)

// Dial opens the far side of a tunnel to "host:port".
type Dial func(ctx context.Context, address string) (net.Conn, error)

// Serve answers a CONNECT request: it dials, says so, and joins both sides until
// both are done.
func Serve(w http.ResponseWriter, r *http.Request, dial Dial) {
	far, err := dial(r.Context(), r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	near, err := Accept(w)
	if err != nil {
		_ = far.Close()
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	Join(near, far)
}

// Accept takes over the connection of a CONNECT request and tells the client that
// the tunnel is open.
func Accept(w http.ResponseWriter) (net.Conn, error) {
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		return nil, errors.New("opening a tunnel: this connection cannot be taken over")
	}
	conn, buffered, err := hijacker.Hijack()
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = conn.Close()
		return nil, err
	}
	if buffered.Reader.Buffered() == 0 {
		return conn, nil
	}
	return &readAhead{Conn: conn, reader: buffered.Reader}, nil
}

// readAhead is a connection of which some was read already.
type readAhead struct {
	net.Conn
	reader *bufio.Reader
}

func (r *readAhead) Read(into []byte) (int, error) { return r.reader.Read(into) }

func (r *readAhead) CloseWrite() error { return closeWrite(r.Conn) }

// Join copies both ways and passes the end of each direction on. It closes both
// connections when both directions have ended.
func Join(a, b net.Conn) {
	var both sync.WaitGroup
	both.Go(func() { oneWay(a, b) })
	both.Go(func() { oneWay(b, a) })
	both.Wait()
	_ = a.Close()
	_ = b.Close()
}

func oneWay(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil || closeWrite(to) != nil {
		_ = to.Close()
		_ = from.Close()
	}
}

func closeWrite(conn net.Conn) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return conn.Close()
}
