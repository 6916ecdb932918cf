// Package console tells a person what goes on: acts, paragraphs, events with the seconds since
// the beginning, commands, and small tables. Nothing is ever overwritten, so the output can be
// kept in a file.
package console

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"k8s.io/utils/clock"
)

const (
	width  = 92
	indent = "            "
)

// Console writes to one place, from any goroutine.
type Console struct {
	mu    sync.Mutex
	out   io.Writer
	clock clock.PassiveClock
	begun time.Time
}

// New begins to count seconds.
func New(out io.Writer, clk clock.PassiveClock) *Console {
	return &Console{out: out, clock: clk, begun: clk.Now()}
}

// Title begins an act.
func (c *Console) Title(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	c.print("\n%s\n%s\n", text, strings.Repeat("-", len(text)))
}

// Say writes a paragraph.
func (c *Console) Say(format string, args ...any) {
	c.print("\n%s\n\n", Wrap(fmt.Sprintf(format, args...), width))
}

// Event writes a line with the seconds since the beginning.
func (c *Console) Event(format string, args ...any) {
	c.EventAt(c.clock.Now(), format, args...)
}

// EventAt is Event for something that is noticed later than it happened.
func (c *Console) EventAt(at time.Time, format string, args ...any) {
	c.print("%8.1f s  %s\n", at.Sub(c.begun).Seconds(), fmt.Sprintf(format, args...))
}

// Command shows what is about to be run, one line or several.
func (c *Console) Command(command string) {
	for i, line := range strings.Split(strings.TrimSpace(command), "\n") {
		sign := "$ "
		if i > 0 {
			sign = "  "
		}
		c.print("%s%s%s\n", indent, sign, line)
	}
}

// Lines writes text as it is, indented.
func (c *Console) Lines(text string) {
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		c.print("%s%s\n", indent, line)
	}
}

// Table writes rows below a header.
func (c *Console) Table(header []string, rows [][]string) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // a strings.Builder takes everything
	for _, line := range strings.Split(strings.TrimRight(b.String(), "\n"), "\n") {
		c.print("  %s\n", strings.TrimRight(line, " "))
	}
	c.print("\n")
}

// Elapsed is how long ago the beginning was.
func (c *Console) Elapsed() time.Duration { return c.clock.Since(c.begun) }

func (c *Console) print(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.out, format, args...)
}

// Wrap breaks a text at spaces into lines of at most so many columns, where a word allows it.
func Wrap(text string, columns int) string {
	var b strings.Builder
	used := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case used+1+len(word) > columns:
			b.WriteByte('\n')
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += len(word)
	}
	return b.String()
}

// plain needs no quotes in a shell.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./:=@,+-]+$`)

// Quoted writes a command as one would type it into a shell.
func Quoted(program string, args ...string) string {
	words := []string{program}
	for _, arg := range args {
		if !plain.MatchString(arg) {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

// Indent gives a writer that passes whole lines on, indented.
func Indent(out io.Writer) io.Writer { return &indenter{out: out} }

type indenter struct {
	out  io.Writer
	rest string
}

func (w *indenter) Write(p []byte) (int, error) {
	lines := strings.Split(w.rest+string(p), "\n")
	w.rest = lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		if _, err := fmt.Fprintf(w.out, "%s%s\n", indent, line); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
