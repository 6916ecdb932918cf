// Package health judges ShopSets from where an edge stands.
//
// A Target is one ShopSet. It is *down* after some probes in a row failed, and up again after some
// in a row passed and a hold-down is over. It is *ejected* for a while when requests to it fail in a
// row (outliers), unless too many of its tier are ejected or down already. Once back it gets a
// growing share of what it would serve (slow start). When most of the Fleet looks bad the edge
// suspects itself (panic) and ignores ejections.
//
// A ShopSet from which answers are awaited and do not come is *suspected*: it is probed at once, and if
// that fails too, those who wait are told that it is lost.
package health
