package output

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Streams are where a verb reads from and writes to.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	// Getenv looks up an environment variable.
	Getenv func(string) string
}

// Terminal tells whether standard output is a terminal, with its size in characters.
func (s Streams) Terminal() (width, height int, is bool) {
	f, ok := s.Out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, 0, false
	}
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		width, height = 80, 24
	}
	return width, height, true
}

// Colour tells whether to use colours: on a terminal that knows them, unless NO_COLOR is set.
func (s Streams) Colour() bool {
	_, _, terminal := s.Terminal()
	return terminal && s.Getenv("NO_COLOR") == "" && s.Getenv("TERM") != "dumb"
}

// Note writes a message for the person at the terminal.
func (s Streams) Note(format string, args ...any) {
	_, _ = fmt.Fprintf(s.Err, format+"\n", args...) // a message that cannot be written is lost, the data is not
}

const (
	home       = "\x1b[H"
	clearLine  = "\x1b[K"
	clearBelow = "\x1b[J"
	// ClearScreen is written once, before the first Screen.
	ClearScreen = "\x1b[2J" + home
)

// Screen is what to write so that a terminal of this size shows exactly the lines, as many of
// them as fit.
func Screen(lines []string, width, height int) string {
	var b strings.Builder
	b.WriteString(home)
	left := height - 1 // the cursor stands on the last
	for i, line := range lines {
		need := max(1, (visible(line)+width-1)/width)
		if need > left || (need == left && i < len(lines)-1) {
			fmt.Fprintf(&b, "… %d more%s\n", len(lines)-i, clearLine)
			break
		}
		left -= need
		b.WriteString(line + clearLine + "\n")
	}
	b.WriteString(clearBelow)
	return b.String()
}

// visible is how many characters of a line show.
func visible(line string) int {
	n := utf8.RuneCountInString(line)
	for rest := line; ; {
		at := strings.Index(rest, "\x1b[")
		if at < 0 {
			return n
		}
		rest = rest[at:]
		end := strings.IndexByte(rest, 'm')
		if end < 0 {
			return n
		}
		n -= end + 1
		rest = rest[end+1:]
	}
}
