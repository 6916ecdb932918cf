package gitrepo

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var trailerKey = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*$`)

func lastTrailer(trailers []Trailer, key string) string {
	for i := len(trailers) - 1; i >= 0; i-- {
		if strings.EqualFold(trailers[i].Key, key) {
			return trailers[i].Value
		}
	}
	return ""
}

// composeMessage joins a message and its trailers. Line ends inside a value,
// which may be a person's words, become spaces, so that no value can pass for
// another trailer.
func composeMessage(message string, trailers []Trailer) (string, error) {
	message = strings.TrimSpace(strings.ReplaceAll(message, "\r\n", "\n"))
	if message == "" {
		return "", errors.New("commit message: empty")
	}
	var lines []string
	for _, trailer := range trailers {
		if !trailerKey.MatchString(trailer.Key) {
			return "", fmt.Errorf("trailer %q: want letters, digits and dashes", trailer.Key)
		}
		lines = append(lines, trailer.Key+": "+strings.Join(strings.Fields(trailer.Value), " ")+"\n")
	}
	text := message + "\n"
	if len(lines) > 0 {
		if parseTrailers(text) == nil { // otherwise they join those of the message
			text += "\n"
		}
		text += strings.Join(lines, "")
	}
	if strings.ContainsRune(text, 0) {
		return "", errors.New("commit message: contains a NUL")
	}
	return text, nil
}

// subject is the first paragraph on one line.
func subject(message string) string {
	paragraph, _, _ := strings.Cut(strings.TrimLeft(message, "\n"), "\n\n")
	return strings.Join(strings.Fields(paragraph), " ")
}

// parseTrailers reads the last paragraph, if it is not the first and every line
// is a trailer, the continuation of one, or git's note of a cherry-pick.
func parseTrailers(message string) []Trailer {
	text := strings.TrimSpace(strings.ReplaceAll(message, "\r\n", "\n"))
	at := strings.LastIndex(text, "\n\n")
	if at < 0 {
		return nil
	}
	var trailers []Trailer
	for line := range strings.SplitSeq(text[at+2:], "\n") {
		key, value, found := strings.Cut(line, ":")
		switch {
		case strings.HasPrefix(line, "(cherry picked from commit "):
		case len(trailers) > 0 && (line[0] == ' ' || line[0] == '\t'):
			last := &trailers[len(trailers)-1]
			last.Value = strings.TrimSpace(last.Value + " " + strings.TrimSpace(line))
		case found && trailerKey.MatchString(key):
			trailers = append(trailers, Trailer{Key: key, Value: strings.TrimSpace(value)})
		default:
			return nil
		}
	}
	return trailers
}
