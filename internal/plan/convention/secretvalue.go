package convention

import (
	"regexp"
	"strings"
)

// shape is a form that only secrets have, whatever they are called.
type shape struct {
	what    string
	pattern *regexp.Regexp
}

// shapes leave placeholders alone, as in postgres://app:$(PASSWORD)@db/shop: what begins with
// one of $ < { * is put in later, from elsewhere.
var shapes = []shape{
	{"a private key", regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----|AGE-SECRET-KEY-1[A-Z0-9]{20}`)},
	{"an AWS access key", regexp.MustCompile(`\b(AKIA|ASIA)[0-9A-Z]{16}\b`)},
	{"a GitHub token", regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22}`)},
	{"a GitLab token", regexp.MustCompile(`\bgl(pat|dt|rt|ptt|cbt|ft|soat)-[A-Za-z0-9_-]{20}`)},
	{"a Slack token", regexp.MustCompile(`\bxox[abeoprs]-[A-Za-z0-9-]{10}|hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20}`)},
	{"a payment key", regexp.MustCompile(`\b(sk|rk)_(live|test)_[A-Za-z0-9]{16}|\bwhsec_[A-Za-z0-9+/=]{24}`)},
	{"a shop platform token", regexp.MustCompile(`\bshp(at|ca|pa|ss)_[a-fA-F0-9]{32}`)},
	{"a Google API key", regexp.MustCompile(`\bAIza[0-9A-Za-z_-]{35}`)},
	{"an API key", regexp.MustCompile(`\bsk-[A-Za-z0-9_-]{20}|\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}`)},
	{"a registry token", regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}|\bdckr_pat_[A-Za-z0-9_-]{20}|\bpypi-AgE[A-Za-z0-9_-]{50}`)},
	{"a Vault token", regexp.MustCompile(`\bhv[sbr]\.[A-Za-z0-9_-]{24}`)},
	{"a storage account key", regexp.MustCompile(`(?i)\b(account|sharedaccess)key=[A-Za-z0-9+/]{40}`)},
	{"a signed token (JWT)", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{10,}`)},
	{"an Authorization header", regexp.MustCompile(`(?i)\bauthorization:\s*(basic|bearer)\s+[^\s$<{*][^\s]{7}`)},
	{"a URL with a password", regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@"']*:[^\s/@$<{*"'][^\s/@"']*@`)},
	{"a connection string with a password", regexp.MustCompile(
		`(?i)(^|[\s;?&"'])(password|passwd|pwd)=[^\s;&"'$<{*]|\b[\w.-]+:[^\s:@/$<{*]+@(tcp|unix)\(`)},
}

// shapeOf names the kind of secret that a text holds by its shape alone; empty if none.
func shapeOf(text string) string {
	for _, s := range shapes {
		if s.pattern.MatchString(text) {
			return s.what
		}
	}
	return ""
}

// assignment is one line of a properties, env, ini, YAML or JSON file.
var assignment = regexp.MustCompile(`^\s*(?:export\s+)?["']?([A-Za-z0-9_.-]+)["']?\s*[=:]\s*(\S.*?)\s*,?\s*$`)

// flag is a command line option with its value.
var flag = regexp.MustCompile(`^--?([A-Za-z][A-Za-z0-9_.-]*)=(.+)$`)

// secretIn says what makes a value look like a secret; empty if nothing does. The value
// itself never becomes part of what is said.
func secretIn(name, value string) string {
	if what := shapeOf(value); what != "" {
		return "it looks like " + what
	}
	if !strings.Contains(strings.TrimSpace(value), "\n") {
		if looksSecret(name, value) {
			return "its name says that it is a secret"
		}
		return secretFlag(value)
	}
	// A file. Its own name decides nothing: credentials.yaml may well hold references only.
	for line := range strings.Lines(value) {
		m := assignment.FindStringSubmatch(line)
		if m != nil && looksSecret(m[1], strings.Trim(m[2], `"'`)) {
			return "it sets " + m[1] + ", whose name says that it is a secret"
		}
	}
	return ""
}

func secretFlag(value string) string {
	for field := range strings.FieldsSeq(value) {
		if m := flag.FindStringSubmatch(field); m != nil && looksSecret(m[1], m[2]) {
			return "it sets --" + m[1] + ", whose name says that it is a secret"
		}
	}
	return ""
}
