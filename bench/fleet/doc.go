// Package fleet measures the controller on a large fleet: rendering and committing
// 1,000 ShopSets, and what it costs to watch them while nothing happens.
//
// Every benchmark asserts the result that it times.
package fleet
