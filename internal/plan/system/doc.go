// Package system plans the system repository as a whole: from the objects of a
// fleet and what Git and the clusters hold now, to the commits that shall be made.
// It joins the rules (convention), the files (render) and the releases (release),
// and is as pure as they are.
//
// Vocabulary:
//
//   - A branch's files are ours (rendered, sealed) or people's; people's are kept.
//   - An entry commit begins a tenure: it changes base, configurations or platform.
//   - A content commit changes overlays only and leaves the release as it is.
package system
