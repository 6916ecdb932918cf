package routes

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

const (
	maxHost  = 253 // RFC 1035, without the trailing dot
	maxLabel = 63
	// mostHostInput bounds what is looked at at all; a host of 253 bytes can be longer in Unicode.
	mostHostInput = 1024
)

// NormalizeHost gives the one form of a host name under which it is in the table: lower case,
// without port and trailing dot, international names in punycode (the lookup profile of UTS #46).
// It refuses what no shop can have: wildcards, IP addresses, labels that DNS does not allow.
// A host that is in that form already is returned as it is, without any allocation.
func NormalizeHost(host string) (string, error) {
	if len(host) > mostHostInput {
		return "", fmt.Errorf("host of %d bytes: a host name has at most %d; correct it", len(host), maxHost)
	}
	if plainHost(host) {
		return host, checkHost(host)
	}
	name, err := withoutPort(host)
	if err != nil {
		return "", err
	}
	name = strings.TrimSuffix(name, ".")
	if strings.Contains(name, "*") {
		return "", fmt.Errorf("host %s: wildcards are not allowed; name each host", quoted(host))
	}
	if !utf8.ValidString(name) {
		return "", fmt.Errorf("host %s is not UTF-8; correct it", quoted(host))
	}
	if name, err = ascii(name); err != nil {
		return "", fmt.Errorf("host %s is not a host name (%w); correct it", quoted(host), err)
	}
	// A full stop of another script may have stood at the end.
	name = strings.TrimSuffix(name, ".")
	return name, checkHost(name)
}

// ascii maps to lower case and punycode. ASCII labels are DNS's business alone: the rules for
// international names refuse some that are in use.
func ascii(name string) (string, error) {
	lower, foreign := strings.ToLower(name), false
	for i := range len(name) {
		foreign = foreign || name[i] >= 0x80
	}
	if !foreign && !strings.HasPrefix(lower, "xn--") && !strings.Contains(lower, ".xn--") {
		return lower, nil
	}
	return idna.Lookup.ToASCII(name)
}

// plainHost is true if there is nothing to normalise; the host may be wrong all the same.
func plainHost(host string) bool {
	for i := range len(host) {
		if !hostByte(host[i]) && host[i] != '.' {
			return false
		}
	}
	return !strings.HasSuffix(host, ".") && !strings.HasPrefix(host, "xn--") && !strings.Contains(host, ".xn--")
}

func hostByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-'
}

func withoutPort(host string) (string, error) {
	if strings.HasPrefix(host, "[") || strings.Count(host, ":") > 1 {
		return "", fmt.Errorf("host %s is an IP address; a shop needs a host name", quoted(host))
	}
	name, port, _ := strings.Cut(host, ":")
	for i := range len(port) {
		if port[i] < '0' || port[i] > '9' {
			return "", fmt.Errorf("host %s: what follows the colon is no port; correct it", quoted(host))
		}
	}
	return name, nil
}

// checkHost looks at a name in lower case without trailing dot.
func checkHost(name string) error {
	if name == "" {
		return fmt.Errorf("host is empty; name one")
	}
	if len(name) > maxHost {
		return fmt.Errorf("host %s has %d bytes: a host name has at most %d; correct it", quoted(name), len(name), maxHost)
	}
	for rest, more := name, true; more; {
		var label string
		label, rest, more = strings.Cut(rest, ".")
		if problem := checkLabel(label); problem != "" {
			return fmt.Errorf("host %s: %s; correct it", quoted(name), problem)
		}
		if !more && numeric(label) {
			return fmt.Errorf("host %s is, or looks like, an IP address; a shop needs a host name", quoted(name))
		}
	}
	return nil
}

func checkLabel(label string) string {
	switch {
	case label == "":
		return "a label is empty"
	case len(label) > maxLabel:
		return fmt.Sprintf("a label has %d bytes, DNS allows %d", len(label), maxLabel)
	case label[0] == '-' || label[len(label)-1] == '-':
		return "a label begins or ends with -"
	}
	for i := range len(label) {
		if !hostByte(label[i]) {
			return fmt.Sprintf("%q is not allowed in a host name", label[i])
		}
	}
	return ""
}

// numeric is true for a last label that browsers take for a part of an IPv4 address.
func numeric(label string) bool {
	digits, hex := label, strings.HasPrefix(label, "0x")
	if hex {
		digits = label[2:]
	}
	for i := range len(digits) {
		c := digits[i]
		if (c < '0' || c > '9') && (!hex || c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
