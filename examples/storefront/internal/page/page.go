// Package page renders the HTML that shoppers see. Every page is one response
// without script, style sheet or picture of its own address, so that a page
// is whole even while a release replaces the components behind it.
package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"

	"example.shop/storefront/internal/contract"
	"example.shop/storefront/internal/service"
)

//go:embed *.html style.css pictures/*.svg
var files embed.FS

// Frame is what every page of a shop shows around its content.
type Frame struct {
	ShopName    string
	Hue         int // of the shop's colour, 0 to 359
	Count       int // of things in the cart
	Environment string
	// Trial is true where no money is taken.
	Trial    bool
	Identity service.Identity
}

// Front is the page with the products, the cart and the checkout form.
type Front struct {
	Frame
	Products []contract.Product
	Lines    []contract.Line
	Total    int
	CartDown bool
}

// Receipt is the page after a checkout.
type Receipt struct {
	Frame
	Order contract.Order
}

// Notice is a page of a title and a sentence, outside of any shop's design.
type Notice struct {
	Title    string
	Text     string
	Back     bool // offer the way back to the shop
	Identity service.Identity
}

// Pages is the set of pages, ready to be rendered.
type Pages struct {
	templates *template.Template
}

// New parses the pages.
func New() (*Pages, error) {
	functions := template.FuncMap{"yen": Yen, "style": style, "picture": picture}
	templates, err := template.New("").Funcs(functions).ParseFS(files, "*.html")
	if err != nil {
		return nil, fmt.Errorf("parsing the pages: %w", err)
	}
	return &Pages{templates: templates}, nil
}

// Front answers 200 with the front page.
func (p *Pages) Front(w http.ResponseWriter, v Front) { p.write(w, http.StatusOK, "front.html", v) }

// Receipt answers 200 with the receipt.
func (p *Pages) Receipt(w http.ResponseWriter, v Receipt) {
	p.write(w, http.StatusOK, "receipt.html", v)
}

// Notice answers status with the notice.
func (p *Pages) Notice(w http.ResponseWriter, status int, v Notice) {
	p.write(w, status, "notice.html", v)
}

func (p *Pages) write(w http.ResponseWriter, status int, name string, data any) {
	var html bytes.Buffer
	if err := p.templates.ExecuteTemplate(&html, name, data); err != nil {
		http.Error(w, fmt.Sprintf("rendering %s: %v", name, err), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(html.Len()))
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	w.Write(html.Bytes())
}

// Yen writes an amount as ¥12,300.
func Yen(amount int) string {
	digits := strconv.Itoa(amount)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return "¥" + digits
}

func style() (template.CSS, error) {
	css, err := files.ReadFile("style.css")
	return template.CSS(css), err //nolint:gosec // G203: a file of this program
}

// picture returns the drawing of a product, or a plain one for a product that
// has none.
func picture(sku string) (template.HTML, error) {
	svg, err := files.ReadFile("pictures/" + sku + ".svg")
	if err != nil {
		svg, err = files.ReadFile("pictures/parcel.svg")
	}
	return template.HTML(svg), err //nolint:gosec // G203: a file of this program
}
