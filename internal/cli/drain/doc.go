// Package drain is `shopctl drain`, `shopctl uncordon` and `shopctl cordon`: they write what a person
// wants of a cluster into its ClusterMaintenance and its WorkloadCluster. The controller does the
// rest.
//
// Vocabulary:
//
//   - A maintenance is open until it has completed or was aborted.
package drain
