// Package contract holds the JSON shapes that the components send each other.
// Money is in whole yen.
package contract

import "time"

// HeaderShop names the shop that a request is for; proxy sets it, on the answer too.
const HeaderShop = "X-Shop"

// CookieCart is the cookie that carries a shopper's cart.
const CookieCart = "cart"

// Product is one thing on sale.
type Product struct {
	SKU         string `json:"sku"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Price       int    `json:"price"`
}

// Item is a quantity of one product.
type Item struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

// Cart is what a shopper has picked so far.
type Cart struct {
	// ID becomes the id of the order, so that paying twice for one cart is impossible.
	ID    string `json:"id"`
	Items []Item `json:"items"`
	Count int    `json:"count"`
}

// Change adds to (or, negative, takes from) the quantity of one product in a cart.
type Change struct {
	SKU string `json:"sku"`
	Add int    `json:"add"`
}

// Checkout asks for an order.
type Checkout struct {
	ID    string `json:"id"`
	Items []Item `json:"items"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

// Line is one product of an order, at the price of that moment.
type Line struct {
	SKU      string `json:"sku"`
	Name     string `json:"name"`
	Quantity int    `json:"quantity"`
	Price    int    `json:"price"`
}

// Amount is the price of the whole line.
func (l Line) Amount() int { return l.Quantity * l.Price }

// Order is what was bought, and which ShopSet and release took the order.
type Order struct {
	ID          string    `json:"id"`
	Shop        string    `json:"shop"`
	Lines       []Line    `json:"lines"`
	Total       int       `json:"total"`
	Name        string    `json:"name"`
	Email       string    `json:"email"`
	Placed      time.Time `json:"placed"`
	Environment string    `json:"environment"`
	Payment     string    `json:"payment"`
	ShopSet     string    `json:"shopset"`
	Release     string    `json:"release"`
}
