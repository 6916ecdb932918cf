package load

import (
	"regexp"
	"strings"
)

// maxGist bounds, in bytes, what is kept of an answer that is no page.
const maxGist = 80

var title = regexp.MustCompile(`<title>([^<]*)</title>`)

// gist is the title of a page, or the first line of what is no page.
func gist(body []byte) string {
	if found := title.FindSubmatch(body); found != nil {
		return string(found[1])
	}
	line, _, _ := strings.Cut(string(body), "\n")
	return strings.ToValidUTF8(line[:min(len(line), maxGist)], "")
}

// cause is a client's error without what differs from request to request.
func cause(text string) string {
	for _, known := range []struct{ part, name string }{
		{"while reading body", "the answer stopped in the middle"},
		{"Client.Timeout", "no answer in time"},
		{"context deadline exceeded", "no answer in time"},
		{"connection refused", "connection refused by the edge"},
		{"connection reset", "connection reset by the edge"},
		{"EOF", "connection ended by the edge"},
	} {
		if strings.Contains(text, known.part) {
			return known.name
		}
	}
	return text
}
