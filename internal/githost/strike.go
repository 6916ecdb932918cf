package githost

import (
	"io"
	"net/http"
	"time"
)

// ServeHTTP serves the request, or what its fault leaves of it.
func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault, struck, changed := f.arrive(r)
	body := &meteredBody{ReadCloser: r.Body, limit: -1}
	out := &meteredWriter{ResponseWriter: w, limit: -1, status: http.StatusOK}
	switch fault.Cut {
	case CutRequest:
		body.limit, out.limit = fault.Bytes, 0
	case CutAfter:
		out.limit = 0
	case CutResponse:
		out.limit = fault.Bytes
	}
	defer func() {
		f.record(Exchange{
			Method: r.Method, Path: r.URL.RequestURI(), Status: out.status,
			RequestBytes: body.read, ResponseBytes: out.written, Struck: struck,
		})
	}()
	waited := wait(r, fault.Delay, changed)
	switch {
	case !waited, fault.Cut == CutBefore:
		panic(http.ErrAbortHandler) // the documented way to cut a connection
	case fault.Status != 0:
		http.Error(out, http.StatusText(fault.Status), fault.Status)
		return
	}
	r = r.Clone(r.Context())
	r.Body = body
	f.next.ServeHTTP(out, r)
	if fault.Cut != CutNone {
		if fault.Cut == CutResponse {
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	}
}

// wait tells whether the whole delay went by.
func wait(r *http.Request, d time.Duration, changed <-chan struct{}) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-changed:
	}
	return false
}

// meteredBody counts a request's body and breaks it off at its limit, when that is not negative.
type meteredBody struct {
	io.ReadCloser
	limit, read int64
}

func (b *meteredBody) Read(p []byte) (int, error) {
	if b.limit >= 0 {
		if b.read >= b.limit {
			return 0, io.ErrUnexpectedEOF
		}
		p = p[:min(int64(len(p)), b.limit-b.read)]
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	return n, err
}

// meteredWriter counts a response's body and, from its limit on, swallows it,
// so that the handler finishes its work and the client never learns of it.
type meteredWriter struct {
	http.ResponseWriter
	limit, written int64
	status         int
}

func (w *meteredWriter) WriteHeader(status int) {
	w.status = status
	if w.limit != 0 {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *meteredWriter) Write(p []byte) (int, error) {
	pass := p
	if w.limit >= 0 {
		pass = p[:min(int64(len(p)), w.limit-w.written)]
	}
	if len(pass) == 0 {
		return len(p), nil
	}
	n, err := w.ResponseWriter.Write(pass)
	w.written += int64(n)
	if err != nil {
		return n, err
	}
	return len(p), nil
}

// Unwrap lets http.ResponseController reach the connection.
func (w *meteredWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
