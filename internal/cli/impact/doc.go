// Package impact says who is concerned when failure domains die, or when a cluster is drained.
//
// Vocabulary:
//
//   - Today is where each group is held now, the serving ShopSet first.
//   - A group is hit if any of its ShopSets is concerned: it is taken over if the serving one is and
//     another holds the group, lost if no other does, and thinned if only a standby is.
//   - Afterwards is what the planner then does about it.
package impact
