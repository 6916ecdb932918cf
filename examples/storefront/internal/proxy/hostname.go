package proxy

import (
	"net"
	"strings"
)

// shopOf returns the shop that answers at host, an HTTP Host: the host name in
// lower case without port, final dot and "www.". It is false for anything that
// is no public host name: an address, a single label, or a malformed name.
func shopOf(host string) (string, bool) {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	labels := strings.Split(name, ".")
	if len(name) > 253 || len(labels) < 2 || digits(labels[len(labels)-1]) {
		return "", false
	}
	for _, label := range labels {
		if !validLabel(label) {
			return "", false
		}
	}
	if len(labels) > 2 {
		name = strings.TrimPrefix(name, "www.")
	}
	return name, true
}

func validLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	return strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// digits is true of the last label of an IPv4 address; no top-level domain is a number.
func digits(label string) bool {
	return strings.Trim(label, "0123456789") == ""
}
