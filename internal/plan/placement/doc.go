// Package placement decides which ShopSets hold which shops.
//
// It places groups, never single shops: a class is divided into buckets, so that a million shops
// are some ten thousand groups. A group is held by as many ShopSets as its class asks for, each in
// another failure domain; the first of them serves it, the others are its standbys. What the first
// one serves is its load; when a domain dies, the load of its groups spills to the next in order.
//
// Hard constraints, never broken: the tier, required distinct domains, capacity, states, pins and
// avoidances, dedication. Then, in this order: as little as possible is moved; whatever single
// domain dies, the survivors can take its load (N-1 headroom); preferred domains differ; the load is
// balanced; the load of one ShopSet spills over many partners.
//
// The same input, in whatever order, gives the same plan, and every entry of a plan has a reason. A
// plan that is carried out leaves nothing to do.
//
// # How
//
// Everything that is fine stays (keep.go). Who serves the rest is a flow of least cost from groups
// over ShopSets and clusters, with moves as its cost (serve.go, pick.go, flow.go); what the flow cannot
// place marks the min cut, which explains the shortage (cut.go, explain.go), and takes the place of
// what is less important (displace.go). Standbys need no capacity of their own, so they cannot fail
// for the lack of it: they are spread so that the load which spills is level (fill.go). The books
// (books.go) know at any time what comes to whom if a domain dies. Last, what lost headroom by this
// plan is mended with switches and with what moves anyway (mend.go), and a plan that was hard to find
// is planned again from its own end until that makes nothing better (settle.go).
//
// # What is guaranteed
//
// If all groups weigh the same: everything that can be placed is, with the least number of moves
// there is; if it cannot, the most important is placed. With different weights that is bin packing, for
// which no quick way is known: groups are placed heavy first, rooms are made by exchanging one group
// for one and one for several lighter; so what a flow of fractions could place may, in a tier that is
// full but for less than its heaviest group on each ShopSet, remain unplaced.
//
// Nobody is moved for headroom, preferred domains or balance unless a rebalance is asked for. With
// headroom short, all copies are given all the same, except to the less important: where the sums prove
// that the survivors cannot take the load of all, the classes of the smallest priority in the tier go
// without standby, and never those of the highest.
//
// A search in a fleet that is full to the brim is bounded by work, not by time, so that the plan
// depends on nothing but the input. Headroom and balance are as good as greedy choices make them;
// no optimum is promised.
package placement
