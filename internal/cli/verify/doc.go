// Package verify is `shopctl verify`: proof, from clones of the two repositories alone, that no
// tier was ever skipped and that Git holds what it should.
//
// Vocabulary:
//
//   - Facts are all that the checks look at, read from Git beforehand; the checks are pure.
//   - A check asks one question of one branch and gives a result: proven, refuted, unknown
//     (what would answer it is not in the clones), or nothing to ask.
//   - A finding is one thing that is wrong, with the commits that are to blame.
package verify
