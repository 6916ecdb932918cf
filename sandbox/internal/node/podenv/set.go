package podenv

import (
	"maps"
	"sort"
)

// Set is an environment: names and values.
type Set struct{ values map[string]string }

// NewSet returns an empty environment.
func NewSet() *Set { return &Set{values: map[string]string{}} }

// Put sets name, replacing what it was.
func (s *Set) Put(name, value string) { s.values[name] = value }

// Lookup returns the value of name and whether it is set.
func (s *Set) Lookup(name string) (string, bool) {
	value, ok := s.values[name]
	return value, ok
}

// Map rewrites every value, except those that are as they are in kept.
func (s *Set) Map(rewrite func(string) string, kept *Set) {
	for name, value := range s.values {
		if before, same := kept.Lookup(name); !same || before != value {
			s.values[name] = rewrite(value)
		}
	}
}

// Clone returns a copy.
func (s *Set) Clone() *Set { return &Set{values: maps.Clone(s.values)} }

// List returns "NAME=value" lines in the order of names.
func (s *Set) List() []string {
	lines := make([]string, 0, len(s.values))
	for name, value := range s.values {
		lines = append(lines, name+"="+value)
	}
	sort.Strings(lines)
	return lines
}
