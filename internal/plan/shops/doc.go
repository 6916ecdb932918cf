// Package shops leads from the objects of a fleet to the planner's input, and from its plan to the
// routing table.
//
// A bucket is the part of a class that a shop falls into by its name alone: the low bits of the
// SHA-256 of the name, so that anybody can compute it with sha256sum (with 4,096 buckets it is the
// last three digits), and twice as many buckets split each one in place. A placement group is a
// bucket of a class, "<class>/<hex>", or one shop by itself, "<class>/@<shop>".
//
// Bad input never takes a served shop away: a shop whose references are broken stays where today's
// table has it, and says so in a finding. A host belongs to the shop that is served under it; where
// nobody is, to the oldest that claims it.
//
// Weights and capacities are in thousandths of a request per second throughout.
package shops
