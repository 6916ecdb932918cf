package routes

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Index is what SHA256SUMS says.
type Index struct {
	Epoch, ShrunkEpoch int64
	// Rows is nil if the index does not say how many there are.
	Rows *Rows
	// Files in the order of the index. Only those of the tables; other names are left out.
	Files []FileSum
	// Layout follows from Files.
	Layout Layout
}

// FileSum is the SHA-256 of a file.
type FileSum struct {
	Name string
	Sum  [sha256.Size]byte
}

// Rows counts the rows of a table.
type Rows struct {
	Hosts, Groups, ShopSets, Classes int
}

func (r Rows) String() string {
	return fmt.Sprintf("hosts=%d groups=%d shopsets=%d classes=%d", r.Hosts, r.Groups, r.ShopSets, r.Classes)
}

const (
	epochComment  = "# epoch "
	rowsComment   = "# rows "
	shrunkComment = "# shrunk"
)

func indexOf(t Table, files map[string][]byte) []byte {
	rows := Rows{Hosts: len(t.Hosts), Groups: len(t.Groups), ShopSets: len(t.ShopSets), Classes: len(t.Classes)}
	text := fmt.Appendf(nil, "%s%d\n%s%s\n", epochComment, t.Epoch, rowsComment, rows)
	shrunk := t.ShrunkEpoch
	if t.Shrunk {
		shrunk = t.Epoch
	}
	if shrunk != 0 {
		text = fmt.Appendf(text, "%s %d\n", shrunkComment, shrunk)
	}
	for _, name := range sortedNames(files) {
		text = fmt.Appendf(text, "%x  %s\n", sha256.Sum256(files[name]), name)
	}
	return text
}

func sortedNames[T any](files map[string]T) []string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ParseIndex reads SHA256SUMS.
func ParseIndex(text string) (Index, error) {
	if len(text) > MaxFile {
		return Index{}, &Problem{File: IndexFile, What: fmt.Sprintf("has %d bytes, more than %d", len(text), MaxFile), Next: "list the files of the table only"}
	}
	p := indexParser{index: Index{Epoch: -1}, seen: map[string]bool{}}
	line := 0
	for row := range strings.Lines(text) {
		line++
		if problem := p.row(strings.TrimRight(row, "\r\n")); problem != nil {
			problem.File, problem.Line = IndexFile, line
			return Index{}, problem
		}
	}
	if problem := p.finish(); problem != nil {
		problem.File = IndexFile
		return Index{}, problem
	}
	return p.index, nil
}

type indexParser struct {
	index  Index
	seen   map[string]bool
	shrunk bool // a bare comment, which means this epoch
}

func (p *indexParser) row(row string) *Problem {
	switch {
	case strings.HasPrefix(row, epochComment):
		return number(row, epochComment, &p.index.Epoch)
	case row == shrunkComment:
		p.shrunk = true
		return nil
	case strings.HasPrefix(row, shrunkComment+" "):
		return number(row, shrunkComment+" ", &p.index.ShrunkEpoch)
	case strings.HasPrefix(row, rowsComment):
		return p.rows(row)
	case strings.HasPrefix(row, "#") || row == "":
		return nil
	}
	return p.sum(row)
}

// number reads what follows a comment; a person's note may follow the number.
func number(row, comment string, into *int64) *Problem {
	text, _, _ := strings.Cut(strings.TrimPrefix(row, comment), " ")
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || value < 0 {
		return &Problem{What: fmt.Sprintf("%s%s: no number", comment, quoted(text)), Next: "write a whole number, 0 or more"}
	}
	*into = value
	return nil
}

func (p *indexParser) rows(row string) *Problem {
	var r Rows
	text := strings.TrimPrefix(row, rowsComment)
	_, err := fmt.Sscanf(text, "hosts=%d groups=%d shopsets=%d classes=%d", &r.Hosts, &r.Groups, &r.ShopSets, &r.Classes)
	if err != nil {
		return &Problem{What: fmt.Sprintf("%s%s is not of the form %q", rowsComment, quoted(text), Rows{}.String()), Next: "correct it or delete the line"}
	}
	p.index.Rows = &r
	return nil
}

// sum reads what sha256sum prints: 64 digits, a blank, a blank or an asterisk, the name.
func (p *indexParser) sum(row string) *Problem {
	const digits = 2 * sha256.Size
	bad := &Problem{What: fmt.Sprintf("%s is not what sha256sum prints", quoted(row)), Next: "make the line anew with sha256sum"}
	if len(row) < digits+3 || row[digits] != ' ' || row[digits+1] != ' ' && row[digits+1] != '*' {
		return bad
	}
	file := FileSum{Name: strings.TrimPrefix(row[digits+2:], "./")}
	if _, err := hex.Decode(file.Sum[:], []byte(row[:digits])); err != nil {
		return bad
	}
	table, _, sharded := ShardFile(file.Name)
	switch {
	case p.seen[file.Name]:
		return &Problem{What: fmt.Sprintf("%s is there twice", quoted(file.Name)), Next: "keep one of the lines"}
	case table == hostsTable:
		p.index.Layout.Hosts++
	case table == groupsTable:
		p.index.Layout.Groups++
	case !sharded && file.Name != ShopSetsFile && file.Name != ClassesFile:
		return nil // a README or an override: none of ours
	}
	p.seen[file.Name] = true
	p.index.Files = append(p.index.Files, file)
	return nil
}

// finish checks that the files make a whole: shard numbers without a gap, a power of two of them.
func (p *indexParser) finish() *Problem {
	if p.index.Epoch < 0 {
		return &Problem{What: "the epoch is missing", Next: `add a line "# epoch N" with N above that of the table before`}
	}
	if p.shrunk {
		p.index.ShrunkEpoch = p.index.Epoch
	}
	for _, name := range []string{ShopSetsFile, ClassesFile} {
		if !p.seen[name] {
			return notListed(name)
		}
	}
	if problem := p.finishTable(hostsTable, p.index.Layout.Hosts); problem != nil {
		return problem
	}
	return p.finishTable(groupsTable, p.index.Layout.Groups)
}

func (p *indexParser) finishTable(table string, count int) *Problem {
	for shard := range max(count, 1) {
		if name := shardFile(table, shard); !p.seen[name] {
			return notListed(name)
		}
	}
	if !powerOfTwo(count) {
		return &Problem{What: fmt.Sprintf("lists %d files of %s, which is no power of two", count, table), Next: "list all that belong together"}
	}
	return nil
}

func notListed(name string) *Problem {
	return &Problem{What: "does not list " + name, Next: "add it, with sha256sum"}
}
