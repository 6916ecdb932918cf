// Package snapshot gathers the planner's input: the objects of a fleet, what both
// repositories hold, and what Argo CD says. It reads and never writes, and what it
// gives is plain values.
//
// What has an object id never changes, so everything read by id is remembered.
package snapshot
