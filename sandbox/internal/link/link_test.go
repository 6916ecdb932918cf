package link

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// patience is for things that must happen; silence for things that must not.
const (
	patience = 20 * time.Second
	silence  = 200 * time.Millisecond
)

// echo serves lines back to whoever sends them.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); io.Copy(conn, conn) }()
		}
	}()
	return listener.Addr().String()
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func newLink(t *testing.T) *Link {
	t.Helper()
	l := New(freeAddress(t), echo(t))
	if err := l.Up(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Mend(); l.Down() })
	return l
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func send(t *testing.T, conn net.Conn, line string) {
	t.Helper()
	if _, err := io.WriteString(conn, line); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, conn net.Conn, line string) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(patience))
	got, err := bufio.NewReaderSize(conn, len(line)).ReadString('\n')
	if err != nil || got != line {
		t.Fatalf("got %q, %v; want %q", got, err, line)
	}
}

func expectSilence(t *testing.T, conn net.Conn) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(silence))
	n, err := conn.Read(make([]byte, 1))
	if n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read %d bytes, %v; want silence", n, err)
	}
}

func TestACutLinkIsSilentAndGoesOnWhenMended(t *testing.T) {
	l := newLink(t)
	old := dial(t, l.from)
	send(t, old, "before\n")
	expect(t, old, "before\n")

	l.Cut()
	send(t, old, "during\n")
	fresh := dial(t, l.from) // accepted, as a black hole's kernel does
	send(t, fresh, "hello\n")
	expectSilence(t, old)
	expectSilence(t, fresh)

	l.Mend()
	expect(t, old, "during\n")
	expect(t, fresh, "hello\n")
}

func TestADownLinkResetsAndRefuses(t *testing.T) {
	l := newLink(t)
	old := dial(t, l.from)
	send(t, old, "before\n")
	expect(t, old, "before\n")

	l.Down()
	old.SetReadDeadline(time.Now().Add(patience))
	if _, err := old.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("established connection: %v; want it reset", err)
	}
	if _, err := net.Dial("tcp", l.from); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("new connection: %v; want it refused", err)
	}

	if err := l.Up(); err != nil {
		t.Fatal(err)
	}
	again := dial(t, l.from)
	send(t, again, "after\n")
	expect(t, again, "after\n")
}
