// Package convention holds the rules that concern several objects of a fleet, in one
// place for everybody who enforces them: admission, which refuses a change that would
// break one, and the planner, which repeats them because admission may be down.
//
// A Finding is a broken rule: which object, which field, what is wrong and what to do
// next. Where two objects contradict each other the older one is right and the finding
// is on the younger, so that creating an object never breaks another.
//
// A user of an object is another object that names it in its spec.
//
// The package is pure: values in, values out, in an order that does not depend on the
// order of the input. No message repeats a secret value.
package convention
