package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"example.shop/storefront/internal/contract"
)

func TestAShopperBuysTwoCupsAndANotebook(t *testing.T) {
	s := open(t, nil)
	hoge := newShopper(t, s.url("lb"), "hoge.example.com")

	page := must(t, 200)(hoge.get("/"))
	if page.count() != "0" || !strings.Contains(page.body, "Hoge") || !strings.Contains(page.body, "Tea cup") {
		t.Errorf("the first page shows no empty cart, shop name or product:\n%s", page.body)
	}
	must(t, 200)(hoge.post("/cart", "sku", "tea-cup", "add", "1"))
	must(t, 200)(hoge.post("/cart", "sku", "tea-cup", "add", "1"))
	must(t, 200)(hoge.post("/cart", "sku", "sencha", "add", "1"))
	must(t, 200)(hoge.post("/cart", "sku", "sencha", "add", "-1"))
	page = must(t, 200)(hoge.post("/cart", "sku", "notebook", "add", "1"))
	if page.count() != "3" || !strings.Contains(page.body, "¥5,700") {
		t.Errorf("the cart shows count %s, want 3 for ¥5,700:\n%s", page.count(), page.body)
	}

	page = must(t, 422)(hoge.post("/checkout", "name", "Hanako", "email", "nonsense"))
	if !strings.Contains(page.body, "e-mail") {
		t.Errorf("the page does not say what is wrong:\n%s", page.body)
	}
	page = must(t, 200)(hoge.post("/checkout", "name", "Hanako", "email", "hanako@example.com"))
	if !strings.HasPrefix(page.path, "/orders/") || page.count() != "0" || !strings.Contains(page.body, "¥5,700") {
		t.Errorf("no receipt with an empty cart at %s:\n%s", page.path, page.body)
	}
	other := newShopper(t, s.url("lb"), "fuga.example.com")
	must(t, 404)(other.get(page.path)) // a receipt is not shown in another shop

	want := contract.Order{
		ID: strings.TrimPrefix(page.path, "/orders/"), Shop: "hoge.example.com", Total: 5700, Name: "Hanako", Email: "hanako@example.com",
		Environment: "test", Payment: "none", ShopSet: shopSet, Release: release,
	}
	checkStored(t, s, want)
}

// checkStored compares the one order on disk, but for its time and lines.
func checkStored(t *testing.T, s *storefront, want contract.Order) {
	t.Helper()
	stored := lines(t, s.orders)
	if len(stored) != 1 {
		t.Fatalf("%d orders on disk, want 1", len(stored))
	}
	var got contract.Order
	if err := json.Unmarshal([]byte(stored[0]), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Lines) != 2 || got.Placed.IsZero() {
		t.Errorf("the order has %d lines, placed %s; want 2 lines and a time", len(got.Lines), got.Placed)
	}
	want.Lines, want.Placed = got.Lines, got.Placed
	if g, w := asJSON(t, got), asJSON(t, want); g != w {
		t.Errorf("stored %s\nwant   %s", g, w)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEveryResponseSaysWhoServedIt(t *testing.T) {
	s := open(t, nil)
	for _, name := range []string{"lb", "proxy", "shop", "cart", "api", "orders"} {
		for _, path := range []string{"/healthz", "/readyz", "/metrics", "/no/such/page"} {
			res, err := http.Get(s.url(name) + path)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if path != "/no/such/page" && res.StatusCode != http.StatusOK {
				t.Errorf("%s%s: status %d, want 200", name, path, res.StatusCode)
			}
			checkIdentity(t, name+path, res.Header)
		}
	}
	page := must(t, 200)(newShopper(t, s.url("lb"), "hoge.example.com").get("/"))
	checkIdentity(t, "the page", page.header)
	if got := page.header.Values("X-Shop"); len(got) != 1 || got[0] != "hoge.example.com" {
		t.Errorf("the page is of shop %q, want exactly hoge.example.com", got)
	}
	if page.footer() != shopSet+" "+release {
		t.Errorf("the footer says %q, want %q", page.footer(), shopSet+" "+release)
	}
}

func checkIdentity(t *testing.T, what string, header http.Header) {
	t.Helper()
	for name, want := range map[string]string{"X-Shopset": shopSet, "X-Shopset-Release": release} {
		if got := header.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %s is %q, want exactly %q", what, name, got, want)
		}
	}
}

func TestAHostThatIsNoHostNameGetsA404Page(t *testing.T) {
	s := open(t, nil)
	for _, host := range []string{"127.0.0.1:8080", "localhost", "-bad-.example.com"} {
		page := must(t, 404)(newShopper(t, s.url("lb"), host).get("/"))
		if !strings.Contains(page.body, "No shop here") {
			t.Errorf("host %s: no 404 page:\n%s", host, page.body)
		}
	}
}
