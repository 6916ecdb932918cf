// Package place is `shopctl place`: it plans, offline, which ShopSets hold which shops, and says
// what would have to move and why.
package place
