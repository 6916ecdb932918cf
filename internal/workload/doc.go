// Package workload sees what can be seen of workload clusters from here: whether their API servers
// answer, at which addresses their ShopSets are entered, and what the edges on them tell.
//
// What was seen once is not forgotten because it cannot be seen now: a cluster that does not answer
// keeps its last addresses and statuses. Absent and unknown are different things.
//
// A problem is local when it says nothing about the cluster, such as a kubeconfig that is wrong, a
// name that is not resolved, or a certificate that is not trusted; otherwise it is remote.
package workload
