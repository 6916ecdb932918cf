package orders

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"example.shop/storefront/internal/service"
)

func TestTheStoreServesItsOwnDatabaseOnly(t *testing.T) {
	const id = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	store := &url.URL{Scheme: "http", Host: "orders:8080", Path: "/staging"}
	c, err := New(service.Settings{OrdersStore: store, OrdersDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	order := func(shop string) string { return `{"id":"` + id + `","shop":"` + shop + `"}` }
	for _, step := range []struct {
		what, method, path, body string
		status                   int
	}{
		{"before it is stored", "GET", "/staging/orders/" + id, "", 404},
		{"under another's id", "PUT", "/staging/orders/" + strings.ToLower(id), order("hoge.example.com"), 400},
		{"of another database", "PUT", "/production/orders/" + id, order("hoge.example.com"), 404},
		{"stored", "PUT", "/staging/orders/" + id, order("hoge.example.com"), 201},
		{"stored again", "PUT", "/staging/orders/" + id, order("hoge.example.com"), 200},
		{"with the id of another shop's", "PUT", "/staging/orders/" + id, order("fuga.example.com"), 409},
		{"read", "GET", "/staging/orders/" + id, "", 200},
		{"listed", "GET", "/staging/orders?limit=5", "", 200},
	} {
		w := httptest.NewRecorder()
		c.Handler.ServeHTTP(w, httptest.NewRequest(step.method, step.path, strings.NewReader(step.body)))
		if w.Code != step.status {
			t.Errorf("an order %s: status %d, want %d: %s", step.what, w.Code, step.status, w.Body)
		}
	}
}

func TestADatabaseNeedsANameThatIsSafeInAPath(t *testing.T) {
	for _, path := range []string{"", "/", "/..", "/Staging", "/a b"} {
		store := &url.URL{Scheme: "http", Host: "orders:8080", Path: path}
		if _, err := New(service.Settings{OrdersStore: store, OrdersDir: t.TempDir()}); err == nil {
			t.Errorf("path %q is accepted", path)
		}
	}
}
