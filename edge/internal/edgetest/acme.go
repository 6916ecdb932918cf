package edgetest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// ACME is a certificate authority in this process.
type ACME struct {
	// Directory is its URL, CA a file with the certificate that vouches for it.
	Directory, CA string

	management string
	orders     atomic.Int64
	log        buffer
}

// NewACME starts an authority for which every name leads to the given addresses.
func NewACME(t testing.TB, httpAddress, httpsAddress string) *ACME {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	a := new(ACME)
	logger := log.New(&a.log, "", 0)
	store := db.NewMemoryStore()
	authority := ca.New(logger, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "for tests"}})
	validator := va.New(logger, port(t, httpAddress), port(t, httpsAddress), false, nameServer(t), store)
	front := wfe.New(logger, store, validator, authority, []string{"ca.example"}, false, false, 1, 1)
	handler := front.Handler()
	server := secureServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/order-plz") {
			a.orders.Add(1)
		}
		handler.ServeHTTP(w, r)
	}), &a.CA)
	a.Directory = server.URL + wfe.DirectoryPath
	management := httptest.NewServer(front.ManagementHandler())
	t.Cleanup(management.Close)
	a.management = management.URL
	return a
}

// Orders is how many certificates were asked for.
func (a *ACME) Orders() int64 { return a.orders.Load() }

// Log of the authority.
func (a *ACME) Log() string { return a.log.String() }

// Roots vouch for the certificates that were issued.
func (a *ACME) Roots(t testing.TB) *x509.CertPool {
	t.Helper()
	res, err := http.Get(a.management + wfe.RootCertPath + "0")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(text) {
		t.Fatalf("reading the root certificate: %v, %q", err, text)
	}
	return pool
}

func secureServer(t testing.TB, handler http.Handler, authority *string) *httptest.Server {
	t.Helper()
	dir := t.TempDir()
	WriteCertificate(t, dir, "acme", 1, "localhost")
	*authority = filepath.Join(dir, "acme.crt")
	pair, err := tls.LoadX509KeyPair(*authority, filepath.Join(dir, "acme.key"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	server.URL = "https://localhost:" + strconv.Itoa(port(t, server.Listener.Addr().String()))
	t.Cleanup(server.Close)
	return server
}

// nameServer says that every name is at 127.0.0.1.
func nameServer(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: listener, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		reply := new(dns.Msg).SetReply(question)
		for _, q := range question.Question {
			if q.Qtype == dns.TypeA {
				record, err := dns.NewRR(fmt.Sprintf("%s 1 IN A 127.0.0.1", q.Name))
				if err == nil {
					reply.Answer = append(reply.Answer, record)
				}
			}
		}
		_ = w.WriteMsg(reply)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.ShutdownContext(context.Background()) })
	return listener.Addr().String()
}

func port(t testing.TB, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	number, err2 := strconv.Atoi(text)
	if err != nil || err2 != nil {
		t.Fatalf("%q is no address", address)
	}
	return number
}
