package isolate

import (
	"encoding/json"
	"fmt"
	"slices"

	"shopset.dev/shopset/api/v1alpha1"
)

// AnnotationIsolated is on a Shop that was given a ShopSet of its own; its value is a note in JSON.
const AnnotationIsolated = "shopset.dev/isolated"

// note is what --release needs to know.
type note struct {
	// ShopSet that was made for the shop.
	ShopSet string `json:"shopSet"`
	// Pin of the shop before.
	Pin []string `json:"pin,omitempty"`
}

// noteOf reads a shop's note.
func noteOf(shop *v1alpha1.Shop) (n note, isolated bool, err error) {
	text, has := shop.Annotations[AnnotationIsolated]
	if !has {
		return note{}, false, nil
	}
	if err := json.Unmarshal([]byte(text), &n); err != nil || n.ShopSet == "" {
		return note{}, false, fmt.Errorf("reading annotation %s of Shop %s: not a note of isolate; correct spec.pin by hand and remove it", AnnotationIsolated, shop.Name)
	}
	return n, true, nil
}

// remember pins a shop to its own ShopSet, and notes what was before.
func remember(shop *v1alpha1.Shop, own string) error {
	text, err := json.Marshal(note{ShopSet: own, Pin: shop.Spec.Pin})
	if err != nil {
		return fmt.Errorf("noting the pin of Shop %s: %w", shop.Name, err)
	}
	if shop.Annotations == nil {
		shop.Annotations = map[string]string{}
	}
	shop.Annotations[AnnotationIsolated] = string(text)
	shop.Spec.Pin = []string{own}
	return nil
}

// restore undoes remember. kept says that somebody has pinned the shop elsewhere since: that stays.
func restore(shop *v1alpha1.Shop, n note) (kept bool) {
	delete(shop.Annotations, AnnotationIsolated)
	if !slices.Equal(shop.Spec.Pin, []string{n.ShopSet}) {
		return true
	}
	shop.Spec.Pin = n.Pin
	return false
}
