package caddyedge_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/pflag"

	"shopset.dev/shopset/edge/caddyedge"
	"shopset.dev/shopset/edge/internal/edgetest"
)

func parse(t *testing.T, args ...string) *caddyedge.Options {
	t.Helper()
	var o caddyedge.Options
	flags := pflag.NewFlagSet("shopset-edge", pflag.ContinueOnError)
	o.AddFlags(flags)
	if err := flags.Parse(append([]string{"--name", "edge-1"}, args...)); err != nil {
		t.Fatal(err)
	}
	return &o
}

func TestFlagsThatCannotWorkAreNamedWithTheNextStep(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"no name":                        {[]string{"--name", ""}, []string{"--name", "edge-1"}},
		"a name that is no label":        {[]string{"--name", "Edge_1"}, []string{"--name", "edge-1"}},
		"tables from nowhere":            {nil, []string{"--tables-dir", "--kubeconfig", "give the place"}},
		"tables from two places":         {[]string{"--tables-dir", t.TempDir(), "--kubeconfig", file}, []string{"--tables-dir", "--kubeconfig", "drop one"}},
		"no folder of tables":            {[]string{"--tables-dir", missing}, []string{"--tables-dir", "clone"}},
		"a file for a folder":            {[]string{"--tables-dir", file}, []string{"--tables-dir", "not a folder"}},
		"a namespace that is none":       {[]string{"--namespace", "a/b"}, []string{"--namespace", "shopset-edge"}},
		"a state folder below a file":    {[]string{"--state-dir", filepath.Join(file, "x")}, []string{"--state-dir", "may write"}},
		"an address without a port":      {[]string{"--http", "localhost"}, []string{"--http", ":8080"}},
		"a port that is none":            {[]string{"--status", ":99999"}, []string{"--status", ":8080"}},
		"one port twice":                 {[]string{"--http", ":1", "--status", ":1"}, []string{"--http", "--status", "different ports"}},
		"nothing to serve":               {[]string{"--http", ""}, []string{"--http", "--certificates", "--acme-directory"}},
		"certificates without HTTPS":     {[]string{"--https", "", "--certificates", t.TempDir()}, []string{"--https", "--certificates"}},
		"no folder of certificates":      {[]string{"--certificates", missing}, []string{"--certificates", "NAME.crt"}},
		"an authority of nothing":        {[]string{"--acme-ca", file}, []string{"--acme-ca", "--acme-directory"}},
		"an ACME server without TLS":     {[]string{"--acme-directory", "http://acme.example", "--state-dir", t.TempDir()}, []string{"--acme-directory", "https"}},
		"ACME without a memory":          {[]string{"--acme-directory", "https://acme.example"}, []string{"--acme-directory", "--state-dir"}},
		"an authority that is not there": {[]string{"--acme-directory", "https://acme.example", "--state-dir", t.TempDir(), "--acme-ca", missing}, []string{"--acme-ca", "PEM"}},
		"a relative path to probe":       {[]string{"--probe-path", "healthz"}, []string{"--probe-path", "/healthz"}},
		"a proxy that is no network":     {[]string{"--trusted-proxies", "10.0.0.1"}, []string{"--trusted-proxies", "10.0.0.0/8"}},
		"no time to drain":               {[]string{"--drain", "0s"}, []string{"--drain", "20s"}},
		"a port of HTTP/3 that is none":  {[]string{"--http3-port", "70000"}, []string{"--http3-port", "65535"}},
		"a format nobody knows":          {[]string{"--log-format", "xml"}, []string{"--log-format", "json or console"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := parse(t, test.args...).Validate()
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestTheConfigurationIsOneThatCaddyTakes(t *testing.T) {
	certificates := t.TempDir()
	edgetest.WriteCertificate(t, certificates, "wildcard", 1, "*.example")
	tables := edgetest.NewTables(t, "127.0.0.1:1", "127.0.0.1:2").Dir
	for name, args := range map[string][]string{
		"HTTP alone": nil,
		"everything": {"--state-dir", t.TempDir(), "--certificates", certificates, "--acme-directory", "https://acme.example",
			"--acme-email", "ops@shop.example", "--acme-ca", filepath.Join(certificates, "wildcard.crt"),
			"--trusted-proxies", "10.0.0.0/8,fd00::/8", "--http3-port", "443", "--log-format", "console", "--access-log=false"},
		"HTTPS alone": {"--http", "", "--certificates", certificates},
	} {
		t.Run(name, func(t *testing.T) {
			o := parse(t, append([]string{"--tables-dir", tables}, args...)...)
			if err := o.Validate(); err != nil {
				t.Fatal(err)
			}
			config, err := o.Caddy()
			if err != nil {
				t.Fatal(err)
			}
			if err := caddy.Validate(config); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestTracesAreSentWhereTheEnvironmentSays(t *testing.T) {
	blue := edgetest.NewBackend(t, "blue")
	collector := edgetest.NewCollector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, blue.Address).Dir)
	const parent = "0af7651916cd43dd8448eb211c80319c"
	got := seen(t, ask(t, newClient(t), e, "GET", "single.example", "/headers", nil, "Traceparent", "00-"+parent+"-b7ad6b7169203331-01"))
	if !strings.Contains(got["Traceparent"], parent) {
		t.Errorf("the ShopSet got traceparent %q, want the trace %s", got["Traceparent"], parent)
	}
	edgetest.Eventually(t, "the span with its shop is at the collector", func() error {
		if spans := collector.Received(); !strings.Contains(spans, "shopset.shop") || !strings.Contains(spans, "single") {
			return errNotYet
		}
		return nil
	})
	edgetest.Eventually(t, "the trace is in the access log", func() error {
		if !strings.Contains(e.AccessLog(), parent) {
			return errNotYet
		}
		return nil
	})
}
