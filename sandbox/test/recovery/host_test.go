package recovery

import (
	"crypto/rand"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"shopset.dev/shopset/internal/githost"
)

// Users of a host.
const (
	theController = "controller"
	theArgoCD     = "argocd"
	theRival      = "rival"
)

// host is a fleet's Git server.
type host struct {
	// root holds the bare repositories.
	root, address string
	// passwords by user.
	passwords map[string]string
	// faults strike the controller, and trap kills it.
	faults *githost.Faults
	trap   *trap
	// everyone is struck too while it has rules.
	everyone *githost.Faults

	mu     sync.Mutex
	server *http.Server
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{root: t.TempDir(), address: "127.0.0.1:0", passwords: map[string]string{}}
	users := map[string]http.Handler{}
	for _, user := range []string{theController, theArgoCD, theRival} {
		h.passwords[user] = "secret-" + rand.Text()
		served, err := githost.New(githost.Config{Root: h.root, Username: user, Password: h.passwords[user]})
		if err != nil {
			t.Fatal(err)
		}
		users[user] = served
		for _, repository := range []string{"apps", "system"} {
			if err := served.Create(repository); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.trap = &trap{}
	h.faults = githost.NewFaults(&after{trap: h.trap, next: users[theController]})
	h.trap.faults = h.faults
	users[theController] = h.trap
	h.everyone = githost.NewFaults(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		if served := users[user]; served != nil {
			served.ServeHTTP(w, r)
			return
		}
		users[theArgoCD].ServeHTTP(w, r) // whose git asks without a name first
	}))
	h.up(t)
	t.Cleanup(h.down)
	return h
}

// up listens, where it listened before if it did.
func (h *host) up(t *testing.T) {
	t.Helper()
	var listener net.Listener
	eventually(t, "the Git host's address to be free", func() (err error) {
		listener, err = net.Listen("tcp", h.address)
		return err
	})
	h.address = listener.Addr().String()
	server := &http.Server{Handler: h.everyone, ReadHeaderTimeout: time.Minute}
	h.mu.Lock()
	h.server = server
	h.mu.Unlock()
	go func() { _ = server.Serve(listener) }() // ends with down
}

// down closes the listener and all connections.
func (h *host) down() {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = h.server.Close()
}

func (h *host) url(repository string) string {
	return "http://" + h.address + "/" + repository + ".git"
}
