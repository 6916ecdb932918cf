// Command treecheck holds the tree to what no other tool checks:
//
//   - no Go file that a person wrote has more than 600 lines;
//   - every link in the documentation that points into the tree points at something.
//
// It prints one line for each violation and ends non-zero if there is any.
package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// mostLines of a file.
const mostLines = 600

func main() {
	problems, err := check(os.DirFS("."))
	if err != nil {
		fmt.Fprintln(os.Stderr, "checking the tree:", err)
		os.Exit(1)
	}
	for _, p := range problems {
		fmt.Println(p)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}

func check(tree fs.FS) ([]string, error) {
	var problems []string
	err := fs.WalkDir(tree, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("looking at %s: %w", file, err)
		}
		if entry.IsDir() {
			if slices.Contains([]string{".git", ".cache", ".sandbox", "bin", "testdata", "node_modules"}, entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		source, document := strings.HasSuffix(file, ".go"), strings.HasSuffix(file, ".md")
		if !source && !document {
			return nil
		}
		text, err := fs.ReadFile(tree, file)
		if err != nil {
			return fmt.Errorf("reading %s: %w", file, err)
		}
		if document {
			problems = append(problems, brokenLinks(tree, file, string(text))...)
		} else if n := bytes.Count(text, []byte("\n")); n > mostLines && !strings.HasPrefix(filepath.Base(file), "zz_generated") {
			problems = append(problems, fmt.Sprintf("%s: %d lines, at most %d are allowed; split it by what it holds", file, n, mostLines))
		}
		return nil
	})
	return problems, err
}

var (
	// link is [text](target) or ![text](target "title").
	link = regexp.MustCompile(`\]\(([^)\s]+)(?:\s+"[^"]*")?\)`)
	// code is what a link in it is no link: fenced blocks and `spans`.
	code    = regexp.MustCompile("(?ms)^[ \t]*```.*?^[ \t]*```[ \t]*$|`[^`\n]*`")
	heading = regexp.MustCompile(`(?m)^#{1,6}[ \t]+(.*?)[ \t]*$`)
	outside = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:`)
)

func brokenLinks(tree fs.FS, file, text string) []string {
	var problems []string
	for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
		if outside.MatchString(m[1]) {
			continue
		}
		target, anchor, _ := strings.Cut(m[1], "#")
		where := file
		if target != "" {
			where = path.Join(path.Dir(file), target)
		}
		if _, err := fs.Stat(tree, where); err != nil {
			problems = append(problems, fmt.Sprintf("%s: the link to %s leads nowhere", file, m[1]))
			continue
		}
		if anchor != "" && strings.HasSuffix(where, ".md") && !hasHeading(tree, where, anchor) {
			problems = append(problems, fmt.Sprintf("%s: the link to %s leads to a heading that does not exist", file, m[1]))
		}
	}
	return problems
}

func hasHeading(tree fs.FS, file, anchor string) bool {
	text, err := fs.ReadFile(tree, file)
	if err != nil {
		return false
	}
	fenced := regexp.MustCompile("(?ms)^[ \t]*```.*?^[ \t]*```[ \t]*$")
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
		if slug(m[1]) == anchor {
			return true
		}
	}
	return false
}

var notInSlug = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// slug is how Git hosts name the anchor of a heading.
func slug(text string) string {
	return strings.ReplaceAll(notInSlug.ReplaceAllString(strings.ToLower(text), ""), " ", "-")
}
