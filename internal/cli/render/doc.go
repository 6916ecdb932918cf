// Package render is `shopctl render`: it writes, without cluster and without Git, what each
// branch of the system repository would hold.
//
// Vocabulary:
//
//   - The out folder holds one folder a branch.
//   - The marker, a file in the out folder, lists what render wrote there, with digests. A
//     file that is not as the marker says is foreign: it belongs to somebody else.
package render
