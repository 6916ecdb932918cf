package caddyedge_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"shopset.dev/shopset/edge/internal/edgetest"
	"shopset.dev/shopset/internal/plan/routes"
)

// wildcardEdge has a certificate for *.example in a folder.
func wildcardEdge(t *testing.T, more ...string) (e *edgetest.Edge, folder string, roots *x509.CertPool) {
	t.Helper()
	folder = t.TempDir()
	roots = edgetest.WriteCertificate(t, folder, "wildcard", 1, "*.example")
	blue := edgetest.NewBackend(t, "blue")
	e = edgetest.Start(t, edgetest.NewTables(t, blue.Address, blue.Address).Dir, append([]string{"--certificates", folder}, more...)...)
	return e, folder, roots
}

// secure makes a client of HTTP/1.1 or 2 whose every connection goes to the edge.
func secure(t *testing.T, e *edgetest.Edge, roots *x509.CertPool, http2 bool) *http.Client {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	transport := &http.Transport{
		Protocols:       protocols,
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, e.HTTPS)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

func wantServed(t *testing.T, client *http.Client, proto string) {
	t.Helper()
	res, err := client.Post("https://single.example/", "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.HasPrefix(string(text), "POST blue 5 ") {
		t.Errorf("got %v, %s %q", err, res.Status, text)
	}
	if res.Proto != proto {
		t.Errorf("it came over %s, want %s", res.Proto, proto)
	}
}

func TestShopsAreServedOverHTTP1And2(t *testing.T) {
	e, _, roots := wildcardEdge(t)
	wantServed(t, secure(t, e, roots, false), "HTTP/1.1")
	wantServed(t, secure(t, e, roots, true), "HTTP/2.0")
}

func TestShopsAreServedOverHTTP3(t *testing.T) {
	e, _, roots := wildcardEdge(t, "--http3-port", "443")
	transport := &http3.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		Dial: func(ctx context.Context, _ string, tlsConfig *tls.Config, config *quic.Config) (*quic.Conn, error) {
			return quic.DialAddrEarly(ctx, e.HTTPS, tlsConfig, config)
		},
	}
	defer transport.Close()
	wantServed(t, &http.Client{Transport: transport, Timeout: 30 * time.Second}, "HTTP/3.0")

	res, err := secure(t, e, roots, true).Get("https://single.example/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got := res.Header.Values("Alt-Svc"); len(got) != 1 || !strings.HasPrefix(got[0], `h3=":443"`) {
		t.Errorf("Alt-Svc is %q, want the port that clients reach", got)
	}
}

func TestAWebSocketOverTLSWorks(t *testing.T) {
	e, _, roots := wildcardEdge(t)
	conn, err := tls.Dial("tcp", e.HTTPS, &tls.Config{RootCAs: roots, ServerName: "single.example", NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	wantEcho(t, conn, upgrade(t, conn, "single.example"), "hello")
}

// serial of the certificate that the edge shows for a name.
func serial(e *edgetest.Edge, name string) (int64, error) {
	conn, err := tls.Dial("tcp", e.HTTPS, &tls.Config{ServerName: name, InsecureSkipVerify: true})
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

func wantSerial(t *testing.T, e *edgetest.Edge, name string, want int64) {
	t.Helper()
	edgetest.Eventually(t, fmt.Sprintf("%s has certificate %d", name, want), func() error {
		got, err := serial(e, name)
		if err == nil && got != want {
			err = fmt.Errorf("it has %d", got)
		}
		return err
	})
}

func TestCertificatesOfTheFolderAreTakenUpAsTheyChange(t *testing.T) {
	e, folder, _ := wildcardEdge(t)
	wantSerial(t, e, "single.example", 1)

	edgetest.WriteCertificate(t, folder, "wildcard", 2, "*.example")
	wantSerial(t, e, "single.example", 2)

	edgetest.WriteCertificate(t, folder, "special", 3, "single.example")
	wantSerial(t, e, "single.example", 3)
	wantSerial(t, e, "shop1.example", 2)

	// Half of a pair: the ones before stay, and the others are still renewed.
	if err := os.WriteFile(filepath.Join(folder, "special.crt"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	edgetest.WriteCertificate(t, folder, "wildcard", 4, "*.example")
	wantSerial(t, e, "shop1.example", 4)
	wantSerial(t, e, "single.example", 3)
	if !strings.Contains(e.Log(), "special") {
		t.Error("the log says nothing of the broken certificate")
	}

	if _, err := serial(e, "a.b.example"); err == nil {
		t.Error("a name that no certificate covers got one")
	}
}

func TestTLSIsNotSpokenWithTheOld(t *testing.T) {
	e, _, roots := wildcardEdge(t)
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		_, err := tls.Dial("tcp", e.HTTPS, &tls.Config{RootCAs: roots, ServerName: "single.example", MinVersion: version, MaxVersion: version})
		if err == nil {
			t.Errorf("%s was accepted", tls.VersionName(version))
		}
	}
}

func TestCertificatesOnDemandAreForHostsOfTheTableOnly(t *testing.T) {
	blue := edgetest.NewBackend(t, "blue")
	tables := edgetest.NewTables(t, blue.Address, blue.Address)
	state := t.TempDir()
	http, https := edgetest.FreePort(t), edgetest.FreePort(t)
	acme := edgetest.NewACME(t, http, https)
	flags := []string{"--http", http, "--https", https, "--state-dir", state,
		"--acme-directory", acme.Directory, "--acme-ca", acme.CA, "--acme-email", "ops@shop.example"}
	e := edgetest.Start(t, tables.Dir, flags...)

	dial := func(name string) error {
		conn, err := tls.DialWithDialer(&net.Dialer{Timeout: time.Minute}, "tcp", https, &tls.Config{ServerName: name, RootCAs: acme.Roots(t)})
		if err != nil {
			return err
		}
		return errors.Join(conn.VerifyHostname(name), conn.Close())
	}
	if err := dial("single.example"); err != nil {
		t.Fatalf("a host of the table got no certificate: %v\n%s", err, acme.Log())
	}
	orders := acme.Orders()
	for _, name := range []string{"nobody.example", "www.single.example", "localhost"} {
		if err := dial(name); err == nil {
			t.Errorf("%s, which is not in the table, got a certificate", name)
		}
	}
	if got := acme.Orders(); got != orders {
		t.Errorf("the ACME server was asked %d more times", got-orders)
	}

	// A shop that is added gets one at once, without anything being reloaded.
	tables.Change(t, func(table *routes.Table) {
		table.Hosts = append(table.Hosts, routes.Host{Name: "nobody.example", Shop: "nobody", Group: "single/00"})
	})
	e.WaitEpoch(t, tables.Epoch())
	if err := dial("nobody.example"); err != nil {
		t.Errorf("a host that was added got no certificate: %v", err)
	}

	// What was asked for survives a restart, and nothing is asked again.
	orders = acme.Orders()
	e.Terminate(t)
	<-e.Exited()
	edgetest.Start(t, tables.Dir, flags...)
	if err := dial("single.example"); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	if got := acme.Orders(); got != orders {
		t.Errorf("after a restart the ACME server was asked %d more times", got-orders)
	}
}
