package caddyedge_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"shopset.dev/shopset/edge/internal/edgetest"
)

// talk sends bytes as they are and reads all answers until the edge closes or falls silent.
func talk(t *testing.T, address, request string) []*http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, request) }()
	if err := conn.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	var answers []*http.Response
	for {
		res, err := http.ReadResponse(reader, nil)
		if err != nil {
			return answers
		}
		body, _ := io.ReadAll(res.Body)
		res.Body = io.NopCloser(strings.NewReader(string(body)))
		answers = append(answers, res)
	}
}

func TestRequestsThatCouldBeReadInTwoWaysAreRefused(t *testing.T) {
	blue := edgetest.NewBackend(t, "blue")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, blue.Address).Dir)
	const smuggled = "GET /smuggled HTTP/1.1\r\nHost: single.example\r\nId: smuggled\r\n\r\n"
	for name, request := range map[string]string{
		"two lengths":                     "POST / HTTP/1.1\r\nHost: single.example\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		"a length with a sign":            "POST / HTTP/1.1\r\nHost: single.example\r\nContent-Length: +5\r\n\r\nhello",
		"a negative length":               "POST / HTTP/1.1\r\nHost: single.example\r\nContent-Length: -1\r\n\r\n" + smuggled,
		"a coding nobody knows":           "POST / HTTP/1.1\r\nHost: single.example\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"two codings":                     "POST / HTTP/1.1\r\nHost: single.example\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"chunked twice":                   "POST / HTTP/1.1\r\nHost: single.example\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a blank before the colon":        "POST / HTTP/1.1\r\nHost: single.example\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"a folded header":                 "GET / HTTP/1.1\r\n Host: single.example\r\n\r\n",
		"two hosts":                       "GET / HTTP/1.1\r\nHost: single.example\r\nHost: shop1.example\r\n\r\n",
		"no host":                         "GET / HTTP/1.1\r\n\r\n",
		"a host that is none":             "GET / HTTP/1.1\r\nHost: single.example/../x\r\n\r\n",
		"a bare line feed in a header":    "GET / HTTP/1.1\r\nHost: single.example\r\nX: a\nb\r\n\r\n",
		"a null in a header":              "GET / HTTP/1.1\r\nHost: single.example\r\nX: a\x00b\r\n\r\n",
		"no method":                       " / HTTP/1.1\r\nHost: single.example\r\n\r\n",
		"a version that does not exist":   "GET / HTTP/1.9x\r\nHost: single.example\r\n\r\n",
		"HTTP/2 without what goes before": "GET / HTTP/2.0\r\nHost: single.example\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			before := blue.Hits.Load()
			answers := talk(t, e.HTTP, request)
			for _, res := range answers {
				if res.StatusCode < 400 {
					t.Errorf("it was answered with %s", res.Status)
				}
			}
			if got := blue.Hits.Load() - before; got != 0 {
				t.Errorf("%d requests reached the ShopSet", got)
			}
		})
	}
}

// The chunks count and the length is dropped, as RFC 9112 has it; what matters is that the ShopSet
// sees the same requests that the edge saw.
func TestALengthBesideChunksDoesNotSmuggle(t *testing.T) {
	blue := edgetest.NewBackend(t, "blue")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, blue.Address).Dir)
	inner := "GET /inner HTTP/1.1\r\nHost: single.example\r\nId: inner\r\n\r\n"
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(inner), inner)
	answers := talk(t, e.HTTP, "POST / HTTP/1.1\r\nHost: single.example\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\nId: outer\r\n\r\n"+chunked)
	if blue.Seen("inner") != 0 {
		t.Error("a request in a body became a request")
	}
	for _, res := range answers {
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode < 400 && !strings.HasPrefix(string(body), fmt.Sprintf("POST blue %d ", len(inner))) {
			t.Errorf("the ShopSet got %q, want a body of %d bytes", body, len(inner))
		}
	}
	if len(answers) > 1 {
		t.Errorf("one request got %d answers", len(answers))
	}
}

func TestABrokenChunkEndsTheUpload(t *testing.T) {
	blue := edgetest.NewBackend(t, "blue")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, blue.Address).Dir)
	for name, chunks := range map[string]string{
		"no number":        "zz\r\nhello\r\n0\r\n\r\n",
		"too long":         "fffffffffffffffff\r\nhello\r\n",
		"no end of line":   "5\r\nhelloworld\r\n0\r\n\r\n",
		"a huge extension": "5;" + strings.Repeat("x", 1<<20) + "\r\nhello\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, res := range talk(t, e.HTTP, "POST / HTTP/1.1\r\nHost: single.example\r\nTransfer-Encoding: chunked\r\n\r\n"+chunks) {
				if res.StatusCode < 400 {
					t.Errorf("it was answered with %s", res.Status)
				}
			}
		})
	}
	wantStatus(t, ask(t, newClient(t), e, "POST", "single.example", "/", upload(10)), http.StatusOK)
}

func TestHugeHeadersAreRefused(t *testing.T) {
	blue := edgetest.NewBackend(t, "blue")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, blue.Address).Dir)
	wantStatus(t, ask(t, newClient(t), e, "GET", "single.example", "/", nil, "Cookie", strings.Repeat("x", 50_000)), http.StatusOK)
	for name, request := range map[string]string{
		"one header": "GET / HTTP/1.1\r\nHost: single.example\r\nCookie: " + strings.Repeat("x", 100_000) + "\r\n\r\n",
		"many":       "GET / HTTP/1.1\r\nHost: single.example\r\n" + strings.Repeat("X-Y: zzzzzzzzzz\r\n", 10_000) + "\r\n",
		"a path":     "GET /" + strings.Repeat("x", 100_000) + " HTTP/1.1\r\nHost: single.example\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			before := blue.Hits.Load()
			for _, res := range talk(t, e.HTTP, request) {
				if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
					t.Errorf("it was answered with %s, want 431", res.Status)
				}
			}
			if blue.Hits.Load() != before {
				t.Error("it reached the ShopSet")
			}
		})
	}
}

func TestASlowHeaderIsGivenUp(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds, which is the bound")
	}
	blue := edgetest.NewBackend(t, "blue")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, blue.Address).Dir)
	conn, err := net.Dial("tcp", e.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		for _, char := range "GET / HTTP/1.1\r\nHost: single.example\r\nX-Slow: " + strings.Repeat("x", 1000) {
			if _, err := fmt.Fprint(conn, string(char)); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	if err := conn.SetReadDeadline(time.Now().Add(40 * time.Second)); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(conn)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatalf("the connection is still open: %v", err)
	}
	if strings.HasPrefix(string(text), "HTTP/1.1 200") {
		t.Errorf("it was answered: %q", text)
	}
}
