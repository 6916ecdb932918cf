// Package proxy compares the edge with plain Caddy and with HAProxy, on one machine and in one run:
//
//	go test -run '^$' -bench . ./bench/proxy
//
// All of them stand before the same server, and carry the same map of hosts as far as they have one
// (plain Caddy passes everything on). They take turns of half a second, so that whatever else the
// machine does hits them alike; figures are medians over the turns, ratios those of turns
// that followed each other. Against plain Caddy they are asserted; HAProxy's are printed.
package proxy
