package podenv

import "strings"

// Expand replaces $(NAME) by lookup's answer. As in Kubernetes, $$ stands for one
// dollar, and a reference to an unknown name stays as it was written.
func Expand(text string, lookup func(name string) (string, bool)) string {
	var out strings.Builder
	for {
		dollar := strings.IndexByte(text, '$')
		if dollar < 0 || dollar == len(text)-1 {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(text[:dollar])
		written, rest := reference(text[dollar:], lookup)
		out.WriteString(written)
		text = rest
	}
}

// reference expands what starts with the dollar at text[0].
func reference(text string, lookup func(string) (string, bool)) (written, rest string) {
	switch text[1] {
	case '$':
		return "$", text[2:]
	case '(':
		end := strings.IndexByte(text, ')')
		if end < 0 {
			return text, ""
		}
		if value, ok := lookup(text[2:end]); ok {
			return value, text[end+1:]
		}
		return text[:end+1], text[end+1:]
	default:
		return text[:2], text[2:]
	}
}

// ExpandAll is Expand for each of texts.
func ExpandAll(texts []string, lookup func(string) (string, bool)) []string {
	out := make([]string, 0, len(texts))
	for _, text := range texts {
		out = append(out, Expand(text, lookup))
	}
	return out
}
