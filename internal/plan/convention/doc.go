// Package convention holds the rules that concern several objects of a fleet, in one
// place for everybody who enforces them: admission, which refuses a change that would
// break one, and the planner, which repeats them because admission may be down.
//
// A Finding is a broken rule: which object, which field, what is wrong and what to do
// next. Where two objects contradict each other the older one is right and the finding
// is on the younger, so that creating an object never breaks another.
//
// A user of an object is another object that names it in its spec. A ShopSet may be deleted while it
// serves shops: whoever carries the deletion out keeps it (by its finalizer) until the routing table
// names it no more, for a ShopSet that is being deleted counts as draining. Only a Shop that is pinned
// to it and to nothing else is in the way.
//
// There may be a million Shops. Each is judged alone (ShopRules); which of two has a host that both
// claim is for package shops to say, and no reason to refuse one.
//
// The package is pure: values in, values out, in an order that does not depend on the
// order of the input. No message repeats a secret value.
package convention
