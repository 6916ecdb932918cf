package caddyedge_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"shopset.dev/shopset/edge/caddyedge"
	"shopset.dev/shopset/edge/internal/edgetest"
)

// TestMain lets the test binary be the edge: every test has a real one, as a process of its own.
func TestMain(m *testing.M) {
	edgetest.Main(func(args []string) error {
		cmd := caddyedge.Command("test")
		cmd.SetArgs(args)
		return cmd.ExecuteContext(context.Background())
	})
	os.Exit(m.Run())
}

// answer of the edge to one request.
type answer struct {
	status  int
	header  http.Header
	body    string
	elapsed time.Duration
}

// backend that answered.
func (a answer) backend() string { return a.header.Get("Backend") }

// ask sends one request for a host, over a connection of its own or the client's.
func ask(t testing.TB, client *http.Client, e *edgetest.Edge, method, host, path string, body io.Reader, header ...string) answer {
	t.Helper()
	a, err := tryAsk(client, e, method, host, path, body, header...)
	if err != nil {
		t.Fatalf("%s %s%s: %v", method, host, path, err)
	}
	return a
}

func tryAsk(client *http.Client, e *edgetest.Edge, method, host, path string, body io.Reader, header ...string) (answer, error) {
	req, err := http.NewRequest(method, "http://"+e.HTTP+path, body)
	if err != nil {
		return answer{}, err
	}
	req.Host = host
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	start := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(text), time.Since(start)}, err
}

func newClient(t testing.TB) *http.Client {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 30 * time.Second}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func wantStatus(t testing.TB, a answer, status int) {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d with %q, want %d", a.status, a.body, status)
	}
}

// upload makes a body that is not buffered anywhere, so that nobody can replay it.
func upload(size int) io.Reader {
	return io.LimitReader(strings.NewReader(strings.Repeat("x", size)), int64(size))
}

func id(n int) string { return fmt.Sprint("request-", n) }
