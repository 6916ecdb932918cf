// Package instance reads the compact form of a placement's input: large fleets as CSV or JSON,
// from other systems or made up for a comparison, without a Kubernetes object for each shop.
//
// CSV holds up to four tables, in one file or in several. The first cell of a table's head says
// what its rows are, the other cells of the head name its columns, in any order. Empty lines and
// lines that begin with # do not count.
//
//	shopset,tier,cluster,capacity,domain,state,dedicated
//	a-1,prod,a,500,on-prem/site-1/a,Active,
//
//	class,tier,copies,spread,prefer,priority
//	standard,prod,2,site,platform,10
//
//	group,class,weight,shops,current,home,pin,avoid
//	standard/0a,standard,12.5,16,a-1 b-1,,,
//
//	cluster,capacity
//	a,1000
//
// JSON is one object with the lists shopSets, classes, groups and clusters, whose entries have the
// same fields (the first cell is "name", lists are lists), and with levels, rebalance and freeze.
//
// Vocabulary:
//
//   - An amount (weight, capacity) is in requests per second: 12, 12.5, 12500m, 1.5k or 2M.
//   - A domain is a path of failure domains, outermost first: on-prem/site-1/a. Its parts are of
//     the levels platform, site and cluster, or of those that "levels" lists. A name stands for
//     one domain wherever it is written.
//   - spread are levels at which copies must differ, prefer those at which they should.
//
// Needed are: of a ShopSet name, tier, domain and capacity (its cluster is the last part of the
// domain unless it is named); of a class name and tier; of a group name, class and weight.
package instance
