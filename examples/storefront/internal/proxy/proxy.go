// Package proxy finds the shop that a request is for by its host name, and
// hands the request to shop with the name in X-Shop.
package proxy

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"time"

	"example.shop/storefront/internal/contract"
	"example.shop/storefront/internal/page"
	"example.shop/storefront/internal/service"
)

const (
	responseTimeout = 13 * time.Second
	statusLeft      = 499 // the client left before it was answered
)

// New returns the proxy component.
func New(s service.Settings) (service.Component, error) {
	pages, err := page.New()
	if err != nil {
		return service.Component{}, err
	}
	dependency := service.NewDependency("shop", s.Shop, s.Now)
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
				r.Out.Header[name] = r.In.Header[name]
			}
			r.SetURL(s.Shop)
		},
		Transport:    service.NewTransport(responseTimeout),
		ErrorHandler: errorHandler(s, pages),
		ErrorLog:     slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		host := cmp.Or(r.Header.Get("X-Forwarded-Host"), r.Host)
		shop, ok := shopOf(host)
		if !ok {
			pages.Notice(w, http.StatusNotFound, noShop(host, s.Identity))
			return
		}
		r.Header.Set(contract.HeaderShop, shop)
		w.Header().Set(contract.HeaderShop, shop) // whoever watches sees whose answer it is
		forward.ServeHTTP(w, r)
	}
	return service.Component{
		Handler: http.HandlerFunc(handler),
		Watch:   []*service.Dependency{dependency},
		Ready:   service.AllReady(dependency),
	}, nil
}

func noShop(host string, id service.Identity) page.Notice {
	return page.Notice{
		Title:    "No shop here",
		Text:     fmt.Sprintf("%q is not the host name of a shop. A shop has a name such as hoge.example.com.", host),
		Identity: id,
	}
}

func errorHandler(s service.Settings, pages *page.Pages) func(http.ResponseWriter, *http.Request, error) {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		if r.Context().Err() != nil {
			w.WriteHeader(statusLeft)
			return
		}
		s.Log.Warn("shop did not answer", "request", r.Header.Get("X-Request-Id"), "error", err.Error())
		w.Header().Set("Retry-After", "1")
		pages.Notice(w, http.StatusServiceUnavailable, page.Notice{
			Title: "Back in a moment", Text: "The shop does not answer just now. Please try again.", Identity: s.Identity,
		})
	}
}
