// Package orders is the orders store: it keeps the orders of one database as
// JSON lines in one file on a volume.
package orders

import (
	"fmt"
	"net/http"
	"path"
	"path/filepath"
	"strconv"

	"example.shop/storefront/internal/contract"
	"example.shop/storefront/internal/service"
)

// New returns the orders component. The database is the last part of
// ORDERS_STORE, and its file is DATABASE.jsonl in ORDERS_DIR.
//
//	PUT /DATABASE/orders/{id}       stores an order (201), or answers the one there is (200)
//	GET /DATABASE/orders/{id}
//	GET /DATABASE/orders?limit=N    the newest first, 20 unless told, at most 200
func New(s service.Settings) (service.Component, error) {
	database := path.Base(s.OrdersStore.Path)
	if !contract.ValidSKU(database) { // the same alphabet: safe in a path and in a file name
		return service.Component{}, fmt.Errorf("ORDERS_STORE %s does not end in the name of a database", s.OrdersStore)
	}
	journal, err := openJournal(filepath.Join(s.OrdersDir, database+".jsonl"))
	if err != nil {
		return service.Component{}, err
	}
	h := handler{journal: journal}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /"+database+"/orders/{id}", h.put)
	mux.HandleFunc("GET /"+database+"/orders/{id}", h.get)
	mux.HandleFunc("GET /"+database+"/orders", h.list)
	return service.Component{Handler: mux, Close: journal.close}, nil
}

type handler struct {
	journal *journal
}

func (h handler) put(w http.ResponseWriter, r *http.Request) {
	var order contract.Order
	if err := service.ReadJSON(r, &order); err != nil {
		service.WriteError(w, err)
		return
	}
	if order.ID != r.PathValue("id") || !contract.ValidID(order.ID) {
		http.Error(w, "the order's id is not valid, or not that of the path", http.StatusBadRequest)
		return
	}
	stored, created, err := h.journal.put(order)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case stored.Shop != order.Shop:
		http.Error(w, "the id belongs to another order", http.StatusConflict)
	case created:
		service.WriteJSON(w, http.StatusCreated, stored)
	default:
		service.WriteJSON(w, http.StatusOK, stored)
	}
}

func (h handler) get(w http.ResponseWriter, r *http.Request) {
	order, found, err := h.journal.get(r.PathValue("id"))
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case !found:
		http.Error(w, "no such order", http.StatusNotFound)
	default:
		service.WriteJSON(w, http.StatusOK, order)
	}
}

func (h handler) list(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.FormValue("limit"))
	if err != nil || limit < 1 {
		limit = 20
	}
	orders, err := h.journal.newest(min(limit, 200))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	service.WriteJSON(w, http.StatusOK, orders)
}
