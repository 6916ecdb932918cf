package console_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clocktesting "k8s.io/utils/clock/testing"

	"shopset.dev/shopset/sandbox/internal/demo/console"
)

func TestConsole(t *testing.T) {
	var out bytes.Buffer
	begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clk := clocktesting.NewFakePassiveClock(begun)
	c := console.New(&out, clk)
	c.Title("%d. An act", 1)
	c.Say("A   paragraph\nof %s.", "words")
	clk.SetTime(begun.Add(61200 * time.Millisecond))
	c.Event("it happens")
	c.EventAt(begun.Add(time.Second), "it had happened")
	c.Command("first\n  second\n")
	c.Lines("a\nb\n")
	c.Table([]string{"name", "value"}, [][]string{{"long name", ""}, {"x", "2"}})
	want := `
1. An act
---------

A paragraph of words.

    61.2 s  it happens
     1.0 s  it had happened
            $ first
                second
            a
            b
  name       value
  long name
  x          2

`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWrap(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"short enough":                     {"one two", "one two"},
		"just fits":                        {"one two th", "one two th"},
		"breaks before what does not fit":  {"one two three", "one two\nthree"},
		"a word longer than a line stands": {"one twothreefour five", "one\ntwothreefour\nfive"},
		"nothing":                          {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := console.Wrap(test.text, 10); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestQuoted(t *testing.T) {
	got := console.Quoted("kubectl", "-n", "x", `-p=[{"op": "replace"}]`, "it's", "")
	if want := `kubectl -n x '-p=[{"op": "replace"}]' 'it'\''s' ''`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestIndentPassesWholeLinesOn(t *testing.T) {
	var out bytes.Buffer
	w := console.Indent(&out)
	for _, part := range []string{"a", "b\nc", "", "\n\n", "rest"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("writing %q: %d, %v", part, n, err)
		}
	}
	if want := "            ab\n            c\n            \n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
