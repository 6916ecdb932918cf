// Package shop is the shop page: products, cart and checkout in plain HTML
// forms. It keeps nothing; it asks cart and api.
package shop

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"example.shop/storefront/internal/contract"
	"example.shop/storefront/internal/page"
	"example.shop/storefront/internal/service"
)

// callTimeout is more than api waits for a restarting orders store.
const callTimeout = 11 * time.Second

type shop struct {
	settings service.Settings
	pages    *page.Pages
	client   *service.Client
}

// New returns the shop component.
//
//	GET  /              the shop page
//	POST /cart          form sku, add: changes the cart
//	POST /checkout      form name, email: orders what is in the cart
//	GET  /orders/{id}   the receipt
func New(s service.Settings) (service.Component, error) {
	pages, err := page.New()
	if err != nil {
		return service.Component{}, err
	}
	h := &shop{settings: s, pages: pages, client: service.NewClient(callTimeout)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.front)
	mux.HandleFunc("POST /cart", h.changeCart)
	mux.HandleFunc("POST /checkout", h.checkout)
	mux.HandleFunc("GET /orders/{id}", h.receipt)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		h.notice(w, http.StatusNotFound, "No such page", "There is no such page in this shop.")
	})
	cart := service.NewDependency("cart", s.Cart, s.Now)
	api := service.NewDependency("api", s.API, s.Now)
	return service.Component{
		Handler: mux,
		Watch:   []*service.Dependency{cart, api},
		Ready:   service.AllReady(cart, api),
	}, nil
}

func (h *shop) front(w http.ResponseWriter, r *http.Request) {
	products, err := h.products(r)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	// Without its cart the shop still shows what it sells.
	cart, err := h.cart(r)
	if err != nil {
		h.settings.Log.Warn("cart not shown", "error", err.Error())
	}
	lines, total := linesOf(cart, products)
	h.pages.Front(w, page.Front{
		Frame: h.frame(r, cart.Count), Products: products, Lines: lines, Total: total, CartDown: err != nil,
	})
}

func (h *shop) changeCart(w http.ResponseWriter, r *http.Request) {
	add, err := strconv.Atoi(r.PostFormValue("add"))
	if err != nil {
		h.notice(w, http.StatusBadRequest, "Not added", "The form was not complete.")
		return
	}
	header, err := h.addToCart(r, contract.Change{SKU: r.PostFormValue("sku"), Add: add})
	if err != nil {
		h.fail(w, r, err)
		return
	}
	relayCookie(w, header)
	http.Redirect(w, r, "/#cart", http.StatusSeeOther)
}

func (h *shop) checkout(w http.ResponseWriter, r *http.Request) {
	cart, err := h.cart(r)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	order, err := h.placeOrder(r, contract.Checkout{
		ID: cart.ID, Items: cart.Items, Name: r.PostFormValue("name"), Email: r.PostFormValue("email"),
	})
	if err != nil {
		h.fail(w, r, err)
		return
	}
	// The order stands: a cart that cannot be emptied now does no harm, since
	// ordering it again answers the same order.
	if header, err := h.emptyCart(r); err == nil {
		relayCookie(w, header)
	}
	http.Redirect(w, r, "/orders/"+order.ID, http.StatusSeeOther)
}

func (h *shop) receipt(w http.ResponseWriter, r *http.Request) {
	order, err := h.order(r, r.PathValue("id"))
	if status := new(service.StatusError); errors.As(err, &status) && status.Status == http.StatusNotFound {
		h.notice(w, http.StatusNotFound, "No such order", "This shop knows no order of that number.")
		return
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	cart, err := h.cart(r)
	if err != nil {
		h.settings.Log.Warn("cart not shown", "error", err.Error())
	}
	h.pages.Receipt(w, page.Receipt{Frame: h.frame(r, cart.Count), Order: order})
}

// fail turns the error of a call into a page. What the shopper did wrong is
// told; what failed behind is 502, and 503 if nobody answered.
func (h *shop) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := new(service.StatusError)
	if errors.As(err, &status) && status.Status < http.StatusInternalServerError {
		h.notice(w, status.Status, "That did not work", status.Message)
		return
	}
	h.settings.Log.Warn("request failed", "request", r.Header.Get("X-Request-Id"), "path", r.URL.Path, "error", err.Error())
	code := http.StatusBadGateway
	if status.Status == 0 || status.Status == http.StatusServiceUnavailable {
		code = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "1")
	}
	h.notice(w, code, "Back in a moment", "Something behind the shop failed. Your cart is kept; please try again.")
}

func (h *shop) notice(w http.ResponseWriter, status int, title, text string) {
	h.pages.Notice(w, status, page.Notice{Title: title, Text: text, Back: true, Identity: h.settings.Identity})
}
