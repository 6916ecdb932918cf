package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"

	"shopset.dev/shopset/sandbox/internal/control"
)

const (
	maxRequest = 64 << 10
	// recoverTimeout bounds the wait for a recovered cluster.
	recoverTimeout = 2 * time.Minute
)

// listen answers on the control socket, which only this user can open.
func (s *supervisor) listen() (*http.Server, error) {
	path := s.Dir.ControlSocket()
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("opening the control socket: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("opening the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the control socket: %w", err), listener.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		answer(w, s.status(r.Context()), nil)
	})
	mux.HandleFunc("POST /fail", s.aboutCluster(func(_ context.Context, c *cluster, r control.Request) (any, error) {
		return c.fail(r.Mode)
	}))
	mux.HandleFunc("POST /recover", s.aboutCluster(func(ctx context.Context, c *cluster, _ control.Request) (any, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, recoverTimeout, fmt.Errorf("not within %s", recoverTimeout))
		defer cancel()
		return struct{}{}, c.recover(ctx)
	}))
	mux.HandleFunc("POST /restart", s.aboutCluster(func(ctx context.Context, c *cluster, r control.Request) (any, error) {
		return struct{}{}, c.restart(ctx, r.Settings, s.recorder.configured)
	}))
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, struct{}{}, nil)
		s.stop()
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.Logger.Error("control socket ended", "error", err)
		}
	}()
	return server, nil
}

// aboutCluster handles a request that names a cluster. What it starts goes on
// should the client hang up.
func (s *supervisor) aboutCluster(do func(context.Context, *cluster, control.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var request control.Request
		if err := json.NewDecoder(io.LimitReader(r.Body, maxRequest)).Decode(&request); err != nil {
			answer(w, nil, fmt.Errorf("reading the request: %w", err))
			return
		}
		c, err := s.cluster(request.Cluster)
		var content any
		if err == nil {
			content, err = do(context.WithoutCancel(r.Context()), c, request)
		}
		answer(w, content, err)
	}
}

func (s *supervisor) cluster(name string) (*cluster, error) {
	var names []string
	for _, c := range s.clusters {
		if c.Name == name {
			return c, nil
		}
		names = append(names, c.Name)
	}
	return nil, fmt.Errorf("finding cluster %q: this sandbox runs %q", name, names)
}

func answer(w http.ResponseWriter, content any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusConflict)
		content = control.Failure{Error: err.Error()}
	}
	_ = json.NewEncoder(w).Encode(content) // the client has gone
}
