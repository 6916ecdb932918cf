// Package where is `shopctl where`: which group a host or a shop is in, and which ShopSets hold it
// today, from the very table that edges read.
package where
