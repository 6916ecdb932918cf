package gitrepo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// fastImport writes the commit through one process and returns its id.
func (r *Repository) fastImport(ctx context.Context, spec CommitSpec, message string, e edit) (OID, error) {
	out, err := r.run(ctx, command{
		args:  []string{"fast-import", "--quiet", "--done", "--force", "--date-format=raw"},
		stdin: importStream(spec, message, e),
	})
	if err != nil {
		r.removeCrashReports()
		return "", err
	}
	id, err := ParseOID(strings.TrimSpace(out))
	if err != nil {
		return "", fmt.Errorf("reading the new commit's id: %w", err)
	}
	return id, nil
}

// importStream is the commit in git fast-import's language. Contents are not copied.
func importStream(spec CommitSpec, message string, e edit) io.Reader {
	var parts []io.Reader
	head := &bytes.Buffer{}
	fmt.Fprintf(head, "commit %s%s\nmark :1\n", stagingPrefix, spec.Branch)
	fmt.Fprintf(head, "author %s\ncommitter %s\n", signature(spec.Author, spec.When), signature(spec.Committer, spec.When))
	fmt.Fprintf(head, "data %d\n%s\n", len(message), message)
	if !spec.Parent.IsZero() {
		fmt.Fprintf(head, "from %s\n", spec.Parent)
	}
	for _, path := range e.removals {
		fmt.Fprintf(head, "D %s\n", quotePath(path))
	}
	for _, put := range e.puts {
		if put.OID != "" {
			fmt.Fprintf(head, "M %s %s %s\n", put.Mode, put.OID, quotePath(put.Path))
			continue
		}
		fmt.Fprintf(head, "M %s inline %s\ndata %d\n", put.Mode, quotePath(put.Path), len(put.Content))
		parts = append(parts, head, bytes.NewReader(put.Content))
		head = bytes.NewBufferString("\n")
	}
	head.WriteString("\nget-mark :1\ndone\n")
	return io.MultiReader(append(parts, head)...)
}

func signature(who Identity, when time.Time) string {
	return fmt.Sprintf("%s <%s> %d +0000", clean(who.Name), clean(who.Email), when.Unix())
}

// clean drops what would end a name or an address in a commit.
func clean(text string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if c < ' ' || c == '<' || c == '>' || c == 0x7f {
			return -1
		}
		return c
	}, strings.ToValidUTF8(text, "")))
}

// quotePath quotes as C does, which also holds paths with line ends.
func quotePath(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(path) + `"`
}

// removeCrashReports: git tells on stderr what is wrong; its report would stay for ever.
func (r *Repository) removeCrashReports() {
	reports, _ := filepath.Glob(filepath.Join(globQuote(r.dir), "fast_import_crash_*"))
	for _, report := range reports {
		_ = os.Remove(report)
	}
}
