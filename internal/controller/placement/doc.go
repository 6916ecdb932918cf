// Package placement is the second controller: it looks after where shops are served. It observes
// clusters and edges, places shops, writes the routing tables into branch main of the system
// repository, and carries ClusterMaintenances out.
//
// A fleet, that is a namespace, is reconciled as a whole: gather, judge the evidence, lead the
// maintenances on, plan, push one commit, tell in status. What it must not forget is in Git or in
// status: today's placement in the table, what is believed of clusters in their conditions, where a
// maintenance stands in its status. The folder routes/ is this controller's alone; what a person
// changes there is taken over as today's placement.
package placement
