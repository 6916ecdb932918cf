// Package node is the node agent of a sandbox cluster: the kubelet, kube-proxy,
// cloud load balancer, volume provisioner and name service of its only node, on a
// developer's machine, without root and without containers.
//
// The cluster's API server, controller-manager and scheduler are real. A pod whose
// image is in the local image store runs as a real process of this machine; any
// other is simulated: it is shown as running, and says so in an annotation.
//
// The agent is one process. Its pods are its children and die with it; what is to
// run is recorded in the API server, so the next agent starts them again.
package node
