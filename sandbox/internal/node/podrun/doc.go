// Package podrun runs the pods of a node: real processes for images of the local
// store, simulated ones for all others.
//
// A pod has a worker, and each of its containers a loop: start a run, attend to it
// (probes, hooks), note how it ended, and start the next one after a backoff, until
// the restart policy or the end of the pod says otherwise. What became of a pod is
// computed from its containers whenever one of them changed.
package podrun
