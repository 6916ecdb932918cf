package githost

import (
	"bytes"
	"net/http"
	"net/http/cgi"
	"os"
	"strings"
)

// endpoints are what the smart protocol needs; the files that the dumb one
// reads are not served.
var endpoints = map[string]string{
	"/info/refs":        http.MethodGet,
	"/git-upload-pack":  http.MethodPost,
	"/git-receive-pack": http.MethodPost,
}

const receivePack = "/git-receive-pack"

// ServeHTTP answers the smart protocol's three endpoints and nothing else.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.authorized(r) {
		h.challenge(w)
		return
	}
	name, endpoint, ok := split(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	dir, err := h.Path(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		http.Error(w, "repository not found", http.StatusNotFound)
		return
	}
	if r.Method != endpoints[endpoint] {
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if endpoint == receivePack && h.cfg.Hook != nil {
		h.receive(w, r, name)
		return
	}
	h.serveBackend(w, r)
}

// split parts "/team/apps.git/info/refs" into "team/apps" and "/info/refs".
func split(path string) (name, endpoint string, ok bool) {
	name, rest, ok := strings.Cut(strings.TrimPrefix(path, "/"), ".git/")
	endpoint = "/" + rest
	if !ok || endpoints[endpoint] == "" || checkName(name) != nil || path[0] != '/' {
		return "", "", false
	}
	return name, endpoint, true
}

func (h *Host) serveBackend(w http.ResponseWriter, r *http.Request, env ...string) {
	user, _, _ := r.BasicAuth()
	// http-backend reads to the end of a body whose length nobody told it. Told
	// the length, it spins for ever when the client goes away before that; and
	// of chunked bodies the cgi package wants to know nothing.
	r = r.Clone(r.Context())
	r.TransferEncoding = nil
	if r.ContentLength != 0 {
		r.ContentLength = -1
	}
	backend := &cgi.Handler{
		Path: h.backend,
		Root: "/",
		Env: append(append(h.isolation(),
			"GIT_PROJECT_ROOT="+h.root,
			"GIT_HTTP_EXPORT_ALL=1",
			"REMOTE_USER="+user,
		), env...),
		// Anything but a file makes the handler return only when the last
		// process of the request is gone, receive-pack included.
		Stderr: &limited{left: 64 << 10},
	}
	backend.ServeHTTP(&patient{w: w}, r)
}

// patient lets the backend finish even when the client went away: what it has
// begun to store, it stores and reports.
type patient struct {
	w    http.ResponseWriter
	gone bool
}

func (p *patient) Header() http.Header    { return p.w.Header() }
func (p *patient) WriteHeader(status int) { p.w.WriteHeader(status) }

func (p *patient) Write(b []byte) (int, error) {
	if !p.gone {
		_, err := p.w.Write(b)
		p.gone = err != nil
	}
	return len(b), nil
}

// limited keeps the first bytes written to it and drops the rest.
type limited struct {
	kept bytes.Buffer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	keep := min(len(b), l.left)
	l.kept.Write(b[:keep])
	l.left -= keep
	return len(b), nil
}
