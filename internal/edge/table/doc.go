// Package table keeps the routing table of an edge in memory.
//
// A Source gives sets of files, in whatever state they are; a Store takes a set only as a whole,
// verified against its index, and never gives up a good table for a bad one. What is in force is a
// State behind one atomic pointer: a compiled Table, which never changes and shares with the one
// before it what has not changed, and the Overrides. The last good table is kept on disk by Disk.
package table
