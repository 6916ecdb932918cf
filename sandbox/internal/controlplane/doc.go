// Package controlplane knows how to run one Kubernetes cluster from its parts:
// which files each process needs, with which arguments it starts, and when it
// is ready.
//
// Inside and outside are two addresses of one API server. Inside (direct) are
// the cluster's own processes and its Pods; outside (public) is everybody
// else, through a link that can be cut.
package controlplane
