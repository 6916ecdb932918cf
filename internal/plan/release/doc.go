// Package release decides which release may enter which tier, and why not. It is
// pure: the whole world is in Input, the time included.
//
// Vocabulary:
//
//   - A release is three Git object ids: apps commit, configurations tree, platform tree.
//   - A tenure is a release's stay on a tier, begun by one commit of the tier's branch.
//   - The target is what the lowest tier shall run: the head of its apps branch with the
//     Configurations and the platform as rendered now.
//   - A release is proven on a tier once all gates have passed there. Proof is remembered:
//     a proven release may go up although a newer one has taken its place.
//   - A tier is busy while its release is neither proven nor degraded. One candidate soaks at
//     a time; what comes meanwhile queues, and the newest of the queue is taken next.
package release
