// Package change is what all verbs of shopctl that change something have in common: a dry run, a
// question before what is dangerous, and how the outcome is printed.
//
// Such a verb creates or changes objects that a person could with kubectl, and nothing else. Its
// dry run prints those objects, ready for `kubectl apply --server-side -f -`.
//
// Vocabulary:
//
//   - The blast radius says who is concerned, before it happens.
package change
