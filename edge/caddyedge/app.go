package caddyedge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"shopset.dev/shopset/internal/edge"
)

const appName = "shopset"

// App runs the core and serves the status port.
type App struct {
	// Name of this edge, unique in its fleet.
	Name string `json:"name"`
	// TablesDir wins over the Kubernetes namespace.
	TablesDir  string `json:"tables_dir,omitempty"`
	Namespace  string `json:"namespace,omitempty"`
	Kubeconfig string `json:"kubeconfig,omitempty"`
	StateDir   string `json:"state_dir,omitempty"`
	ProbePath  string `json:"probe_path,omitempty"`
	// Status is the address of /status, /healthz, /readyz and /metrics; empty serves none.
	Status string `json:"status,omitempty"`

	core     *edge.Edge
	log      *zap.Logger
	registry *prometheus.Registry
	status   *http.Server
	cancel   context.CancelFunc
	stopped  chan struct{}
	draining atomic.Bool
}

// CaddyModule tells Caddy who this is.
func (*App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: appName, New: func() caddy.Module { return new(App) }}
}

// Provision makes the core.
func (a *App) Provision(ctx caddy.Context) error {
	a.log = ctx.Logger()
	a.registry = prometheus.NewRegistry()
	a.registry.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	core, err := edge.New(edge.Config{
		Name:     a.Name,
		Tables:   edge.TablesConfig{Dir: a.TablesDir, Namespace: a.Namespace, Kubeconfig: a.Kubeconfig},
		StateDir: a.StateDir,
		Probe:    edge.ProbeConfig{Path: a.ProbePath},
		Log:      ctx.Slogger(),
		Registry: a.registry,
	})
	if err != nil {
		return fmt.Errorf("starting edge %q: %w", a.Name, err)
	}
	a.core = core
	return nil
}

// Start lets the core work and opens the status port.
func (a *App) Start() error {
	if a.Status != "" {
		listener, err := net.Listen("tcp", a.Status)
		if err != nil {
			return fmt.Errorf("opening the status port (--status): %w", err)
		}
		a.status = &http.Server{Handler: a.statusHandler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
		go a.serveStatus(listener)
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel, a.stopped = cancel, make(chan struct{})
	go adaptCollector(ctx)
	go func() {
		defer close(a.stopped)
		if err := a.core.Run(ctx); err != nil && ctx.Err() == nil {
			// What is known goes on being served: an edge does not die of its control plane.
			a.log.Error("the core stopped; serving on with the last table", zap.Error(err))
		}
	}()
	return nil
}

func (a *App) serveStatus(listener net.Listener) {
	if err := a.status.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
		a.log.Error("status port", zap.Error(err))
	}
}

// statusHandler is the core's, with metrics, and not ready while draining so that load balancers
// look elsewhere.
func (a *App) statusHandler() http.Handler {
	mux := http.NewServeMux()
	status := a.core.StatusHandler()
	mux.Handle("/", status)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{Registry: a.registry}))
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if a.draining.Load() {
			http.Error(w, "draining", http.StatusServiceUnavailable)
			return
		}
		status.ServeHTTP(w, r)
	})
	return mux
}

// Stop begins the drain. The core goes on: Caddy stops its apps in no particular order, and
// requests in flight may still need a retry.
func (a *App) Stop() error {
	a.draining.Store(true)
	return nil
}

// Cleanup ends what Stop left running. Caddy calls it when all apps have stopped.
func (a *App) Cleanup() error {
	if a.cancel != nil {
		a.cancel()
		<-a.stopped
	}
	if a.status != nil {
		return a.status.Close()
	}
	return nil
}

// appOf gives another module of the same configuration its App.
func appOf(ctx caddy.Context) (*App, error) {
	app, err := ctx.App(appName)
	if err != nil {
		return nil, fmt.Errorf("getting the app %q: %w", appName, err)
	}
	return app.(*App), nil
}

var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
