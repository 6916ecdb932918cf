// Package api sells: it knows the products and their prices, and turns a
// checkout into an order in the orders store.
package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"example.shop/storefront/internal/contract"
	"example.shop/storefront/internal/service"
)

//go:embed catalogue.json
var catalogue []byte

const storeTimeout = 3 * time.Second

type api struct {
	settings service.Settings
	products []contract.Product
	store    store
}

// New returns the api component. Every request names its shop in X-Shop.
//
//	GET  /products       what is on sale
//	POST /checkout       contract.Checkout → contract.Order; the same id again
//	                     answers the order that exists
//	GET  /orders/{id}    an order of this shop
func New(s service.Settings) (service.Component, error) {
	a := &api{settings: s, store: store{url: s.OrdersStore, client: service.NewClient(storeTimeout)}}
	if err := json.Unmarshal(catalogue, &a.products); err != nil {
		return service.Component{}, fmt.Errorf("reading the catalogue: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products", a.listProducts)
	mux.HandleFunc("POST /checkout", a.checkout)
	mux.HandleFunc("GET /orders/{id}", a.showOrder)
	orders := service.NewDependency("orders", s.OrdersStore, s.Now)
	return service.Component{
		Handler: a.faulty(mux),
		Watch:   []*service.Dependency{orders},
		Ready:   service.AllReady(orders),
	}, nil
}

// faulty fails the share of requests that FAULT_ERROR_RATE asks for.
func (a *api) faulty(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rand.Float64() < a.settings.ErrorRate { //nolint:gosec // G404: a share of faults, not a secret
			http.Error(w, "failing on purpose: FAULT_ERROR_RATE is set", http.StatusInternalServerError)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a *api) listProducts(w http.ResponseWriter, _ *http.Request) {
	service.WriteJSON(w, http.StatusOK, a.products)
}

func (a *api) checkout(w http.ResponseWriter, r *http.Request) {
	var checkout contract.Checkout
	if err := service.ReadJSON(r, &checkout); err != nil {
		service.WriteError(w, err)
		return
	}
	order, err := a.order(r.Header.Get(contract.HeaderShop), checkout)
	if err != nil {
		service.WriteError(w, err)
		return
	}
	stored, err := a.store.put(r.Context(), order)
	if err != nil {
		a.settings.Log.Warn("order not stored", "order", order.ID, "error", err.Error())
		service.WriteError(w, err)
		return
	}
	service.WriteJSON(w, http.StatusCreated, stored)
}

func (a *api) showOrder(w http.ResponseWriter, r *http.Request) {
	order, err := a.store.get(r.Context(), r.PathValue("id"))
	if err == nil && order.Shop != r.Header.Get(contract.HeaderShop) {
		err = &service.StatusError{Status: http.StatusNotFound, Message: "no such order"}
	}
	if err != nil {
		service.WriteError(w, err)
		return
	}
	service.WriteJSON(w, http.StatusOK, order)
}
