package caddyedge_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/edge/internal/edgetest"
)

// seen parses what the backend says of the headers it got.
func seen(t *testing.T, a answer) map[string]string {
	t.Helper()
	wantStatus(t, a, http.StatusOK)
	got := map[string]string{}
	for line := range strings.Lines(a.body) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		got[name] = value
	}
	return got
}

func TestForwardedHeadersAreTheEdgesOwnUnlessAProxyIsTrusted(t *testing.T) {
	blue := edgetest.NewBackend(t, "blue")
	tables := edgetest.NewTables(t, blue.Address, blue.Address)
	claims := []string{"X-Forwarded-For", "6.6.6.6, 203.0.113.9", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example"}
	for name, test := range map[string]struct {
		flags []string
		want  map[string]string
	}{
		"nobody is trusted": {nil, map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "single.example"}},
		"the load balancer is trusted": {[]string{"--trusted-proxies", "127.0.0.0/8"},
			map[string]string{"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := edgetest.Start(t, tables.Dir, test.flags...)
			all := seen(t, ask(t, newClient(t), e, "GET", "single.example", "/headers", nil, claims...))
			got := map[string]string{}
			for name := range test.want {
				got[name] = all[name]
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHopByHopHeadersEndAtTheEdge(t *testing.T) {
	blue := edgetest.NewBackend(t, "blue")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, blue.Address).Dir)
	got := seen(t, ask(t, newClient(t), e, "GET", "single.example", "/headers", nil,
		"Connection", "X-Secret-Hop", "X-Secret-Hop", "1", "Keep-Alive", "timeout=5", "Proxy-Authorization", "Basic x", "X-Kept", "2", "User-Agent", "shopper"))
	for _, name := range []string{"Connection", "X-Secret-Hop", "Keep-Alive", "Proxy-Authorization"} {
		if value, there := got[name]; there {
			t.Errorf("%s: %s reached the ShopSet", name, value)
		}
	}
	if got["X-Kept"] != "2" || got["User-Agent"] != "shopper" || got["Host"] != "single.example" {
		t.Errorf("the ShopSet got %v", got)
	}
}

func TestAnswersTellNothingOfTheEdge(t *testing.T) {
	blue := edgetest.NewBackend(t, "blue")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, blue.Address).Dir)
	for name, host := range map[string]string{"of a shop": "single.example", "of the edge": "nobody.example"} {
		t.Run(name, func(t *testing.T) {
			a := ask(t, newClient(t), e, "GET", host, "/", nil)
			for name, values := range a.header {
				text := strings.ToLower(name + ": " + strings.Join(values, " "))
				for _, secret := range []string{"caddy", "via", "server", blue.Address, "shopset"} {
					if strings.Contains(text, secret) {
						t.Errorf("the answer has %s", text)
					}
				}
			}
		})
	}
}

func TestUnknownHostsGetAPageOfTheirOwnKind(t *testing.T) {
	blue := edgetest.NewBackend(t, "blue")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, blue.Address).Dir)
	for name, test := range map[string]struct{ method, host, accept, kind, body string }{
		"a browser":           {"GET", "nobody.example", "text/html,*/*", "text/html; charset=utf-8", "<h1>There is no shop here</h1>"},
		"a program":           {"GET", "nobody.example", "application/json", "text/plain; charset=utf-8", "There is no shop here."},
		"no body for HEAD":    {"HEAD", "nobody.example", "text/html", "text/html; charset=utf-8", ""},
		"an order":            {"POST", "nobody.example", "", "text/plain; charset=utf-8", "There is no shop here."},
		"an address":          {"GET", "127.0.0.1", "", "text/plain; charset=utf-8", "There is no shop here."},
		"a name with a trick": {"GET", "<script>.example", "text/html", "text/html; charset=utf-8", "<h1>"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := tryAsk(newClient(t), e, test.method, test.host, "/", nil, "Accept", test.accept)
			if err != nil || a.status == http.StatusBadRequest {
				return // not even a host: refused before it got to us
			}
			wantStatus(t, a, http.StatusNotFound)
			if a.header.Get("Content-Type") != test.kind || !strings.Contains(a.body, test.body) || strings.Contains(a.body, "script") {
				t.Errorf("got %s %q, want %s with %q", a.header.Get("Content-Type"), a.body, test.kind, test.body)
			}
		})
	}
}

func TestHostsAreNormalised(t *testing.T) {
	blue := edgetest.NewBackend(t, "blue")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, blue.Address).Dir)
	for _, host := range []string{"SINGLE.example", "single.example.", "single.example:8080", "Single.Example.:80"} {
		wantStatus(t, ask(t, newClient(t), e, "GET", host, "/", nil), http.StatusOK)
	}
}

func TestTheAccessLogSaysWhoServedWhomAndKeepsSecrets(t *testing.T) {
	blue, green := edgetest.NewBackend(t, "blue"), edgetest.NewBackend(t, "green")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, green.Address).Dir)
	blue.Kill()
	a := ask(t, newClient(t), e, "POST", "shop1.example", "/cart?token=geheim", upload(10), "Authorization", "Bearer geheim", "Cookie", "session=geheim")
	wantStatus(t, a, http.StatusOK)
	var line string
	edgetest.Eventually(t, "the request is in the access log", func() error {
		for candidate := range strings.Lines(e.AccessLog()) {
			if strings.Contains(candidate, "/cart") {
				line = candidate
				return nil
			}
		}
		return errNotYet
	})
	var entry struct {
		Host, Method, Path, Shop, Class, Group, ShopSet, Client string
		Status, Retries                                         int
		Latency                                                 float64
	}
	if err := json.Unmarshal([]byte(line), &entry); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	if entry.Latency <= 0 {
		t.Errorf("the latency is %v", entry.Latency)
	}
	entry.Latency = 0
	want := entry
	want.Host, want.Method, want.Path, want.Client = "shop1.example", "POST", "/cart", "127.0.0.1"
	want.Shop, want.Class, want.Group, want.ShopSet = "shop1", "redundant", "redundant/00", "green"
	want.Status = http.StatusOK
	if diff := cmp.Diff(want, entry); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(e.AccessLog()+e.Log(), "geheim") {
		t.Error("a secret is in the log")
	}
}
