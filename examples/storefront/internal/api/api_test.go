package api

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.shop/storefront/internal/contract"
	"example.shop/storefront/internal/orders"
	"example.shop/storefront/internal/service"
)

const id = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// shopkeeper is an api with a real orders store behind it, which answers 503
// as often as asked before it works.
func shopkeeper(t *testing.T, errorRate float64, outages int64) http.Handler {
	t.Helper()
	s := service.Settings{
		Identity: service.Identity{ShopSet: "a-1", Release: "1.0.0"}, PaymentMode: "test", Environment: "staging",
		OrdersDir: t.TempDir(), OrdersStore: &url.URL{Scheme: "http", Path: "/staging"}, ErrorRate: errorRate,
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Unix(1_700_000_000, 0) },
	}
	store, err := orders.New(s)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) <= outages {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		store.Handler.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { server.Close(); store.Close() })
	s.OrdersStore.Host = strings.TrimPrefix(server.URL, "http://")
	c, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return c.Handler
}

func ask(h http.Handler, method, path, shop, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set(contract.HeaderShop, shop)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const checkout = `{"id":"` + id + `","name":" Hanako ","email":"h@example.com","items":[{"sku":"tea-cup","quantity":2}]}`

func TestCheckoutPricesTheOrderAndStoresItOnce(t *testing.T) {
	h := shopkeeper(t, 0, 0)
	w := ask(h, "POST", "/checkout", "hoge.example.com", checkout)
	const want = `{"id":"` + id + `","shop":"hoge.example.com","lines":[{"sku":"tea-cup","name":"Tea cup","quantity":2,"price":2400}],` +
		`"total":4800,"name":"Hanako","email":"h@example.com","placed":"2023-11-14T22:13:20Z",` +
		`"environment":"staging","payment":"test","shopset":"a-1","release":"1.0.0"}` + "\n"
	if w.Code != 201 || w.Body.String() != want {
		t.Errorf("status %d\ngot  %swant %s", w.Code, w.Body, want)
	}
	again := ask(h, "POST", "/checkout", "hoge.example.com", strings.Replace(checkout, `:2}`, `:9}`, 1))
	if again.Body.String() != want {
		t.Errorf("the same cart again makes another order: %s", again.Body)
	}
	if w := ask(h, "GET", "/orders/"+id, "hoge.example.com", ""); w.Body.String() != want {
		t.Errorf("reading it: %d %s", w.Code, w.Body)
	}
	if w := ask(h, "GET", "/orders/"+id, "fuga.example.com", ""); w.Code != 404 {
		t.Errorf("another shop reads it: %d %s", w.Code, w.Body)
	}
}

func TestCheckoutSaysWhatIsWrong(t *testing.T) {
	h := shopkeeper(t, 0, 0)
	tests := map[string]struct{ old, new, says string }{
		"no name":                 {" Hanako ", " ", "name"},
		"a name without end":      {" Hanako ", strings.Repeat("あ", 81), "name"},
		"no e-mail address":       {"h@example.com", "h", "e-mail"},
		"a product never sold":    {"tea-cup", "coffee-cup", "no longer on sale"},
		"an empty cart":           {`{"sku":"tea-cup","quantity":2}`, "", "empty"},
		"a quantity below nought": {`:2}`, `:-2}`, "not valid"},
		"a short id":              {id, "A", "id"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := ask(h, "POST", "/checkout", "hoge.example.com", strings.Replace(checkout, test.old, test.new, 1))
			if w.Code != 422 || !strings.Contains(w.Body.String(), test.says) {
				t.Errorf("status %d: %s; want 422 that says %q", w.Code, w.Body, test.says)
			}
		})
	}
}

func TestCheckoutWaitsForAStoreThatRestarts(t *testing.T) {
	w := ask(shopkeeper(t, 0, 3), "POST", "/checkout", "hoge.example.com", checkout)
	if w.Code != 201 {
		t.Errorf("status %d: %s, want 201", w.Code, w.Body)
	}
}

func TestFaultErrorRateFailsItsShare(t *testing.T) {
	if w := ask(shopkeeper(t, 1, 0), "GET", "/products", "hoge.example.com", ""); w.Code != 500 {
		t.Errorf("rate 1: status %d, want 500", w.Code)
	}
	w := ask(shopkeeper(t, 0, 0), "GET", "/products", "hoge.example.com", "")
	var products []contract.Product
	if err := json.Unmarshal(w.Body.Bytes(), &products); err != nil || w.Code != 200 || len(products) != 6 {
		t.Errorf("rate 0: status %d, %d products, %v", w.Code, len(products), err)
	}
	half, failed := shopkeeper(t, 0.5, 0), 0
	for range 1000 {
		if ask(half, "GET", "/products", "hoge.example.com", "").Code == 500 {
			failed++
		}
	}
	if failed < 300 || failed > 700 { // 12 standard deviations
		t.Errorf("rate 0.5: %d of 1000 failed", failed)
	}
}
