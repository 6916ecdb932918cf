package lb

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.shop/storefront/internal/service"
)

// entry starts an lb before the given proxies, all of which answered a probe.
func entry(t *testing.T, proxies ...string) *httptest.Server {
	t.Helper()
	s := service.Settings{
		Component: "lb", Identity: service.Identity{ShopSet: "a-1", Release: "1.0.0"},
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	for _, p := range proxies {
		u, err := url.Parse(p)
		if err != nil {
			t.Fatal(err)
		}
		s.Proxies = append(s.Proxies, u)
	}
	c, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range c.Watch {
		d.Observe(nil)
	}
	server := httptest.NewServer(c.Handler)
	t.Cleanup(server.Close)
	return server
}

// refusing is an address at which nothing listens.
func refusing(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	return server.URL
}

// echo answers with the method and the body.
func echo(t *testing.T, hits *atomic.Int64) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		io.WriteString(w, r.Method+" ")
		io.Copy(w, r.Body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// breaking reads a request and closes the connection without an answer.
func breaking(t *testing.T, hits *atomic.Int64) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		hits.Add(1)
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func send(t *testing.T, method, url, body string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(data), res.Header
}

func TestAProxyThatRefusesConnectionsCostsNoRequestOfAnyMethod(t *testing.T) {
	var hits atomic.Int64
	lb := entry(t, refusing(t), echo(t, &hits))
	for range 10 {
		if code, body, _ := send(t, "GET", lb.URL, ""); code != 200 || body != "GET " {
			t.Errorf("GET: %d %q", code, body)
		}
		if code, body, _ := send(t, "POST", lb.URL, "sku=tea-cup"); code != 200 || body != "POST sku=tea-cup" {
			t.Errorf("POST: %d %q", code, body)
		}
	}
	if hits.Load() != 20 {
		t.Errorf("%d requests arrived, want 20", hits.Load())
	}
}

func TestARequestThatBrokeOffIsRepeatedOnlyIfThatDoesNoHarm(t *testing.T) {
	tests := map[string]struct {
		method string
		hits   int64
	}{
		"a GET is tried twice":       {"GET", 2},
		"a POST is never sent twice": {"POST", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var hits atomic.Int64
			lb := entry(t, breaking(t, &hits), breaking(t, &hits))
			code, _, header := send(t, test.method, lb.URL, "x")
			if code != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
				t.Errorf("status %d with Retry-After %q, want 503 with one", code, header.Get("Retry-After"))
			}
			if hits.Load() != test.hits {
				t.Errorf("%d attempts, want %d", hits.Load(), test.hits)
			}
		})
	}
}

func TestAProxyThatIsDownGetsNoRequestUntilItIsUp(t *testing.T) {
	var down, up atomic.Int64
	s := service.Settings{Log: slog.New(slog.DiscardHandler), Now: time.Now}
	for _, address := range []string{echo(t, &down), echo(t, &up)} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		s.Proxies = append(s.Proxies, u)
	}
	b := newBalancer(s)
	b.upstreams[1].health.Observe(nil)
	ask := func() {
		t.Helper()
		res, err := b.RoundTrip(httptest.NewRequest("GET", "http://lb/", nil))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	for range 4 {
		ask()
	}
	if down.Load() != 0 || up.Load() != 4 {
		t.Errorf("down got %d, up %d; want 0 and 4", down.Load(), up.Load())
	}
	b.upstreams[0].health.Observe(nil)
	for range 4 {
		ask()
	}
	if down.Load() != 2 || up.Load() != 6 {
		t.Errorf("once both are up: %d and %d, want 2 and 6", down.Load(), up.Load())
	}
}

func TestTheShoppersHostTravelsInAHeaderThatNobodyCanForge(t *testing.T) {
	got := make(chan http.Header, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header }))
	t.Cleanup(server.Close)
	req, err := http.NewRequest("GET", entry(t, server.URL).URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "hoge.example.com"
	req.Header.Set("X-Forwarded-Host", "other.example.com")
	req.Header.Set("X-Forwarded-Proto", "https")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	header := <-got
	if h, p := header.Get("X-Forwarded-Host"), header.Get("X-Forwarded-Proto"); h != "hoge.example.com" || p != "https" {
		t.Errorf("host %s by %s, want hoge.example.com by https", h, p)
	}
}

func TestAFormOfAnotherSiteIsRefused(t *testing.T) {
	var hits atomic.Int64
	req, err := http.NewRequest("POST", entry(t, echo(t, &hits)).URL+"/cart", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden || hits.Load() != 0 {
		t.Errorf("status %d and %d requests passed on, want 403 and none", res.StatusCode, hits.Load())
	}
}
