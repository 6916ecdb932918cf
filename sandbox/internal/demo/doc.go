// Package demo shows ShopSet at work to a person who never saw it, on a sandbox, and measures
// what it claims.
//
// The demo is a row of acts. An act changes one thing (a commit, a Configuration), watches what
// happens, and notes claims, which must hold, and figures, which are compared with a limit. A
// claim that does not hold fails the demo; a figure over its limit is shown as such.
//
// A climb is the way of one change up the ladder of Tiers. Shoppers are what sees it: for every
// ShopSet there is one that asks for the front page all the time.
//
// The street is 500 shops behind two edges, and a crowd of shoppers that come through them. The acts
// on it make a cluster die, fall silent or be upgraded, and count what the crowd lost.
package demo
