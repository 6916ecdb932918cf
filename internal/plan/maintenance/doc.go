// Package maintenance leads a ClusterMaintenance from step to step: it is asked again and again what
// to do now, and each answer follows from the objects, the tables and what is observed alone. So it
// does not matter who asks, or who was killed between two answers.
//
//	Pending ─ its turn ─ precheck ─┬─ Surging ─┬─ Draining ── Drained ── Returning ── Completed
//	                   └ Refused ──┘           │      └───────────┴── Abort ─┴──────── Aborted
//
// Before is the table when it began. What is displaced is the difference between that and today's
// table; to return is to make that difference vanish, group by group. A step is part of what is ahead,
// bounded by weight, and the next one waits until every fresh edge uses the table of the one before.
//
// Of several maintenances one moves at a time: the oldest of those that have begun and are not
// Drained. A caller asks them in the order of their age, and of their Decisions takes the first
// Placements that are not nil. Two may be begun at once only within one failure domain.
//
// Groups are known by name. Buckets that were doubled while a cluster was drained stay where they are.
//
// Whoever carries a Decision out writes its Status first. The object needs a finalizer as long as
// it has begun and not ended; one that is being deleted counts as aborted. A ShopSet that stands in
// is deleted like any other: it drains, and goes when no table names it.
package maintenance
