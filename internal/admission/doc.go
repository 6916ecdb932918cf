// Package admission refuses changes that break a rule between objects, at the moment a person
// makes them and in words that person sees.
//
// It enforces package convention and adds no rule of its own. A change is refused for what it
// adds, never for what was wrong before: a fleet with a mistake in it can still be repaired
// step by step. Deleting what is in use is refused with the list of users.
//
// Nothing depends on it. The API server ignores it when it is down, it lets pass what it
// cannot judge (with a warning), and the planner repeats the rules.
package admission
