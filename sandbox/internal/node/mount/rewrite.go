package mount

import (
	"sort"
	"strings"
)

// Rewriter replaces mount paths by the real ones in words a program is given. A
// container has no file system of its own here, so "--config=/etc/cart/app.yaml"
// must become "--config=<root>/etc/cart/app.yaml".
type Rewriter struct {
	root  string
	kept  string
	paths []string // longest first
}

// NewRewriter rewrites mountPaths to lie below root. Paths below kept, root among
// them, are real already, wherever that directory is.
func NewRewriter(root, kept string, mountPaths []string) Rewriter {
	paths := make([]string, 0, len(mountPaths))
	for _, path := range mountPaths {
		if trimmed := strings.TrimRight(path, "/"); strings.HasPrefix(trimmed, "/") {
			paths = append(paths, trimmed)
		}
	}
	sort.SliceStable(paths, func(i, j int) bool { return len(paths[i]) > len(paths[j]) })
	return Rewriter{root: root, kept: kept, paths: paths}
}

// Rewrite replaces each mount path in text that starts a path there: at the
// beginning or after a delimiter, and followed by the end, a slash or a delimiter.
func (r Rewriter) Rewrite(text string) string {
	if len(r.paths) == 0 || !strings.Contains(text, "/") {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); {
		path, kept := r.at(text, i)
		switch {
		case path == "":
			out.WriteByte(text[i])
			i++
			continue
		case !kept:
			out.WriteString(r.root)
		}
		out.WriteString(path)
		i += len(path)
	}
	return out.String()
}

// RewriteAll is Rewrite for each of texts.
func (r Rewriter) RewriteAll(texts []string) []string {
	out := make([]string, 0, len(texts))
	for _, text := range texts {
		out = append(out, r.Rewrite(text))
	}
	return out
}

// at returns the mount path, or the kept one, that begins at text[i].
func (r Rewriter) at(text string, i int) (path string, kept bool) {
	if text[i] != '/' || !startsPath(text[:i]) {
		return "", false
	}
	if r.kept != "" && begins(text[i:], r.kept) {
		return r.kept, true
	}
	for _, path := range r.paths {
		if begins(text[i:], path) {
			return path, false
		}
	}
	return "", false
}

func begins(text, path string) bool {
	return strings.HasPrefix(text, path) && endsComponent(text[len(path):])
}

// startsPath tells whether a slash after before begins an absolute path, and is
// not one inside a longer path or URL ("file:///etc" does begin one).
func startsPath(before string) bool {
	if before == "" || strings.HasSuffix(before, "://") {
		return true
	}
	last := before[len(before)-1]
	// A closing bracket ends a variable, as in "$(POD_ROOT)/etc".
	return !isName(last) && strings.IndexByte("/)}", last) < 0
}

func endsComponent(after string) bool {
	return after == "" || !isName(after[0])
}

// isName tells whether c belongs to a file name rather than delimiting one.
func isName(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c >= 0x80:
		return true
	}
	return strings.IndexByte("._-~%+", c) >= 0
}
