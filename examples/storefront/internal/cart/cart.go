// Package cart keeps shopping carts. The cart itself travels in the shopper's
// cookie, and this component only reads, changes and writes it: so a cart
// outlives a release, any number of replicas can serve it, and it is still
// there when the shop fails over to another ShopSet.
package cart

import (
	"net/http"

	"example.shop/storefront/internal/contract"
	"example.shop/storefront/internal/service"
)

// New returns the cart component.
//
//	GET    /cart          the cart of the cookie
//	POST   /cart/items    changes a quantity (contract.Change), sets the cookie
//	DELETE /cart          removes the cookie
func New(service.Settings) (service.Component, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cart", show)
	mux.HandleFunc("POST /cart/items", change)
	mux.HandleFunc("DELETE /cart", empty)
	return service.Component{Handler: mux}, nil
}

func show(w http.ResponseWriter, r *http.Request) {
	service.WriteJSON(w, http.StatusOK, fromRequest(r))
}

func change(w http.ResponseWriter, r *http.Request) {
	var change contract.Change
	if err := service.ReadJSON(r, &change); err != nil {
		service.WriteError(w, err)
		return
	}
	cart, err := apply(fromRequest(r), change)
	if err != nil {
		service.WriteError(w, err)
		return
	}
	setCookie(w, r, encode(cart), maxAge)
	service.WriteJSON(w, http.StatusOK, cart)
}

func empty(w http.ResponseWriter, r *http.Request) {
	setCookie(w, r, "", -1)
	service.WriteJSON(w, http.StatusOK, contract.Cart{})
}

// apply returns the cart with one quantity changed; what falls to zero is removed.
func apply(cart contract.Cart, change contract.Change) (contract.Cart, error) {
	if !contract.ValidSKU(change.SKU) || change.Add < -contract.MaxQuantity || change.Add > contract.MaxQuantity {
		return cart, &service.StatusError{Status: http.StatusBadRequest, Message: "There is no such change to a cart."}
	}
	var items []contract.Item
	found := false
	for _, item := range cart.Items {
		if item.SKU == change.SKU {
			found = true
			item.Quantity = min(item.Quantity+change.Add, contract.MaxQuantity)
		}
		if item.Quantity > 0 {
			items = append(items, item)
		}
	}
	if !found && change.Add > 0 {
		items = append(items, contract.Item{SKU: change.SKU, Quantity: change.Add})
	}
	if len(items) > contract.MaxItems {
		return cart, &service.StatusError{Status: http.StatusConflict, Message: "The cart is full."}
	}
	return counted(contract.Cart{ID: cart.ID, Items: items}), nil
}

func counted(cart contract.Cart) contract.Cart {
	cart.Count = 0
	for _, item := range cart.Items {
		cart.Count += item.Quantity
	}
	return cart
}
