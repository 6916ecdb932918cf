// Package edge measures the core of the edge at the size it is built for: a million hosts. It
// asserts what it times.
package edge
