package api

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"example.shop/storefront/internal/contract"
	"example.shop/storefront/internal/service"
)

// order makes an order of a checkout, at today's prices. Its error is a
// *service.StatusError that a shopper may read.
func (a *api) order(shop string, c contract.Checkout) (contract.Order, error) {
	order := contract.Order{
		ID: c.ID, Shop: shop, Name: strings.TrimSpace(c.Name), Email: strings.TrimSpace(c.Email),
		Placed: a.settings.Now().UTC(), Environment: a.settings.Environment, Payment: a.settings.PaymentMode,
		ShopSet: a.settings.Identity.ShopSet, Release: a.settings.Identity.Release,
	}
	if wrong := wrongWith(order, c.Items); wrong != "" {
		return order, &service.StatusError{Status: http.StatusUnprocessableEntity, Message: wrong}
	}
	for _, item := range c.Items {
		product, ok := a.product(item.SKU)
		if !ok {
			return order, &service.StatusError{Status: http.StatusUnprocessableEntity, Message: "One of the products is no longer on sale."}
		}
		order.Lines = append(order.Lines, contract.Line{
			SKU: item.SKU, Name: product.Name, Quantity: item.Quantity, Price: product.Price,
		})
		order.Total += item.Quantity * product.Price
	}
	return order, nil
}

func wrongWith(order contract.Order, items []contract.Item) string {
	switch {
	case order.Shop == "":
		return "The request names no shop."
	case !contract.ValidID(order.ID):
		return "The cart has no valid id."
	case len(items) == 0:
		return "The cart is empty."
	case !contract.ValidItems(items):
		return "The cart is not valid."
	case order.Name == "" || utf8.RuneCountInString(order.Name) > 80:
		return "Please give a name of up to 80 characters."
	case !strings.Contains(order.Email, "@") || len(order.Email) > 254:
		return "Please give an e-mail address."
	}
	return ""
}

func (a *api) product(sku string) (contract.Product, bool) {
	for _, p := range a.products {
		if p.SKU == sku {
			return p, true
		}
	}
	return contract.Product{}, false
}
