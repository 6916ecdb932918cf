package main

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestCheck(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	tree := fstest.MapFS{
		"README.md": file("[a](docs/a.md) [b](docs/b.md) [web](https://example.com/x) [top](#what-it-is)\n" +
			"`[code](nowhere.md)`\n```\n[code](nowhere.md)\n# no heading\n```\n# What it is\n![p](docs/p.svg \"title\") [h](docs/a.md#gone) [n](#no-heading)\n"),
		"docs/a.md":           file("[up](../README.md#what-it-is) [down](b.md)\n## `shopctl`, and why\n[self](#shopctl-and-why)\n"),
		"docs/p.svg":          file(""),
		"ok.go":               file(strings.Repeat("\n", 600)),
		"long.go":             file(strings.Repeat("\n", 601)),
		"zz_generated.go":     file(strings.Repeat("\n", 700)),
		"bin/long.go":         file(strings.Repeat("\n", 700)),
		"x/testdata/gone.md":  file("[gone](gone)"),
		"docs/long-table.txt": file(strings.Repeat("\n", 700)),
	}
	got, err := check(tree)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	want := []string{
		"README.md: the link to #no-heading leads to a heading that does not exist",
		"README.md: the link to docs/a.md#gone leads to a heading that does not exist",
		"README.md: the link to docs/b.md leads nowhere",
		"docs/a.md: the link to b.md leads nowhere",
		"long.go: 601 lines, at most 600 are allowed; split it by what it holds",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
