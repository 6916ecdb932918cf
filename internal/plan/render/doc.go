// Package render turns the objects of a fleet into the files of the system
// repository. It is pure: the same objects give the same bytes.
//
// Vocabulary:
//
//   - A Tree is the content of some folder: path to file.
//   - Every file that the renderer writes carries a seal: a digest of the input
//     it was made from and a digest of its own body. With the seal anybody can
//     tell a file that is as we wrote it from one that a person has edited, and
//     an older renderer's file from one whose object has changed (see Decide).
//   - Settings are what all overlays of a tier share (where the kustomization of
//     the apps repository is, what becomes of its namespaces). They are a file of
//     platform/ and so climb the tiers with it.
package render
