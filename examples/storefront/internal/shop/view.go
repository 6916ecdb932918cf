package shop

import (
	"hash/fnv"
	"net/http"
	"strings"

	"example.shop/storefront/internal/contract"
	"example.shop/storefront/internal/page"
)

func (h *shop) frame(r *http.Request, count int) page.Frame {
	host := r.Header.Get(contract.HeaderShop)
	return page.Frame{
		ShopName: displayName(host), Hue: hue(host), Count: count,
		Environment: h.settings.Environment, Trial: h.settings.PaymentMode != "live",
		Identity: h.settings.Identity,
	}
}

// displayName makes "Tea House" of tea-house.example.com.
func displayName(host string) string {
	label, _, _ := strings.Cut(host, ".")
	var words []string
	for word := range strings.SplitSeq(label, "-") {
		if word != "" {
			words = append(words, strings.ToUpper(word[:1])+word[1:])
		}
	}
	if len(words) == 0 {
		return "Shop"
	}
	return strings.Join(words, " ")
}

// hue gives each shop a colour of its own, the same on every ShopSet.
func hue(host string) int {
	sum := fnv.New32a()
	sum.Write([]byte(host))
	return int(sum.Sum32() % 360)
}

// linesOf prices a cart. A product that is no longer on sale keeps its line, so
// that the shopper can take it out.
func linesOf(cart contract.Cart, products []contract.Product) (lines []contract.Line, total int) {
	for _, item := range cart.Items {
		line := contract.Line{SKU: item.SKU, Name: "No longer on sale", Quantity: item.Quantity}
		for _, p := range products {
			if p.SKU == item.SKU {
				line.Name, line.Price = p.Name, p.Price
			}
		}
		lines = append(lines, line)
		total += line.Amount()
	}
	return lines, total
}
