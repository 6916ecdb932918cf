package e2e

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// names is what Services and DNS are in a cluster: an HTTP forward proxy that
// knows at which address the component of a name answers now.
type names struct {
	server *httptest.Server

	mu      sync.Mutex
	address map[string]string
	asked   map[string]int // by "METHOD name"
}

func startNames(t *testing.T) *names {
	t.Helper()
	n := &names{address: map[string]string{}, asked: map[string]int{}}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: n.resolve(r.In.Method, r.In.URL.Hostname())})
			r.Out.Host = r.In.Host
			for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
				r.Out.Header[name] = r.In.Header[name]
			}
		},
		// A connection to a stopped process must not be kept.
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{}).DialContext},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
	n.server = httptest.NewServer(forward)
	t.Cleanup(n.server.Close)
	return n
}

func (n *names) set(name, address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.address[name] = address
}

// asks returns how many requests of the method were made to a component.
func (n *names) asks(method, name string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked[method+" "+name]
}

// resolve returns the address of a component, or one that refuses connections.
func (n *names) resolve(method, name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked[method+" "+name]++
	if address, ok := n.address[name]; ok {
		return address
	}
	return "127.0.0.1:1"
}
