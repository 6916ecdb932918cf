// Package egress is where the API server's own connections into the cluster leave:
// to pods (proxy, webhooks by pod), to Services (webhooks, aggregated APIs) and to
// the node (logs, exec). It speaks HTTP CONNECT on a Unix socket, which only the
// owner of the socket can open; so nothing of the kubelet API is on the network.
package egress

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"shopset.dev/shopset/sandbox/internal/node/address"
	"shopset.dev/shopset/sandbox/internal/node/tunnel"
)

// Server serves the socket.
type Server struct {
	Plan address.Plan
	// Kubelet takes the connections to the node's kubelet API.
	Kubelet *Handoff
	// KubeletAddresses are the "host:port"s under which the API server knows it.
	KubeletAddresses []string
}

// Run serves until ctx is done.
func (s Server) Run(ctx context.Context, socket string) error {
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the last egress socket: %w", err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return fmt.Errorf("listening for the API server: %w", err)
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return fmt.Errorf("guarding the egress socket: %w", err)
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); ctx.Err() == nil {
		return fmt.Errorf("serving the API server: %w", err)
	}
	return nil
}

// ServeHTTP serves one CONNECT request.
func (s Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "only CONNECT is served here", http.StatusMethodNotAllowed)
		return
	}
	if s.Kubelet != nil && slices.Contains(s.KubeletAddresses, r.Host) {
		conn, err := tunnel.Accept(w)
		if err == nil {
			s.Kubelet.give(conn)
		}
		return
	}
	tunnel.Serve(w, r, func(ctx context.Context, to string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", s.Plan.LocalHostPort(to))
	})
}
