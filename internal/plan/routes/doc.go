// Package routes is the routing table as edges read it: its rows, and how they are written to files
// that people can read, compare and edit.
//
// The files lie in folder routes/ of branch main of the system repository:
//
//	hosts-<shard>.txt    table A: host group shop
//	groups-<shard>.txt   table B: group shopset[,shopset…]         the serving one first
//	shopsets.txt         table C: name tier cluster domain state address[,address…]
//	classes.txt          table C: name key=value…
//	SHA256SUMS           the index: what sha256sum prints, and comments
//	kustomization.yaml   makes one ConfigMap of each of the others
//
// One row a line, fields parted by one blank, "-" for an empty field, sorted by the bytes of the first
// field (LC_ALL=C sort does it), comments only above the first row. No file is longer than MaxFile.
//
// A shard is four hexadecimal digits. There are a power of two of them, so many that files have
// some 100 KiB; their number changes only when files become much longer or shorter than that. A row
// belongs to shard (h ^ h>>32) mod the number of shards, where h is the 64-bit FNV-1a hash of its
// first field. A change of some rows leaves the other shards as they are, to the byte.
//
// The index says "# epoch N", the epoch of the table, "# rows …", and once a table was
// deliberately made much smaller "# shrunk N", the epoch at which that was last acknowledged. After
// an edit by hand:
//
//	(grep '^#' SHA256SUMS; sha256sum hosts-*.txt groups-*.txt shopsets.txt classes.txt) > sums && mv sums SHA256SUMS
//	sha256sum -c SHA256SUMS
//
// (and correct the "# rows" comment, or delete it). On a cluster of edges the same files are
// ConfigMaps, see Kustomization; the override table, which is never in Git, is one more.
package routes
