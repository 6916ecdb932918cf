// Package e2e tests the six components as six processes that find each other
// by Service name, as they do in a cluster.
package e2e
