// Package placement measures the planner of placements on fleets of up to a million shops: the first
// placement, one more ShopSet, the drain of a cluster and its return, the loss of a domain, and
// nothing at all. Every benchmark asserts the plan that it times: no hard constraint is broken, what
// must move is all that moves, and the fullest ShopSet is close to the mean.
//
// It also writes the same fleets for Ganeti's hbal and Ceph's crushtool and, where these programs are
// on the machine, puts the three side by side. fetch-rivals.sh beside this file brings them, as unpacked
// Debian packages, without installing anything:
//
//	bench/placement/fetch-rivals.sh DIR
//	PLACEMENT_RIVALS=DIR go test ./bench/placement -run Rivals -v
package placement
