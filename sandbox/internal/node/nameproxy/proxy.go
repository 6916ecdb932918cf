package nameproxy

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"time"

	"shopset.dev/shopset/sandbox/internal/node/tunnel"
)

const (
	dialTimeout = 5 * time.Second
	// idlePerEndpoint connections are kept for reuse, each for idleTime: less than
	// servers keep theirs, so that a request seldom meets one just closed.
	idlePerEndpoint = 64
	idleTime        = 30 * time.Second
)

// forwarded are headers that ReverseProxy takes away and a transparent hop must not.
func forwarded() []string {
	return []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}
}

type targetKey struct{}

// copyBuffer is as large as ReverseProxy's own, in bytes.
const copyBuffer = 32 << 10

// buffers are used again: there are a thousand requests a second.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return *buffer
	}
	return make([]byte, copyBuffer)
}

func (b *buffers) Put(buffer []byte) { b.pool.Put(&buffer) }

// Proxy is the forward proxy.
type Proxy struct {
	resolver Resolver
	dial     Dial
	forward  *httputil.ReverseProxy
}

// Dial opens a connection to "host:port".
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// New returns a proxy that resolves names by resolver and connects with dial.
func New(resolver Resolver, dial Dial, log *slog.Logger) *Proxy {
	p := &Proxy{resolver: resolver, dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		return dial(ctx, network, address)
	}}
	p.forward = &httputil.ReverseProxy{
		Rewrite: rewrite,
		// Answers of unknown length are streams, and passed on as they come.
		BufferPool: &buffers{},
		ErrorLog:   slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		Transport: &http.Transport{
			Proxy: nil, DialContext: p.dial, DisableCompression: true,
			MaxIdleConnsPerHost: idlePerEndpoint, IdleConnTimeout: idleTime,
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "sandbox proxy: "+err.Error(), http.StatusBadGateway)
		},
	}
	return p
}

func rewrite(request *httputil.ProxyRequest) {
	target, _ := request.In.Context().Value(targetKey{}).(string)
	request.Out.URL.Scheme = "http"
	request.Out.URL.Host = target
	request.Out.URL.RawQuery = request.In.URL.RawQuery
	request.Out.Host = request.In.Host
	for _, header := range forwarded() {
		if values, ok := request.In.Header[header]; ok {
			request.Out.Header[header] = values
		}
	}
}

// ServeHTTP serves one request of a client.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	namespace := callerNamespace(r)
	if r.Method == http.MethodConnect {
		tunnel.Serve(w, r, func(ctx context.Context, address string) (net.Conn, error) {
			target, err := p.resolver.Resolve(namespace, address)
			if err != nil {
				return nil, err
			}
			return p.dial(ctx, "tcp", target)
		})
		return
	}
	if r.URL.Host == "" || r.URL.Scheme != "http" {
		http.Error(w, "sandbox proxy: want a request with an absolute http URL", http.StatusBadRequest)
		return
	}
	target, err := p.resolver.Resolve(namespace, withPort(r.URL.Host))
	if err != nil {
		status := http.StatusBadGateway
		if errors.Is(err, ErrNoEndpoints) {
			status = http.StatusServiceUnavailable
		}
		http.Error(w, "sandbox proxy: "+err.Error(), status)
		return
	}
	// An answer may begin before the request has ended, as it may without a proxy.
	_ = http.NewResponseController(w).EnableFullDuplex()
	p.forward.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), targetKey{}, target)))
}

func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), "80")
}

// callerNamespace is the user name of the proxy's URL as the caller has it.
func callerNamespace(r *http.Request) string {
	encoded, ok := strings.CutPrefix(r.Header.Get("Proxy-Authorization"), "Basic ")
	if !ok {
		return "default"
	}
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "default"
	}
	user, _, _ := strings.Cut(string(decoded), ":")
	return user
}
