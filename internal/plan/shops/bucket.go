package shops

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
)

// Bucket gives the bucket of a shop, from 0 to buckets-1. Buckets is a power of two; anything
// else counts as the next smaller one.
func Bucket(shop string, buckets int) int {
	if buckets < 2 {
		return 0
	}
	var name [64]byte // longer than a name, and so nothing is allocated
	sum := sha256.Sum256(append(name[:0], shop...))
	mask := uint32(1)<<(bits.Len32(uint32(min(buckets, 1<<24)))-1) - 1
	return int(binary.BigEndian.Uint32(sum[len(sum)-4:]) & mask)
}

// BucketGroup names the placement group of a bucket: as many hexadecimal digits as the largest
// bucket of the class needs.
func BucketGroup(class string, bucket, buckets int) string {
	width := (bits.Len(uint(max(buckets-1, 1))) + 3) / 4
	return fmt.Sprintf("%s/%0*x", class, width, bucket)
}

// OwnGroup names the placement group of a shop that is placed by itself.
func OwnGroup(class, shop string) string {
	return class + "/@" + shop
}

// GroupOf gives the placement group of a shop in a class.
func GroupOf(class *v1alpha1.ShopClass, shop *v1alpha1.Shop) string {
	if ownGroup(shop, shopWeight(class, shop), classWeight(class)) {
		return OwnGroup(class.Name, shop.Name)
	}
	n := buckets(class)
	return BucketGroup(class.Name, Bucket(shop.Name, n), n)
}

// ownGroup tells whether a shop is placed by itself: because it is pinned, avoids something or
// weighs too much to move along with others.
func ownGroup(shop *v1alpha1.Shop, weight, usual int64) bool {
	return len(shop.Spec.Pin) > 0 || len(shop.Spec.Avoid) > 0 || weight >= HeavyFactor*usual
}

func buckets(class *v1alpha1.ShopClass) int {
	return max(int(class.Spec.Buckets), 1)
}

func classWeight(class *v1alpha1.ShopClass) int64 {
	if class == nil || class.Spec.Weight == nil {
		return DefaultWeight
	}
	return max(class.Spec.Weight.MilliValue(), 1)
}

// shopWeight is the shop's own weight, or else that of its class; class may be nil.
func shopWeight(class *v1alpha1.ShopClass, shop *v1alpha1.Shop) int64 {
	if shop.Spec.Weight == nil {
		return classWeight(class)
	}
	return max(shop.Spec.Weight.MilliValue(), 1)
}

// usable tells which classes can be placed: those whose tier exists.
func usable(o convention.Objects) map[string]*v1alpha1.ShopClass {
	tiers := make(map[string]bool, len(o.Tiers))
	for i := range o.Tiers {
		tiers[o.Tiers[i].Name] = true
	}
	classes := make(map[string]*v1alpha1.ShopClass, len(o.ShopClasses))
	for i := range o.ShopClasses {
		if c := &o.ShopClasses[i]; tiers[c.Spec.Tier] {
			classes[c.Name] = c
		}
	}
	return classes
}
