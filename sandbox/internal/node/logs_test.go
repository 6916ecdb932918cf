package node

import "testing"

func TestTail(t *testing.T) {
	for name, test := range map[string]struct {
		content string
		lines   int
		want    string
	}{
		"all":                         {"a\nb\n", 0, "a\nb\n"},
		"the last line":               {"a\nb\n", 1, "b\n"},
		"an unfinished last line":     {"a\nb", 1, "b"},
		"two of three":                {"a\nb\nc\n", 2, "b\nc\n"},
		"more than there are":         {"a\nb\n", 5, "a\nb\n"},
		"an empty line is a line too": {"a\n\n", 1, "\n"},
		"of nothing":                  {"", 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := string(tail([]byte(test.content), test.lines)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
