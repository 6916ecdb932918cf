// Package fleet is the one controller: it reconciles a fleet, that is a namespace,
// as a whole. Whatever changes in the namespace, in Argo CD or in Git leads to the
// same steps: gather a snapshot, plan, apply to Git, tell in status.
package fleet
