// Package override is `shopctl override`: rows that win over the routing table for a while, written
// straight to a cluster that runs edges. It needs neither Git nor Argo CD nor the controller, so
// it works when all three are down.
//
// Vocabulary:
//
//   - A match is what a row is about: a host, a placement group, or shopset:<name> for whatever that
//     ShopSet serves.
package override
