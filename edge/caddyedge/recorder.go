package caddyedge

import (
	"io"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// recorder remembers what was answered, and keeps Caddy's name out of it.
type recorder struct {
	caddyhttp.ResponseWriterWrapper
	status int
	bytes  int64
}

func (r *recorder) wroteHeader() bool { return r.status != 0 }

// WriteHeader remembers the status.
func (r *recorder) WriteHeader(status int) {
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		if r.status != 0 {
			return
		}
		r.status = status
		delete(r.Header(), "Via")
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// ReadFrom keeps count too.
func (r *recorder) ReadFrom(src io.Reader) (int64, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	n, err := r.ResponseWriterWrapper.ReadFrom(src)
	r.bytes += n
	return n, err
}
