package gitrepo

import (
	"fmt"
	"strings"
)

// checkRef applies the rules of git check-ref-format to a full name.
func checkRef(ref string) error {
	if !strings.HasPrefix(ref, "refs/") {
		return fmt.Errorf("ref %q: want a full name below refs/", ref)
	}
	if strings.ContainsAny(ref, " ~^:?*[\\\x7f") || strings.Contains(ref, "..") ||
		strings.Contains(ref, "@{") || strings.HasSuffix(ref, ".") ||
		strings.ContainsFunc(ref, func(c rune) bool { return c < ' ' }) {
		return fmt.Errorf("ref %q: has a character that Git does not allow there", ref)
	}
	for segment := range strings.SplitSeq(ref, "/") {
		if segment == "" || segment[0] == '.' || segment[0] == '-' || strings.HasSuffix(segment, ".lock") {
			return fmt.Errorf("ref %q: segment %q is not allowed", ref, segment)
		}
	}
	return nil
}

// refspec is one "+source:destination", each with at most one "*".
type refspec struct {
	source, destination string
}

func (s refspec) String() string { return "+" + s.source + ":" + s.destination }
func (s refspec) wild() bool     { return strings.Contains(s.source, "*") }

func parseRefspec(text string) (refspec, error) {
	source, destination, ok := strings.Cut(strings.TrimPrefix(text, "+"), ":")
	if !ok || strings.Count(source, "*") > 1 || strings.Count(source, "*") != strings.Count(destination, "*") {
		return refspec{}, fmt.Errorf("refspec %q: want +<ref>:<ref>, with at most one * on each side", text)
	}
	for _, ref := range []string{source, destination} {
		if err := checkPattern(ref); err != nil {
			return refspec{}, fmt.Errorf("refspec %q: %w", text, err)
		}
	}
	return refspec{source, destination}, nil
}

func checkPattern(pattern string) error {
	if strings.Count(pattern, "*") > 1 {
		return fmt.Errorf("ref pattern %q: want at most one *", pattern)
	}
	return checkRef(strings.Replace(pattern, "*", "x", 1))
}

// matchPattern matches a full ref name; the "*" of a pattern takes slashes too.
func matchPattern(pattern, ref string) bool {
	before, after, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == ref
	}
	return len(ref) >= len(before)+len(after) && strings.HasPrefix(ref, before) && strings.HasSuffix(ref, after)
}

// checkPath accepts what a tree can hold and a checkout can write safely.
func checkPath(path string) error {
	if path == "" {
		return fmt.Errorf("path %q: empty", path)
	}
	if strings.ContainsRune(path, 0) {
		return fmt.Errorf("path %q: contains a NUL", path)
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." || strings.EqualFold(segment, ".git") {
			return fmt.Errorf("path %q: segment %q is not allowed", path, segment)
		}
	}
	return nil
}
