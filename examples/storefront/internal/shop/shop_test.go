package shop

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.shop/storefront/internal/cart"
	"example.shop/storefront/internal/contract"
	"example.shop/storefront/internal/service"
)

func TestDisplayName(t *testing.T) {
	for host, want := range map[string]string{
		"hoge.example.com": "Hoge", "tea-house.example.com": "Tea House", "7days.example.com": "7days", "": "Shop",
	} {
		if got := displayName(host); got != want {
			t.Errorf("displayName(%q) = %q, want %q", host, got, want)
		}
	}
}

// behind makes a shop with a real cart and an api that answers as told.
func behind(t *testing.T, api http.HandlerFunc, cartDown bool) http.Handler {
	t.Helper()
	carts, err := cart.New(service.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	s := service.Settings{
		API: serverURL(t, api, api == nil), Cart: serverURL(t, carts.Handler, cartDown),
		PaymentMode: "live", Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	c, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return c.Handler
}

func serverURL(t *testing.T, h http.Handler, down bool) *url.URL {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	if down {
		server.Close()
	}
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func oneProduct(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, `[{"sku":"tea-cup","name":"Tea cup","price":2400}]`)
}

func TestThePageTellsWhatFailedBehindIt(t *testing.T) {
	failing := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", http.StatusInternalServerError) }
	tests := map[string]struct {
		api      http.HandlerFunc
		cartDown bool
		status   int
		says     string
	}{
		"all answer":                         {oneProduct, false, 200, "Nothing in it yet"},
		"without its cart it still sells":    {oneProduct, true, 200, "The cart does not answer"},
		"an api that fails is 502":           {failing, false, 502, "Back in a moment"},
		"an api that does not answer is 503": {nil, false, 503, "Back in a moment"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set(contract.HeaderShop, "hoge.example.com")
			w := httptest.NewRecorder()
			behind(t, test.api, test.cartDown).ServeHTTP(w, r)
			if w.Code != test.status || !strings.Contains(w.Body.String(), test.says) {
				t.Errorf("status %d, want %d and %q:\n%s", w.Code, test.status, test.says, w.Body)
			}
			if strings.Contains(w.Body.String(), "no money is taken") {
				t.Error("a shop that takes money says that it takes none")
			}
		})
	}
}

func TestAProductThatIsNoLongerOnSaleCanBeTakenOut(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "cart=ABCDEFGHIJKLMNOPQRSTUVWXYZ~tea-cup:2~gone:1")
	w := httptest.NewRecorder()
	behind(t, oneProduct, false).ServeHTTP(w, r)
	for _, want := range []string{"No longer on sale", `name="sku" value="gone"`, "¥4,800"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page lacks %q:\n%s", want, w.Body)
		}
	}
}
