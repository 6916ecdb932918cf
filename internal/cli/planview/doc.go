// Package planview shows what the placement planner has decided: as tables for people, and as
// values with JSON names for programs.
//
// Vocabulary:
//
//   - Rate is a load in requests per second, as people and JSON see it; the planner counts in
//     thousandths.
//   - The mean of a tier is what its ShopSets serve divided by their capacity, those left out
//     that take no ordinary load: dedicated ones, and such as are drained or down.
package planview
