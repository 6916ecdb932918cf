package servicenet

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const patience = 30 * time.Second

// backend listens and gives each connection to serve.
func backend(t *testing.T, serve func(*net.TCPConn)) string {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	go func() {
		for {
			conn, err := socket.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); serve(conn.(*net.TCPConn)) }()
		}
	}()
	return socket.Addr().String()
}

// says is a backend that sends its name.
func says(t *testing.T, name string) string {
	return backend(t, func(conn *net.TCPConn) { io.WriteString(conn, name) })
}

func open(t *testing.T, gate *Gate, backends ...string) *listener {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	l := newListener(free.Addr().String(), gate, slog.New(slog.DiscardHandler))
	if err := l.set(backends); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l
}

func dial(t *testing.T, l *listener) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", l.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn.(*net.TCPConn)
}

func TestConnectionsGoRoundTheBackends(t *testing.T) {
	l := open(t, nil, says(t, "a"), says(t, "b"))
	var got []string
	for range 4 {
		said, err := io.ReadAll(dial(t, l))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(said))
	}
	if want := []string{"a", "b", "a", "b"}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestEndOfOneDirectionIsPassedOn(t *testing.T) {
	l := open(t, nil, backend(t, func(conn *net.TCPConn) {
		all, _ := io.ReadAll(conn) // returns only when the client has ended its side
		io.WriteString(conn, strings.ToUpper(string(all)))
	}))
	conn := dial(t, l)
	io.WriteString(conn, "hello")
	conn.CloseWrite()
	if got, err := io.ReadAll(conn); string(got) != "HELLO" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestResetIsPassedOn(t *testing.T) {
	l := open(t, nil, backend(t, func(conn *net.TCPConn) {
		conn.Read(make([]byte, 1))
		conn.SetLinger(0)
	}))
	conn := dial(t, l)
	io.WriteString(conn, "x")
	if _, err := io.ReadAll(conn); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
}

func TestWithoutBackendsConnectionsAreRefused(t *testing.T) {
	l := open(t, nil)
	if _, err := net.Dial("tcp", l.address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("without any: %v", err)
	}
	if err := l.set([]string{says(t, "up")}); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(dial(t, l)); string(got) != "up" {
		t.Errorf("with one: %q, %v", got, err)
	}
	if err := l.set(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", l.address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("without any again: %v", err)
	}
}

func TestDeadBackendResets(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	l := open(t, nil, dead.Addr().String())
	conn, err := net.Dial("tcp", l.address) // the reset may come as early as here
	if err == nil {
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		_, err = io.ReadAll(conn)
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
}

func TestGateStallsWithoutLosingAnything(t *testing.T) {
	gate := NewGate()
	l := open(t, gate, backend(t, func(conn *net.TCPConn) { io.Copy(conn, conn) }))
	conn := dial(t, l)
	exchange := func(text string) error {
		into := make([]byte, len(text))
		_, err := io.ReadFull(conn, into)
		if err == nil && string(into) != text {
			err = errors.New("got " + string(into))
		}
		return err
	}
	io.WriteString(conn, "one")
	if err := exchange("one"); err != nil {
		t.Fatal(err)
	}
	gate.Shut()
	io.WriteString(conn, "two")
	late := dial(t, l) // the system still answers
	io.WriteString(late, "three")
	conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if err := exchange("two"); !isTimeout(err) {
		t.Fatalf("an answer came out of the black hole: %v", err)
	}
	if err := l.set(nil); err != nil {
		t.Fatal(err)
	}
	if another, err := net.DialTimeout("tcp", l.address, patience); err != nil {
		t.Errorf("a black hole refused a connection: %v", err)
	} else {
		another.Close()
	}
	if err := l.set(*l.backends.Load()); err != nil {
		t.Fatal(err)
	}
	gate.Open()
	conn.SetReadDeadline(time.Now().Add(patience))
	if err := exchange("two"); err != nil {
		t.Errorf("after the black hole: %v", err)
	}
}

func TestManyBytesBothWays(t *testing.T) {
	l := open(t, NewGate(), backend(t, func(conn *net.TCPConn) { io.Copy(conn, conn) }))
	conn := dial(t, l)
	const size = 64 << 20
	go func() {
		io.CopyN(conn, zeros{}, size)
		conn.CloseWrite()
	}()
	if n, err := io.Copy(io.Discard, conn); n != size || err != nil {
		t.Errorf("%d bytes came back, %v", n, err)
	}
}

type zeros struct{}

func (zeros) Read(into []byte) (int, error) { clear(into); return len(into), nil }

func TestNothingLeavesThroughAShutGate(t *testing.T) {
	gate := NewGate()
	echo := backend(t, func(conn *net.TCPConn) { io.Copy(conn, conn) })
	conn, err := gate.Dial(t.Context(), "tcp", echo)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "one")
	into := make([]byte, 3)
	if _, err := io.ReadFull(conn, into); err != nil || string(into) != "one" {
		t.Fatalf("got %q, %v", into, err)
	}
	gate.Shut()
	came := make(chan string, 1)
	go func() {
		io.WriteString(conn, "two")
		more := make([]byte, 3)
		io.ReadFull(conn, more)
		came <- string(more)
	}()
	impatient, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := gate.Dial(impatient, "tcp", echo); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a new connection: %v, want none", err)
	}
	select {
	case got := <-came:
		t.Errorf("%q came through", got)
	default:
	}
	gate.Open()
	if got := <-came; got != "two" {
		t.Errorf("afterwards %q came, want what was written meanwhile", got)
	}
	gate.Shut()
	closed := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		closed <- err
	}()
	conn.Close()
	if err := <-closed; err == nil {
		t.Error("a closed connection was read from")
	}
}
