package output_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/output"
)

func TestTable(t *testing.T) {
	s := output.Sheet{
		Head: []string{"TIER", "PHASE", "REASON"},
		Rows: [][]output.Cell{
			{output.Text("dev"), {Text: "Proven", Style: output.Good}, output.Text("proven")},
			{output.Text("beta-prod"), {Text: "Blocked", Style: output.Bad}, output.Text("two\nlines and \x1b[2J a trick")},
			{output.Text("本番"), output.Text(""), output.Text("é")},
		},
	}
	want := []string{
		"TIER        PHASE     REASON",
		"dev         Proven    proven",
		"beta-prod   Blocked   two lines and  [2J a trick",
		"本番          -         é",
	}
	if diff := cmp.Diff(want, s.Lines(false)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	coloured := s.Lines(true)
	if want := "dev         \x1b[32mProven\x1b[0m    proven"; coloured[1] != want {
		t.Errorf("got %q, want %q", coloured[1], want)
	}
}

func TestScreen(t *testing.T) {
	tests := map[string]struct {
		lines []string
		want  string
	}{
		"all fits": {[]string{"a", "b"}, "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J"},
		"the rest is counted": {[]string{"a", "b", "c", "d", "e"},
			"\x1b[Ha\x1b[K\nb\x1b[K\n… 3 more\x1b[K\n\x1b[J"},
		"exactly as many as fit": {[]string{"a", "b", "c"}, "\x1b[Ha\x1b[K\nb\x1b[K\nc\x1b[K\n\x1b[J"},
		"a long line takes several": {[]string{strings.Repeat("x", 25), "b"},
			"\x1b[H… 2 more\x1b[K\n\x1b[J"},
		"colours take no room": {[]string{"\x1b[32m" + strings.Repeat("x", 10) + "\x1b[0m", "b", "c"},
			"\x1b[H\x1b[32mxxxxxxxxxx\x1b[0m\x1b[K\nb\x1b[K\nc\x1b[K\n\x1b[J"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, output.Screen(tc.lines, 10, 4)); diff != "" {
				t.Errorf("screen (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFormats(t *testing.T) {
	if _, err := output.Parse("jsonn"); exit.Of(err) != exit.Usage || !strings.Contains(err.Error(), "table, wide, json, yaml, name") {
		t.Errorf("a wrong format: %v", err)
	}
	var b strings.Builder
	if err := output.Document(&b, output.JSON, map[string]int{"b": 1, "a": 2}); err != nil {
		t.Fatal(err)
	}
	if err := output.Document(&b, output.YAML, map[string]int{"b": 1, "a": 2}); err != nil {
		t.Fatal(err)
	}
	if want := "{\n  \"a\": 2,\n  \"b\": 1\n}\na: 2\nb: 1\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestNoColourAwayFromATerminal(t *testing.T) {
	s := output.Streams{Out: &strings.Builder{}, Getenv: func(string) string { return "" }}
	if s.Colour() {
		t.Error("a file is no terminal")
	}
}
