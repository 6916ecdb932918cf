// Package situation gathers what a placement is planned from: objects or their compact form from
// files, or the objects of a living fleet; with today's routing table, if it is known.
package situation
