// Package githost serves bare Git repositories over smart HTTP: Git's own
// http-backend behind an http.Handler. The sandbox's Git server is a Host, and
// tests that need a real remote use one too.
//
// A Host holds the repositories; its Hook is told of every ref that a push
// changed. Faults wraps any handler and makes it misbehave on purpose, the way
// networks and servers do: a status code, a delay, a connection cut before,
// during or after the work was done.
package githost
