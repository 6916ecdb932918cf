// Package recovery breaks what surrounds the controller, and kills the
// controller itself, on real clusters with a real Argo CD, and looks with git
// alone at what became of the repositories.
//
// Vocabulary:
//
//   - The host is a Git server of the test's own, one for each fleet, in front
//     of which faults can be put. It tells by the user name who asks: faults
//     strike the controller, and others only where a test says so.
//   - A person works on the bare repositories themselves, past all faults.
//   - A climb is a commit's way from the lowest tier until it is proven on all.
//   - A kill point is a request to the host at which the controller dies.
//
// All tests share one sandbox. Each has a fleet, repositories and a controller
// process of its own. SHOPSET_RECOVERY_SANDBOX may name the directory of a
// sandbox that is up; it is used and left as it is.
package recovery
