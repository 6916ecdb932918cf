package page

import (
	"net/http/httptest"
	"strings"
	"testing"

	"example.shop/storefront/internal/contract"
	"example.shop/storefront/internal/service"
)

func TestYen(t *testing.T) {
	for amount, want := range map[int]string{0: "¥0", 900: "¥900", 2400: "¥2,400", 12345678: "¥12,345,678"} {
		if got := Yen(amount); got != want {
			t.Errorf("Yen(%d) = %s, want %s", amount, got, want)
		}
	}
}

func TestPagesAreWholeAndHarmless(t *testing.T) {
	pages, err := New()
	if err != nil {
		t.Fatal(err)
	}
	const evil = `<script>alert(1)</script>`
	frame := Frame{ShopName: evil, Hue: 120, Environment: "staging", Trial: true, Identity: service.Identity{ShopSet: "a-1", Release: "1.0.0"}}
	tests := map[string]func(*httptest.ResponseRecorder){
		"front": func(w *httptest.ResponseRecorder) {
			pages.Front(w, Front{Frame: frame, Products: []contract.Product{{SKU: "../style", Name: evil}}})
		},
		"receipt": func(w *httptest.ResponseRecorder) {
			pages.Receipt(w, Receipt{Frame: frame, Order: contract.Order{ID: evil}})
		},
		"notice": func(w *httptest.ResponseRecorder) {
			pages.Notice(w, 404, Notice{Title: "No shop here", Text: evil, Identity: frame.Identity})
		},
	}
	for name, write := range tests {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			write(w)
			html := w.Body.String()
			if strings.Contains(html, "<script") || !strings.Contains(html, "&lt;script&gt;") {
				t.Errorf("text is not escaped:\n%s", html)
			}
			if !strings.HasSuffix(strings.TrimSpace(html), "</html>") || !strings.Contains(html, `id="release">1.0.0<`) {
				t.Errorf("the page is not whole:\n%s", html)
			}
			if strings.Contains(html, "ZgotmplZ") {
				t.Errorf("the template engine refused a value:\n%s", html)
			}
			if csp := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") {
				t.Errorf("Content-Security-Policy is %q", csp)
			}
		})
	}
}
