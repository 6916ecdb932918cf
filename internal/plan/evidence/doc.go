// Package evidence judges, from what several sides observe, which clusters and ShopSets are down.
//
// The sides are the control plane, which asks a cluster's API server, and the edges, which probe the
// ShopSets that they send shoppers to. An observation counts while it is fresh. A side misses a
// cluster if it cannot reach it; the edges miss one if every fresh edge misses all of its ShopSets.
//
//	                        edges see it        edges miss it           no fresh edge
//	API server answers      Up                  its ShopSets are Down   Unknown
//	API server is missed    Unknown             Down                    Unknown
//
// A problem on our own side (DNS, credentials, a certificate) says nothing about the cluster: Unknown.
// So does an edge that sees nothing at all of several clusters. If the edges miss more than half of
// the ShopSets of a tier although API servers answer, that is rather a bad release or a mad edge:
// Unknown. Unknown is cordoned and never evicted.
//
// Down takes Limits.DownAfter of agreement without a break, and Up again Limits.UpAfter; Returning is
// in between. More domains down, or about to be, than Limits.FreezeAbove freeze all placement: the
// observer is to be doubted first.
//
// All times are of the observer's own clock.
package evidence
