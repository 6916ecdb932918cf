// Package today reads the routing table that is in force: from a clone of the system repository, or
// from the ConfigMaps of a cluster that runs edges. Neither needs the controller.
package today
