package proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"shopset.dev/shopset/edge/caddyedge"
	"shopset.dev/shopset/edge/internal/edgetest"
	"shopset.dev/shopset/internal/plan/routes"
)

const plainCaddy = "plain-caddy"

// TestMain lets the test binary be each of the contestants.
func TestMain(m *testing.M) {
	edgetest.Main(func(args []string) error {
		if args[0] == plainCaddy {
			if err := caddy.Load([]byte(args[1]), true); err != nil {
				return err
			}
			select {}
		}
		cmd := caddyedge.Command("bench")
		cmd.SetArgs(args)
		return cmd.ExecuteContext(context.Background())
	})
	os.Exit(m.Run())
}

// server answers 2 KB, as quickly as it can.
func server(b *testing.B) string {
	b.Helper()
	body := bytes.Repeat([]byte("shop "), 400)
	return serve(b, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body)
	}))
}

func serve(b *testing.B, handler http.Handler) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &http.Server{Handler: handler}
	go func() { _ = s.Serve(listener) }()
	b.Cleanup(func() { s.Close() })
	return listener.Addr().String()
}

// run starts a process and waits until it accepts connections.
func run(b *testing.B, name string, cmd *exec.Cmd, address string) *contestant {
	b.Helper()
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if b.Failed() {
			b.Logf("%s:\n%s", cmd.Path, log.String())
		}
	})
	edgetest.Eventually(b, cmd.Path+" listens", func() error {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err
	})
	return &contestant{name: name, address: address, pid: cmd.Process.Pid}
}

// startEdge starts the edge with a table of hosts, all served by the backend; its access log goes
// into a file.
func startEdge(b *testing.B, backend string, hosts []string) *contestant {
	b.Helper()
	table := routes.Table{
		Epoch: 1,
		ShopSets: []routes.ShopSet{
			{Name: "blue", Tier: "prod", Cluster: "a", Domain: "site/a", State: routes.Active, Addresses: []string{backend}},
			{Name: "green", Tier: "prod", Cluster: "b", Domain: "site/b", State: routes.Active, Addresses: []string{backend}},
		},
		Groups:  []routes.Group{{Name: "standard/00", ShopSets: []string{"blue", "green"}}},
		Classes: []routes.Class{{Name: "standard", RatePerSecond: 1_000_000, Burst: 1_000_000, RetryPercent: 20, ConnectMillis: 300, ResponseMillis: 5000}},
	}
	for _, host := range hosts {
		table.Hosts = append(table.Hosts, routes.Host{Name: host, Shop: strings.TrimSuffix(host, ".example"), Group: "standard/00"})
	}
	files, err := routes.Encode(table)
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	address, status := edgetest.FreePort(b), edgetest.FreePort(b)
	cmd := edgetest.Command("--name", "bench", "--tables-dir", dir, "--http", address, "--https", "", "--status", status)
	access, err := os.Create(filepath.Join(b.TempDir(), "access.log"))
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stdout = access
	edge := run(b, "edge", cmd, address)
	edgetest.Eventually(b, "the edge is ready", func() error {
		res, err := http.Get("http://" + status + "/readyz")
		if err != nil {
			return err
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("/readyz says %s", res.Status)
		}
		return nil
	})
	return edge
}

// startCaddy starts Caddy with its reverse_proxy and nothing else.
func startCaddy(b *testing.B, backend string) *contestant {
	b.Helper()
	address := edgetest.FreePort(b)
	config, err := json.Marshal(map[string]any{
		"admin": map[string]any{"disabled": true, "config": map[string]any{"persist": false}},
		"apps": map[string]any{"http": map[string]any{"servers": map[string]any{"plain": map[string]any{
			"listen":          []string{address},
			"protocols":       []string{"h1"},
			"automatic_https": map[string]any{"disable": true},
			"routes": []any{map[string]any{"handle": []any{map[string]any{
				"handler": "reverse_proxy", "upstreams": []any{map[string]any{"dial": backend}},
			}}}},
		}}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	return run(b, "caddy", edgetest.Command(plainCaddy, string(config)), address)
}
