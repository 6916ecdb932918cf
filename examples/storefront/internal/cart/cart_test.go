package cart

import (
	"net/http/httptest"
	"strings"
	"testing"

	"example.shop/storefront/internal/contract"
	"example.shop/storefront/internal/service"
)

const id = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func TestChangeAnswersWithTheCartInItsCookie(t *testing.T) {
	full := id
	for i := range contract.MaxItems {
		full += "~sku-" + string(rune('a'+i)) + ":1"
	}
	tests := map[string]struct {
		cookie, body string
		status       int
		want         string
	}{
		"the first of a product":         {id, `{"sku":"tea-cup","add":1}`, 200, id + "~tea-cup:1"},
		"one more":                       {id + "~tea-cup:1", `{"sku":"tea-cup","add":1}`, 200, id + "~tea-cup:2"},
		"a second product":               {id + "~tea-cup:1", `{"sku":"sencha","add":2}`, 200, id + "~tea-cup:1~sencha:2"},
		"the last of a product":          {id + "~tea-cup:1~sencha:2", `{"sku":"tea-cup","add":-1}`, 200, id + "~sencha:2"},
		"more than anybody may have":     {id + "~tea-cup:98", `{"sku":"tea-cup","add":5}`, 200, id + "~tea-cup:99"},
		"taking what is not there":       {id, `{"sku":"tea-cup","add":-1}`, 200, id},
		"one product more than it holds": {full, `{"sku":"tea-cup","add":1}`, 409, ""},
		"a product that is none":         {id, `{"sku":"../etc","add":1}`, 400, ""},
		"a body that is no JSON":         {id, `sku=tea-cup`, 400, ""},
	}
	c, err := New(service.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/cart/items", strings.NewReader(test.body))
			r.Header.Set("Cookie", "cart="+test.cookie)
			w := httptest.NewRecorder()
			c.Handler.ServeHTTP(w, r)
			got := ""
			for _, cookie := range w.Result().Cookies() {
				got = cookie.Value
			}
			if w.Code != test.status || got != test.want {
				t.Errorf("status %d, cookie %q; want %d, %q", w.Code, got, test.status, test.want)
			}
		})
	}
}

func TestAForgedCookieIsAnEmptyCart(t *testing.T) {
	for _, forged := range []string{
		"short", id + "~tea-cup:0", id + "~tea-cup:100", id + "~tea-cup:x", id + "~tea-cup", id + "~",
		id + "~tea-cup:1~tea-cup:1", id + "~" + strings.Repeat("a", 40) + ":1", strings.ToLower(id) + "~tea-cup:1",
	} {
		r := httptest.NewRequest("GET", "/cart", nil)
		r.Header.Set("Cookie", "cart="+forged)
		if got := fromRequest(r); len(got.Items) != 0 || got.Count != 0 || !contract.ValidID(got.ID) {
			t.Errorf("cookie %q became %v", forged, got)
		}
	}
}

func TestTheCookieIsOutOfReachOfScriptsAndOtherSites(t *testing.T) {
	r := httptest.NewRequest("DELETE", "/cart", nil)
	r.Header.Set("X-Forwarded-Proto", "https")
	w := httptest.NewRecorder()
	empty(w, r)
	const want = "cart=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
	if got := w.Header().Get("Set-Cookie"); got != want {
		t.Errorf("Set-Cookie %q, want %q", got, want)
	}
}
