// Package gitserver is a sandbox's Git server: the apps and the system
// repository over smart HTTP with one user, and the news of each push, sent in
// GitHub's webhook format to whoever the sandbox's webhooks.json names.
package gitserver

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"shopset.dev/shopset/internal/githost"

	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/state"
)

// Names of the two repositories.
const (
	Apps   = "shopset-apps"
	System = "shopset-system"
)

// Username is the one user of the server.
const Username = "sandbox"

// Server serves until closed.
type Server struct {
	http  *http.Server
	hooks *notifier
}

// Start makes the repositories if they are missing and serves them on
// 127.0.0.1 at the port that the state names.
func Start(dir layout.Dir, git state.Git, logger *slog.Logger) (*Server, error) {
	password, err := Password(dir)
	if err != nil {
		return nil, err
	}
	hooks := newNotifier(dir.Webhooks(), git, logger)
	host, err := githost.New(githost.Config{
		Root:     dir.Git(),
		Username: git.Username,
		Password: password,
		Hook:     hooks.push,
	})
	if err != nil {
		return nil, fmt.Errorf("starting the Git server: %w", err)
	}
	for _, repository := range []string{Apps, System} {
		if err := host.Create(repository); err != nil {
			return nil, fmt.Errorf("starting the Git server: %w", err)
		}
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(git.Port)))
	if err != nil {
		return nil, fmt.Errorf("starting the Git server: %w", err)
	}
	server := &Server{
		http:  &http.Server{Handler: host, ReadHeaderTimeout: 30 * time.Second},
		hooks: hooks,
	}
	go func() {
		if err := server.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("Git server ended", "error", err)
		}
	}()
	return server, nil
}

// Close ends requests in progress and undelivered webhooks.
func (s *Server) Close(ctx context.Context) {
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close()
	}
	s.hooks.close()
}

// Password reads the sandbox's Git password, or makes one.
func Password(dir layout.Dir) (string, error) {
	path := dir.GitPassword()
	data, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(data)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the Git password: %w", err)
	}
	secret := make([]byte, 20)
	rand.Read(secret)
	password := hex.EncodeToString(secret)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("making the Git password: %w", err)
	}
	return password, state.WriteFile(path, []byte(password+"\n"), 0o600)
}
