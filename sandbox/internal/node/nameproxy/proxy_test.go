package nameproxy

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// backend is a pod at 127.9.7.1 that answers with what it was sent, as Service
// echo of namespace shop, port 80.
func backend(t *testing.T) (proxy *httptest.Server) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.9.7.1:0")
	if err != nil {
		t.Skipf("this machine has no loopback address 127.9.7.1: %v", err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(echo)}}
	server.Start()
	t.Cleanup(server.Close)
	w := newWorld()
	port := int32(listener.Addr().(*net.TCPAddr).Port)
	w.add(t, "shop", "echo", "127.8.0.1", 80, port, endpoint("10.9.7.1", "", true, true))
	w.add(t, "shop", "empty", "127.8.0.2", 80, port)
	proxy = httptest.NewServer(New(Resolver{Directory: w.directory(t)}, (&net.Dialer{}).DialContext, slog.New(slog.DiscardHandler)))
	t.Cleanup(proxy.Close)
	return proxy
}

func echo(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "" {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		io.Copy(conn, buffered)
		return
	}
	if r.URL.Path == "/stream" {
		http.NewResponseController(w).EnableFullDuplex()
		fmt.Fprint(w, "one\n")
		w.(http.Flusher).Flush()
		io.Copy(w, r.Body) // the second line comes when the client has seen the first
		return
	}
	fmt.Fprintf(w, "%s %s %s\n", r.Method, r.Host, r.URL.RequestURI())
	r.Header.Write(w)
}

func through(t *testing.T, proxy *httptest.Server, user string) *http.Client {
	t.Helper()
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	at.User = url.User(user)
	transport := &http.Transport{Proxy: http.ProxyURL(at), DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestProxyAddsNothing(t *testing.T) {
	client := through(t, backend(t), "shop")
	request, err := http.NewRequest(http.MethodGet, "http://echo/a/b?x=1;y=%zz", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{"X-Forwarded-For": {"192.0.2.1"}, "User-Agent": {"t"}, "Te": {"trailers"}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	want := "GET echo /a/b?x=1;y=%zz\nTe: trailers\r\nUser-Agent: t\r\nX-Forwarded-For: 192.0.2.1\r\n"
	if diff := cmp.Diff(want, string(body)); diff != "" {
		t.Error(diff)
	}
	if via := response.Header.Get("Via"); via != "" {
		t.Errorf("the answer says Via: %s", via)
	}
}

func TestProxyStreams(t *testing.T) {
	client := through(t, backend(t), "shop")
	reader, writer := io.Pipe()
	response, err := client.Post("http://echo/stream", "text/plain", reader)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	if line, err := lines.ReadString('\n'); line != "one\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	fmt.Fprint(writer, "two\n")
	writer.Close()
	if line, err := lines.ReadString('\n'); line != "two\n" {
		t.Errorf("got %q, %v", line, err)
	}
}

func TestProxyUpgradesAndTunnels(t *testing.T) {
	proxy := backend(t)
	const credentials = "Proxy-Authorization: Basic c2hvcDo=\r\n" // shop:
	for name, test := range map[string]struct{ request, answer string }{
		"an upgrade": {
			"GET http://echo/ HTTP/1.1\r\nHost: echo\r\n" + credentials + "Connection: Upgrade\r\nUpgrade: echo\r\n\r\n",
			"HTTP/1.1 101 Switching Protocols",
		},
		"a tunnel, and an upgrade in it": {
			"CONNECT echo:80 HTTP/1.1\r\nHost: echo:80\r\n" + credentials + "\r\n",
			"HTTP/1.1 200 Connection established",
		},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", proxy.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			reader := bufio.NewReader(conn)
			fmt.Fprint(conn, test.request)
			skipHead(t, reader, test.answer)
			if strings.HasPrefix(test.request, "CONNECT") {
				fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: echo\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
				skipHead(t, reader, "HTTP/1.1 101 Switching Protocols")
			}
			fmt.Fprint(conn, "hello\n")
			if line, err := reader.ReadString('\n'); line != "hello\n" {
				t.Errorf("got %q, %v", line, err)
			}
		})
	}
}

func skipHead(t *testing.T, reader *bufio.Reader, want string) {
	t.Helper()
	for first := true; ; first = false {
		line, err := reader.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if first && strings.TrimSpace(line) != want {
			t.Fatalf("got %q, want %q", line, want)
		}
		if strings.TrimSpace(line) == "" {
			return
		}
	}
}

func TestProxySaysWhatIsWrong(t *testing.T) {
	proxy := backend(t)
	for name, test := range map[string]struct {
		user, url string
		status    int
	}{
		"no endpoints":             {"shop", "http://empty/", http.StatusServiceUnavailable},
		"no such port":             {"shop", "http://echo:81/", http.StatusBadGateway},
		"nothing at that address":  {"shop", "http://10.9.7.9/", http.StatusBadGateway},
		"a name that nobody knows": {"elsewhere", "http://echo.invalid/", http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := through(t, proxy, test.user).Get(test.url)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != test.status {
				t.Errorf("status %d, want %d", response.StatusCode, test.status)
			}
		})
	}
	if response, err := http.Get(proxy.URL + "/direct"); err != nil || response.StatusCode != http.StatusBadRequest {
		t.Errorf("a request that is not for a proxy: %v, %v", response, err)
	}
}
