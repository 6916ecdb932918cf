package routes

import (
	"strconv"
	"strings"
)

// maxName bounds every name but those of hosts: "<class>/@<shop>" of two DNS labels fits well.
const maxName = 150

// nameProblem is empty for a name that may be a field: letters, digits and a few signs that
// neither part fields nor begin a comment.
func nameProblem(name, signs string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > maxName:
		return "is longer than " + strconv.Itoa(maxName) + " bytes"
	case !alphanumeric(name[0]):
		return "does not begin with a letter or a digit"
	}
	for i := range len(name) {
		if c := name[i]; !alphanumeric(c) && strings.IndexByte(signs, c) < 0 {
			return "contains " + strconv.QuoteRune(rune(c))
		}
	}
	return ""
}

const (
	plainSigns  = "-._"
	groupSigns  = "-._/@"
	domainSigns = "-._/"
)

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z'
}

// ClassOf gives the class of a group: what stands before the first slash.
func ClassOf(group string) string {
	class, _, _ := strings.Cut(group, "/")
	return class
}

func groupProblem(group string) string {
	if problem := nameProblem(group, groupSigns); problem != "" {
		return problem
	}
	if class, bucket, found := strings.Cut(group, "/"); !found || class == "" || bucket == "" {
		return "is not <class>/<bucket>"
	}
	return ""
}

// addressProblem is empty for host:port, where host is a name or an IP address.
func addressProblem(address string) string {
	colon := strings.LastIndexByte(address, ':')
	if colon < 1 {
		return "is not host:port"
	}
	host, port := address[:colon], address[colon+1:]
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 || port[0] == '+' {
		return "has no port between 1 and 65535"
	}
	if inner, found := strings.CutPrefix(host, "["); found {
		if inner, found = strings.CutSuffix(inner, "]"); !found || inner == "" || strings.Trim(inner, "0123456789abcdefABCDEF:.") != "" {
			return "is no IPv6 address in brackets"
		}
		return ""
	}
	if len(host) > maxHost {
		return "is too long"
	}
	for i := range len(host) {
		if c := host[i]; !alphanumeric(c) && c != '-' && c != '.' {
			return "contains " + strconv.QuoteRune(rune(c))
		}
	}
	return ""
}
