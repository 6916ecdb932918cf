package e2e

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

const (
	shopSet = "a-1"
	release = "1.0.0"
)

// storefront is all six components, running.
type storefront struct {
	binary string
	names  *names
	env    []string
	orders string // the file of the orders
	run    map[string]*process
}

// open starts all components, with extra variables by component, and returns
// when the entry is ready.
func open(t *testing.T, extra map[string][]string) *storefront {
	t.Helper()
	n := startNames(t)
	dir := t.TempDir()
	s := &storefront{
		binary: build(t), names: n, orders: filepath.Join(dir, "test.jsonl"), run: map[string]*process{},
		env: []string{
			"HTTP_PROXY=" + n.server.URL, "SHOPSET=" + shopSet,
			"ORDERS_STORE=http://orders:8080/test", "ORDERS_DIR=" + dir, "ENVIRONMENT=test", "DRAIN=200ms",
		},
	}
	for _, name := range []string{"orders", "api", "cart", "shop", "proxy", "lb"} {
		s.start(t, name, release, extra[name]...)
	}
	s.awaitReady(t, "lb")
	return s
}

// start runs a component; from then on its name leads to it.
func (s *storefront) start(t *testing.T, name, release string, extra ...string) {
	t.Helper()
	env := append([]string{"RELEASE=" + release}, s.env...)
	s.run[name] = start(t, s.binary, name, append(env, extra...)...)
	s.names.set(name, s.run[name].address)
}

func (s *storefront) awaitReady(t *testing.T, name string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		res, err := http.Get(s.url(name) + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s does not become ready", name)
}

func (s *storefront) url(name string) string { return "http://" + s.run[name].address }
