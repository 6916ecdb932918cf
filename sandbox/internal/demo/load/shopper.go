package load

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// step is what a shopper does with one request.
type step struct {
	method, path string
	form         url.Values
	// code is the status that lets the shopper go on.
	code int
	// check says what is wrong with an answer of that status; empty if nothing is. It may note
	// what the shopper needs for the steps after this one.
	check func(*shopper, *vegeta.Result) string
}

// script is one shopping tour: look, look again at what has changed, pick two things, see them in
// the cart, buy them. The last step needs the orders of all ShopSets to be in one place.
func script(receipts bool) []step {
	steps := []step{
		{method: http.MethodGet, path: "/", code: http.StatusOK, check: showsCart("0")},
		{method: http.MethodHead, path: "/", code: http.StatusOK},
		{method: http.MethodPost, path: "/cart", form: url.Values{"sku": {"tea-cup"}, "add": {"1"}}, code: http.StatusSeeOther, check: keepsCart},
		{method: http.MethodPost, path: "/cart", form: url.Values{"sku": {"notebook"}, "add": {"1"}}, code: http.StatusSeeOther, check: keepsCart},
		{method: http.MethodGet, path: "/", code: http.StatusOK, check: showsCart("2")},
		{
			method: http.MethodPost, path: "/checkout", code: http.StatusSeeOther, check: placesOrder,
			form: url.Values{"name": {"A Shopper"}, "email": {"shopper@shop.example"}},
		},
	}
	if receipts {
		steps = append(steps, step{method: http.MethodGet, code: http.StatusOK, check: showsOrder})
	}
	return steps
}

// shopper is one customer of one shop.
type shopper struct {
	// shop is its number.
	shop int
	at   int
	// looks are how often the shopper looks at the front page before anything else.
	looks int
	// cart is the cookie, and order the path of the receipt.
	cart, order string
}

// target is the shopper's next request, sent to an edge.
func (s *shopper) target(what step, edge, host string, id uint64, into *vegeta.Target) {
	path := what.path
	if path == "" {
		path = s.order
	}
	into.Method = what.method
	// What follows # stays here: it tells which request a result belongs to.
	into.URL = fmt.Sprintf("%s%s#%d", edge, path, id)
	into.Header = http.Header{"Host": {host}}
	into.Body = nil
	if what.form != nil {
		into.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		into.Body = []byte(what.form.Encode())
	}
	if s.cart != "" {
		into.Header.Set("Cookie", "cart="+s.cart)
	}
}

// goOn prepares the next step. Whoever got no answer looks again; whoever does not know whether a
// form arrived starts anew.
func (s *shopper) goOn(what step, answered bool, steps int) {
	if answered && s.looks > 0 && s.at == 0 {
		s.looks--
		return
	}
	if answered {
		s.at++
	}
	if s.at == steps || !answered && what.method == http.MethodPost {
		*s = shopper{shop: s.shop}
	}
}

// wrong says why a result is no answer from the shop; empty if it is one.
func (s *shopper) wrong(what step, shop Shop, tierOf func(string) string, result *vegeta.Result) string {
	if result.Code == 0 {
		return cause(result.Error)
	}
	by := result.Headers.Get("X-Shopset")
	if int(result.Code) != what.code {
		return strings.TrimSpace(fmt.Sprintf("status %d %s", result.Code, gist(result.Body)))
	}
	switch {
	case tierOf(by) != shop.Tier:
		return fmt.Sprintf("ShopSet %q of tier %q answered", by, tierOf(by))
	case result.Headers.Get("X-Shop") != shop.Host:
		return fmt.Sprintf("shop %q answered", result.Headers.Get("X-Shop"))
	case result.Headers.Get("X-Shopset-Release") == "":
		return "no release is named"
	case what.check == nil:
		return ""
	}
	return what.check(s, result)
}

func showsCart(count string) func(*shopper, *vegeta.Result) string {
	return func(_ *shopper, result *vegeta.Result) string {
		if !strings.Contains(string(result.Body), "Cart <b>"+count+"</b>") {
			return "the page does not show " + count + " in the cart"
		}
		return ""
	}
}

func keepsCart(s *shopper, result *vegeta.Result) string {
	cookies := (&http.Response{Header: result.Headers}).Cookies()
	for _, cookie := range cookies {
		if cookie.Name == "cart" && cookie.Value != "" {
			s.cart = cookie.Value
			return ""
		}
	}
	return "no cart was given"
}

func placesOrder(s *shopper, result *vegeta.Result) string {
	s.order = result.Headers.Get("Location")
	if id, ok := strings.CutPrefix(s.order, "/orders/"); !ok || id == "" || !strings.HasPrefix(s.cart, id) {
		return fmt.Sprintf("the order is at %q", s.order)
	}
	s.cart = ""
	return ""
}

func showsOrder(s *shopper, result *vegeta.Result) string {
	if !strings.Contains(string(result.Body), strings.TrimPrefix(s.order, "/orders/")) {
		return "the receipt does not name the order"
	}
	return ""
}
