// Package v1alpha1 holds the kinds of ShopSet's API, group shopset.dev.
//
// One namespace is one fleet: every name in a spec refers to an object of the
// same namespace. What a kind may hold by itself is checked by CEL rules in its
// CustomResourceDefinition; what concerns several objects is checked at
// admission and, because admission can be down, once more by the planner.
//
// +kubebuilder:object:generate=true
// +groupName=shopset.dev
package v1alpha1
