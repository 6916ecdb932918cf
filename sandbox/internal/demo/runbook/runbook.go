// Package runbook reads the procedures of docs/by-hand: Markdown pages whose ```sh blocks are
// the commands of a section. The demo runs the very blocks that people read, so page and system
// cannot drift apart.
package runbook

import (
	"context"
	"fmt"
	"os"
	"strings"

	"shopset.dev/shopset/sandbox/internal/demo/command"
)

// Section is a part of a page below a second-level heading.
type Section struct {
	Title string
	// Script holds the section's sh blocks, in order.
	Script string
}

// Page is a procedure.
type Page struct {
	Path     string
	Sections []Section
}

// Read reads a page from a file.
func Read(path string) (Page, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Page{}, fmt.Errorf("reading the procedure: %w", err)
	}
	sections, err := Parse(string(data))
	if err != nil {
		return Page{}, fmt.Errorf("reading the procedure %s: %w", path, err)
	}
	return Page{Path: path, Sections: sections}, nil
}

// Parse gives the sections that have sh blocks. Blocks of other languages, or of none, are for
// the eye only. An sh block outside of a section, or one that does not end, is an error.
func Parse(markdown string) ([]Section, error) {
	var (
		sections []Section
		title    string
		block    []string
		fence    string // what opened the block that we are in
	)
	for i, line := range strings.Split(markdown, "\n") {
		switch {
		case fence == "" && strings.HasPrefix(line, "## "):
			title = strings.TrimSpace(line[3:])
		case fence == "" && strings.HasPrefix(line, "```"):
			fence, block = strings.TrimSpace(line), nil
			if fence == "```sh" && title == "" {
				return nil, fmt.Errorf("line %d: a block of sh before the first section", i+1)
			}
		case fence != "" && strings.TrimSpace(line) == "```":
			if fence == "```sh" {
				sections = add(sections, title, strings.Join(block, "\n")+"\n")
			}
			fence = ""
		case fence != "":
			block = append(block, line)
		}
	}
	if fence != "" {
		return nil, fmt.Errorf("the last block does not end")
	}
	return sections, nil
}

func add(sections []Section, title, script string) []Section {
	if last := len(sections) - 1; last >= 0 && sections[last].Title == title {
		sections[last].Script += script
		return sections
	}
	return append(sections, Section{Title: title, Script: script})
}

// Section finds a section by its title.
func (p Page) Section(title string) (Section, error) {
	for _, s := range p.Sections {
		if s.Title == title {
			return s, nil
		}
	}
	return Section{}, fmt.Errorf("looking for section %q in %s: it has none with commands", title, p.Path)
}

// Run runs a section's commands as one script, which ends at the first that goes wrong or that
// uses a variable nobody set.
func (s Section) Run(ctx context.Context, r command.Runner) (string, error) {
	out, err := r.Run(ctx, "sh", "-euc", s.Script)
	if err != nil {
		return out, fmt.Errorf("carrying out section %q: %w", s.Title, err)
	}
	return out, nil
}
