package contract

// MaxQuantity is the largest quantity of one product, MaxItems the largest
// number of different products, in a cart or an order.
const (
	MaxQuantity = 99
	MaxItems    = 20
)

// ValidSKU reports whether s is 1 to 32 of a-z, 0-9 and "-".
func ValidSKU(s string) bool {
	return 1 <= len(s) && len(s) <= 32 && only(s, func(c byte) bool {
		return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-'
	})
}

// ValidID reports whether s can be the id of a cart and its order:
// 20 to 40 of A-Z and 0-9, long enough that nobody guesses another's.
func ValidID(s string) bool {
	return 20 <= len(s) && len(s) <= 40 && only(s, func(c byte) bool {
		return 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	})
}

// ValidItems reports whether the items are within the limits, each product once.
func ValidItems(items []Item) bool {
	seen := map[string]bool{}
	for _, item := range items {
		if !ValidSKU(item.SKU) || seen[item.SKU] || item.Quantity < 1 || item.Quantity > MaxQuantity {
			return false
		}
		seen[item.SKU] = true
	}
	return len(items) <= MaxItems
}

func only(s string, allowed func(byte) bool) bool {
	for i := range len(s) {
		if !allowed(s[i]) {
			return false
		}
	}
	return true
}
