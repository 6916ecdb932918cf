package edgetest

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Backend is a ShopSet's entry: a real server on a loopback address that stays its own after Kill.
type Backend struct {
	Name, Address string
	server        *httptest.Server

	mu    sync.Mutex
	posts map[string]int // requests with a body seen, by their Id header
	Hits  atomic.Int64
}

// NewBackend starts a backend. It answers /healthz, echoes bodies' sizes and sums, and has paths
// for what goes wrong: /hang waits for the client to go, /die breaks the connection after the
// request was read, /slow?… answers after the given time, /ws echoes an upgraded connection.
func NewBackend(t testing.TB, name string) *Backend {
	t.Helper()
	b := &Backend{Name: name, posts: make(map[string]int)}
	b.server = httptest.NewUnstartedServer(http.HandlerFunc(b.serve))
	b.server.Start()
	b.Address = b.server.Listener.Addr().String()
	t.Cleanup(b.Kill)
	return b
}

// Kill closes the listener and every connection, as the death of a process does.
func (b *Backend) Kill() {
	_ = b.server.Listener.Close() // dead is dead
	b.server.CloseClientConnections()
}

// Seen says how often the request with this Id arrived.
func (b *Backend) Seen(id string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.posts[id]
}

func (b *Backend) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Backend", b.Name)
	if r.URL.Path == "/healthz" {
		return
	}
	b.Hits.Add(1)
	if id := r.Header.Get("Id"); id != "" {
		b.mu.Lock()
		b.posts[id]++
		b.mu.Unlock()
	}
	switch r.URL.Path {
	case "/hang":
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	case "/die":
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	case "/slow":
		pause, _ := time.ParseDuration(r.URL.RawQuery)
		time.Sleep(pause)
		fmt.Fprint(w, "slow")
	case "/ws":
		b.echo(w, r)
	case "/headers":
		_ = r.Header.Write(w)
		fmt.Fprintf(w, "Host: %s\r\n", r.Host) //nolint:gosec // G705: a test reads it, no browser
	case "/busy":
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		sum := sha256.New()
		n, _ := io.Copy(sum, r.Body)
		w.Header().Set("X-Powered-By", "shop")
		fmt.Fprintf(w, "%s %s %d %x\n", r.Method, b.Name, n, sum.Sum(nil)) //nolint:gosec // G705: a test reads it, no browser
	}
}

// echo sends back each line of an upgraded connection.
func (b *Backend) echo(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		http.Error(w, "upgrade expected", http.StatusBadRequest)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nBackend: "+b.Name+"\r\n\r\n")
	lines := bufio.NewScanner(buffered)
	for lines.Scan() {
		fmt.Fprintln(conn, lines.Text())
	}
}

// Frozen is a listener whose connections come about and are never answered, as those of a stopped
// process are.
func Frozen(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

// BlackHole is an address that connections vanish at: its queue is full, so the kernel drops what
// comes.
func BlackHole(t testing.TB) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(fd)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for range 8 {
		conn, err := net.DialTimeout("tcp", address, 300*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Skip("this kernel answers connections of a full queue, so no black hole can be made")
	return ""
}
