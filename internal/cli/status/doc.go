// Package status is `shopctl status`: where every tier of a fleet stands, and why, in the very
// words of the objects' status.
//
// Vocabulary:
//
//   - A view is what the API server says of one fleet at one moment.
//   - A row is one tier (or ShopSet) of a view, ready to print.
package status
