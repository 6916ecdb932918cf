package edge

import (
	"encoding/json"
	"net/http"

	"shopset.dev/shopset/internal/edgestatus"
)

// Status is what the edge says of itself.
type Status = edgestatus.Status

// Status is a snapshot.
func (e *Edge) Status() Status {
	now := e.clock.Now()
	s := Status{Edge: e.config.Name, Time: now, Ready: e.Ready(), Panic: e.fleet.Panic()}
	s.Table, s.Overrides = e.store.Status()
	v := e.view.Load()
	if v == nil {
		return s
	}
	for _, row := range v.state.Table.ShopSets {
		s.ShopSets = append(s.ShopSets, v.shopSets[row.Name].Status(now))
	}
	return s
}

// StatusHandler serves GET /status (JSON), /healthz (alive) and /readyz (has a table).
func (e *Edge) StatusHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		_ = encoder.Encode(e.Status()) // whoever asked has gone
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !e.Ready() {
			http.Error(w, "no routing table yet; see /status", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
	return mux
}
