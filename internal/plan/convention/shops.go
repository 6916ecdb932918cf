package convention

import (
	"fmt"

	"shopset.dev/shopset/api/v1alpha1"
)

// ShopRules judge Shops one at a time, against everything but other Shops: who owns a host that
// several claim is decided by package shops.
type ShopRules struct {
	classes  map[string]string
	known    map[string]bool
	shopSets map[string]string
	sets     map[string]bool
	places   map[string]bool
}

// NewShopRules prepares the rules of one fleet.
func NewShopRules(o Objects) *ShopRules {
	r := &ShopRules{
		classes: make(map[string]string, len(o.ShopClasses)), known: names(o.ShopClasses),
		shopSets: make(map[string]string, len(o.ShopSets)), sets: names(o.ShopSets),
		places: make(map[string]bool),
	}
	for i := range o.ShopClasses {
		r.classes[o.ShopClasses[i].Name] = o.ShopClasses[i].Spec.Tier
	}
	for i := range o.ShopSets {
		r.shopSets[o.ShopSets[i].Name] = o.ShopSets[i].Spec.Tier
	}
	for _, set := range []map[string]bool{r.sets, names(o.WorkloadClusters), names(o.FailureDomains)} {
		for name := range set {
			r.places[name] = true
		}
	}
	return r
}

// References gives the findings on what a shop names: its class, pins and avoidances.
func (r *ShopRules) References(shop *v1alpha1.Shop) []Finding {
	var found []Finding
	tier, classed := r.classes[shop.Spec.Class]
	if !classed {
		found = append(found, missing(KindShop, shop.Name, "spec.class", KindShopClass, shop.Spec.Class, r.known))
	}
	for i, pin := range shop.Spec.Pin {
		field := fmt.Sprintf("spec.pin[%d]", i)
		switch of, ok := r.shopSets[pin]; {
		case !ok:
			found = append(found, missing(KindShop, shop.Name, field, KindShopSet, pin, r.sets))
		case classed && of != tier:
			found = append(found, newFinding(KindShop, shop.Name, field, CodeWrongTier,
				fmt.Sprintf("ShopSet %s is of Tier %s, and shops of ShopClass %s are served by Tier %s", pin, of, shop.Spec.Class, tier),
				"name a ShopSet of Tier "+tier+", or give the shop a class of Tier "+of))
		}
	}
	for i, avoid := range shop.Spec.Avoid {
		if !r.places[avoid] {
			found = append(found, newFinding(KindShop, shop.Name, fmt.Sprintf("spec.avoid[%d]", i), CodeMissingReference,
				fmt.Sprintf("there is no ShopSet, WorkloadCluster or FailureDomain %q", avoid), "correct or remove it"))
		}
	}
	return found
}

// Pinned gives those of the shop's pins that can serve it.
func (r *ShopRules) Pinned(shop *v1alpha1.Shop) []string {
	var pins []string
	for _, pin := range shop.Spec.Pin {
		if tier, ok := r.shopSets[pin]; ok && tier == r.classes[shop.Spec.Class] {
			pins = append(pins, pin)
		}
	}
	return pins
}

// Findings gives all findings on a shop that concern no other shop.
func (r *ShopRules) Findings(shop *v1alpha1.Shop) []Finding {
	_, invalid := Hosts(shop)
	return append(r.References(shop), invalid...)
}

// shops judges each Shop by itself.
func shops(o Objects) []Finding {
	if len(o.Shops) == 0 {
		return nil
	}
	rules := NewShopRules(o)
	var found []Finding
	for i := range o.Shops {
		found = append(found, rules.Findings(&o.Shops[i])...)
	}
	return found
}
