package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// MaxBody is the largest request body that any component reads, in bytes.
	MaxBody = 64 << 10
	// stopWithin is the time from the signal to the end of the process,
	// with half a second to spare of the promised five.
	stopWithin = 4500 * time.Millisecond
)

// server is one running component.
type server struct {
	settings  Settings
	component Component
	metrics   *metrics
	draining  atomic.Bool
	inFlight  atomic.Int64
}

// serve listens and serves until ctx is done, then drains, finishes what is in
// flight, and closes the component.
func serve(ctx context.Context, settings Settings, component Component) error {
	listener, err := net.Listen("tcp", settings.Address)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", settings.Address, err)
	}
	s := &server{settings: settings, component: component, metrics: newMetrics(settings.Component, settings.Identity)}
	stopWatching := s.watch()
	defer stopWatching()

	settings.Log.Info("listening", "address", listener.Addr().String(), "release", settings.Identity.Release)
	return errors.Join(s.untilDone(ctx, listener), s.close())
}

func (s *server) untilDone(ctx context.Context, listener net.Listener) error {
	hs := newHTTPServer(s.handler(), s.settings.Log)
	failed := make(chan error, 1)
	go func() { failed <- hs.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	s.settings.Log.Info("stopping", "drain", s.settings.Drain.String())
	s.draining.Store(true)
	// The cluster takes this address out of its Services while we still answer:
	// closing the door at once would refuse requests already on their way.
	time.Sleep(s.settings.Drain)
	deadline, cancel := context.WithTimeout(context.Background(), stopWithin-s.settings.Drain)
	defer cancel()
	err := hs.Shutdown(deadline)
	if err == nil {
		return nil
	}
	_ = hs.Close() // what is still open is cut; there is nothing more to do about it
	// Shutdown also waits for connections on which no request ever came, such
	// as those that browsers open in advance: closing them loses nothing.
	if cut := s.inFlight.Load(); cut > 0 {
		return fmt.Errorf("finishing %d requests in flight: %w", cut, err)
	}
	return nil
}

// watch probes the dependencies until the returned function is called.
func (s *server) watch() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, dependency := range s.component.Watch {
		running.Go(func() { dependency.watch(ctx) })
	}
	return func() {
		cancel()
		running.Wait()
	}
}

func (s *server) close() error {
	if s.component.Close == nil {
		return nil
	}
	return s.component.Close()
}

func newHTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      20 * time.Second,
		// Longer than the clients keep an idle connection, so that they close first.
		IdleTimeout:    2 * idleTimeout,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", s.metrics)
	mux.Handle("/", s.measure(s.component.Handler))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.inFlight.Add(1)
		defer s.inFlight.Add(-1)
		if s.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
		mux.ServeHTTP(&Recorder{ResponseWriter: w, Identity: s.settings.Identity}, r)
	})
}

func (s *server) readyz(w http.ResponseWriter, _ *http.Request) {
	err := errors.New("stopping")
	if !s.draining.Load() {
		err = s.ready()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ok\n")
}

func (s *server) ready() error {
	if s.component.Ready == nil {
		return nil
	}
	return s.component.Ready()
}

// measure counts requests of shoppers and components; probes and scrapes pass it by.
func (s *server) measure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &Recorder{ResponseWriter: w}
		start := s.settings.Now()
		code := http.StatusInternalServerError // unless the handler comes back, it panicked
		defer func() { s.metrics.observe(code, s.settings.Now().Sub(start)) }()
		next.ServeHTTP(rec, r)
		if code = rec.Status; code == 0 {
			code = http.StatusOK
		}
	})
}
