// Package lb is the entry of a ShopSet: it spreads requests over the proxies
// that are healthy, retries what can be retried without harm, and keeps the
// access log.
package lb

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"time"

	"example.shop/storefront/internal/page"
	"example.shop/storefront/internal/service"
)

const (
	headerRequestID = "X-Request-Id"
	responseTimeout = 14 * time.Second
	statusLeft      = 499 // the client left before it was answered
)

// New returns the lb component.
func New(s service.Settings) (service.Component, error) {
	pages, err := page.New()
	if err != nil {
		return service.Component{}, err
	}
	balancer := newBalancer(s)
	handler := &httputil.ReverseProxy{
		Rewrite:      rewrite,
		Transport:    balancer,
		ErrorHandler: errorHandler(s, pages),
		ErrorLog:     slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	// Here, and not in shop, because only the entry sees the browser's own Host.
	sameOrigin := http.NewCrossOriginProtection()
	dependencies := balancer.dependencies()
	return service.Component{
		Handler: accessLog(s, sameOrigin.Handler(buffered(handler))),
		Watch:   dependencies,
		Ready:   service.AnyReady(dependencies...),
	}, nil
}

// rewrite hands the shopper's host on in X-Forwarded-Host. Host itself becomes
// that of the proxy, since an HTTP forward proxy on the way would route by it.
func rewrite(r *httputil.ProxyRequest) {
	r.Out.Host = ""
	r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
	r.SetXForwarded()
	if r.In.Header.Get("X-Forwarded-Proto") == "https" { // TLS ended before us
		r.Out.Header.Set("X-Forwarded-Proto", "https")
	}
	// The balancer chooses the host; a scheme must be there already.
	r.Out.URL.Scheme = "http"
}

// buffered reads the body before the request goes out, so that it can be sent
// again to another proxy. Bodies are small: they are forms.
func buffered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			http.Error(w, "request body too large", http.StatusRequestEntityTooLarge)
			return
		}
		if err != nil {
			http.Error(w, "request body incomplete", http.StatusBadRequest)
			return
		}
		r.ContentLength = int64(len(body))
		r.TransferEncoding = nil
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		r.Body, _ = r.GetBody()
		next.ServeHTTP(w, r)
	})
}

func errorHandler(s service.Settings, pages *page.Pages) func(http.ResponseWriter, *http.Request, error) {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		if r.Context().Err() != nil {
			w.WriteHeader(statusLeft)
			return
		}
		s.Log.Warn("no proxy answered", "request", r.Header.Get(headerRequestID), "error", err.Error())
		w.Header().Set("Retry-After", "1")
		pages.Notice(w, http.StatusServiceUnavailable, page.Notice{
			Title: "Back in a moment", Text: "The shop does not answer just now. Please try again.", Identity: s.Identity,
		})
	}
}

// accessLog writes one line a request: no query and no header of the shopper,
// which may hold what is nobody's business.
func accessLog(s service.Settings, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(headerRequestID) == "" || len(r.Header.Get(headerRequestID)) > 64 {
			r.Header.Set(headerRequestID, rand.Text())
		}
		rec := &service.Recorder{ResponseWriter: w}
		start := s.Now()
		defer func() {
			s.Log.Info("access",
				"request", r.Header.Get(headerRequestID), "host", r.Host, "method", r.Method,
				"path", r.URL.Path, "status", rec.Status, "bytes", rec.Bytes,
				"seconds", s.Now().Sub(start).Seconds(), "release", rec.Header().Get(service.HeaderRelease))
		}()
		next.ServeHTTP(rec, r)
	})
}
