package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTally(t *testing.T) {
	type counts struct{ Passed, Failed, Skipped int }
	tests := map[string]struct {
		events []event
		want   counts
		shown  string
	}{
		"a package in order": {
			events: []event{{Action: "output", Package: "p", Test: "A", Output: "quiet\n"}, {Action: "pass", Package: "p", Test: "A"},
				{Action: "output", Package: "p", Output: "PASS\n"}, {Action: "output", Package: "p", Output: "ok p 1s\n"}, {Action: "pass", Package: "p"}},
			want: counts{Passed: 1}, shown: "ok p 1s\n",
		},
		"subtests count, their parent does not": {
			events: []event{{Action: "pass", Package: "p", Test: "A/x"}, {Action: "fail", Package: "p", Test: "A/y"},
				{Action: "skip", Package: "p", Test: "A/z/1"}, {Action: "pass", Package: "p", Test: "A/z"}, {Action: "fail", Package: "p", Test: "A"}, {Action: "fail", Package: "p"}},
			want: counts{Passed: 1, Failed: 1, Skipped: 1},
		},
		"a parent that fails by itself counts": {
			events: []event{{Action: "pass", Package: "p", Test: "A/x"}, {Action: "fail", Package: "p", Test: "A"}, {Action: "fail", Package: "p"}},
			want:   counts{Passed: 1, Failed: 1},
		},
		"a skipped test shows its reason": {
			events: []event{{Action: "output", Package: "p", Test: "A", Output: "no kube-apiserver\n"}, {Action: "skip", Package: "p", Test: "A"}},
			want:   counts{Skipped: 1}, shown: "no kube-apiserver\n",
		},
		"a package that does not build is a failure": {
			events: []event{{Action: "build-output", ImportPath: "p", Output: "x.go:1: no\n"}, {Action: "build-fail", ImportPath: "p"},
				{Action: "output", Package: "p", Output: "FAIL p [build failed]\n"}, {Action: "fail", Package: "p"}},
			want: counts{Failed: 1}, shown: "x.go:1: no\nFAIL p [build failed]\n",
		},
		"a package without tests is nothing": {
			events: []event{{Action: "output", Package: "p", Output: "?   p [no test files]\n"}, {Action: "skip", Package: "p"}},
		},
		"one name in two packages is two tests": {
			events: []event{{Action: "pass", Package: "p", Test: "A"}, {Action: "pass", Package: "q", Test: "A"}},
			want:   counts{Passed: 2},
		},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			total, out := newTally(), &strings.Builder{}
			for _, e := range c.events {
				total.add(e, out)
			}
			var got counts
			got.Passed, got.Failed, got.Skipped = total.count()
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.shown, out.String()); diff != "" {
				t.Errorf("shown (-want +got):\n%s", diff)
			}
		})
	}
}
