package shop

import (
	"net/http"

	"example.shop/storefront/internal/contract"
	"example.shop/storefront/internal/service"
)

func (h *shop) products(r *http.Request) (products []contract.Product, err error) {
	_, err = h.client.Do(r.Context(), service.Call{
		Method: http.MethodGet, Base: h.settings.API, Path: []string{"products"}, Header: forwarded(r), Out: &products,
	})
	return products, err
}

func (h *shop) placeOrder(r *http.Request, checkout contract.Checkout) (order contract.Order, err error) {
	_, err = h.client.Do(r.Context(), service.Call{
		Method: http.MethodPost, Base: h.settings.API, Path: []string{"checkout"},
		Header: forwarded(r), Key: checkout.ID, In: checkout, Out: &order,
	})
	return order, err
}

func (h *shop) order(r *http.Request, id string) (order contract.Order, err error) {
	if !contract.ValidID(id) {
		return order, &service.StatusError{Status: http.StatusNotFound, Message: "no such order"}
	}
	_, err = h.client.Do(r.Context(), service.Call{
		Method: http.MethodGet, Base: h.settings.API, Path: []string{"orders", id}, Header: forwarded(r), Out: &order,
	})
	return order, err
}

func (h *shop) cart(r *http.Request) (cart contract.Cart, err error) {
	_, err = h.client.Do(r.Context(), service.Call{
		Method: http.MethodGet, Base: h.settings.Cart, Path: []string{"cart"}, Header: forwarded(r), Out: &cart,
	})
	return cart, err
}

// addToCart may be repeated, as the cart is in the request and not in the
// component: any constant serves as the key.
func (h *shop) addToCart(r *http.Request, change contract.Change) (http.Header, error) {
	return h.client.Do(r.Context(), service.Call{
		Method: http.MethodPost, Base: h.settings.Cart, Path: []string{"cart", "items"},
		Header: forwarded(r), Key: "in-request", In: change,
	})
}

func (h *shop) emptyCart(r *http.Request) (http.Header, error) {
	return h.client.Do(r.Context(), service.Call{
		Method: http.MethodDelete, Base: h.settings.Cart, Path: []string{"cart"}, Header: forwarded(r), Key: "in-request",
	})
}

// forwarded picks the headers that the components behind need; of the cookies
// only the cart.
func forwarded(r *http.Request) http.Header {
	h := http.Header{}
	for _, name := range []string{contract.HeaderShop, "X-Request-Id", "X-Forwarded-Proto"} {
		if value := r.Header.Get(name); value != "" {
			h.Set(name, value)
		}
	}
	if cookie, err := r.Cookie(contract.CookieCart); err == nil {
		h.Set("Cookie", cookie.Name+"="+cookie.Value)
	}
	return h
}

func relayCookie(w http.ResponseWriter, from http.Header) {
	for _, cookie := range from.Values("Set-Cookie") {
		w.Header().Add("Set-Cookie", cookie)
	}
}
