package runbook_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/sandbox/internal/demo/command"
	"shopset.dev/shopset/sandbox/internal/demo/runbook"
)

func TestParse(t *testing.T) {
	for name, test := range map[string]struct {
		page []string
		want []runbook.Section
		err  string
	}{
		"blocks of a section are one script": {
			page: []string{"# T", "## One", "do", "```sh", "a", "b \\", "  c", "```", "then", "```sh", "d", "```"},
			want: []runbook.Section{{Title: "One", Script: "a\nb \\\n  c\nd\n"}},
		},
		"each section has its own": {
			page: []string{"## One", "```sh", "a", "```", "## Two", "```sh", "b", "```"},
			want: []runbook.Section{{Title: "One", Script: "a\n"}, {Title: "Two", Script: "b\n"}},
		},
		"what is not sh is for the eye": {
			page: []string{"```", "x", "```", "## One", "```console", "$ y", "```", "```sh", "a", "```", "## None"},
			want: []runbook.Section{{Title: "One", Script: "a\n"}},
		},
		"a heading inside a block is a comment of it": {
			page: []string{"## One", "```sh", "## not a section", "a", "```"},
			want: []runbook.Section{{Title: "One", Script: "## not a section\na\n"}},
		},
		"a third-level heading divides nothing": {
			page: []string{"## One", "```sh", "a", "```", "### More", "```sh", "b", "```"},
			want: []runbook.Section{{Title: "One", Script: "a\nb\n"}},
		},
		"commands before the first section belong to nobody": {
			page: []string{"# T", "```sh", "a", "```"},
			err:  "line 2: a block of sh before the first section",
		},
		"a block without an end": {
			page: []string{"## One", "```sh", "a"},
			err:  "the last block does not end",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := runbook.Parse(strings.Join(test.page, "\n"))
			if (err == nil) != (test.err == "") || (err != nil && err.Error() != test.err) {
				t.Fatalf("got error %v, want %q", err, test.err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRun(t *testing.T) {
	for name, test := range map[string]struct {
		script, want string
		fails        bool
	}{
		"variables are those of the reader":          {script: "echo \"$WHO\"\n", want: "reader"},
		"commands share one shell":                   {script: "x=1\ncd /\necho \"$x $PWD\"\n", want: "1 /"},
		"the first that goes wrong ends it":          {script: "false\necho on\n", fails: true},
		"a variable that nobody set is a mistake":    {script: "echo \"$NOBODY_SETS_THIS\"\n", fails: true},
		"a condition that holds is not a mistake":    {script: "test a = a\necho same\n", want: "same"},
		"a comparison that fails ends it like false": {script: "test a = b\necho same\n", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := runbook.Section{Title: name, Script: test.script}.Run(t.Context(), command.Runner{Env: []string{"WHO=reader"}})
			if (err != nil) != test.fails {
				t.Fatalf("got error %v", err)
			}
			if out != test.want {
				t.Errorf("got %q, want %q", out, test.want)
			}
		})
	}
}

// The page that the demo runs must stay readable to it.
func TestThePromotionPageHasTheSectionsOfTheDemo(t *testing.T) {
	page, err := runbook.Read("../../../../docs/by-hand/promote.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, title := range runbook.Promote() {
		if _, err := page.Section(title); err != nil {
			t.Error(err)
		}
	}
	if len(page.Sections) != len(runbook.Promote()) {
		t.Errorf("the page has %d sections with commands, the demo runs %d", len(page.Sections), len(runbook.Promote()))
	}
}
