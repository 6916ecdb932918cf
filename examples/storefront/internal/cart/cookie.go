package cart

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"example.shop/storefront/internal/contract"
)

// maxAge of the cookie, in seconds: two weeks.
const maxAge = 14 * 24 * 3600

// fromRequest returns the cart of the request's cookie, or a new empty one.
// The cookie is the shopper's to forge: it holds quantities but no price.
func fromRequest(r *http.Request) contract.Cart {
	if cookie, err := r.Cookie(contract.CookieCart); err == nil {
		if cart, ok := decode(cookie.Value); ok {
			return cart
		}
	}
	return contract.Cart{ID: rand.Text(), Items: []contract.Item{}}
}

// encode writes a cart as ID~sku:quantity~sku:quantity.
func encode(cart contract.Cart) string {
	var b strings.Builder
	b.WriteString(cart.ID)
	for _, item := range cart.Items {
		fmt.Fprintf(&b, "~%s:%d", item.SKU, item.Quantity)
	}
	return b.String()
}

func decode(value string) (contract.Cart, bool) {
	id, rest, _ := strings.Cut(value, "~")
	cart := contract.Cart{ID: id, Items: []contract.Item{}}
	if !contract.ValidID(id) {
		return cart, false
	}
	for part := range strings.SplitSeq(rest, "~") {
		if rest == "" {
			break
		}
		sku, quantity, _ := strings.Cut(part, ":")
		n, err := strconv.Atoi(quantity)
		if err != nil {
			return cart, false
		}
		cart.Items = append(cart.Items, contract.Item{SKU: sku, Quantity: n})
	}
	return counted(cart), contract.ValidItems(cart.Items)
}

func setCookie(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: Secure wherever the shopper came over HTTPS
		Name: contract.CookieCart, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: r.Header.Get("X-Forwarded-Proto") == "https",
	})
}
