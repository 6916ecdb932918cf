// Package whatif is `shopctl whatif`: who is hit if failure domains die or a cluster is drained, who
// takes over, and what headroom remains.
package whatif
