// Package isolate is `shopctl isolate`: it gives one shop a ShopSet of its own, and undoes exactly
// that.
//
// The ShopSet is a dedicated one like the one that serves the shop, and the shop is pinned to it.
// Traffic stays where it is until the new ShopSet is live, because the planner moves a group only
// to where load may go.
//
// Vocabulary:
//
//   - The note is what the shop's pin was before, in an annotation of the Shop.
//   - The ShopSet's label names the shop that it was made for.
package isolate
