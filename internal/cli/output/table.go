package output

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Style is what a cell means.
type Style string

// The styles, as terminals' colours; Plain has none.
const (
	Plain   Style = ""
	Good    Style = "\x1b[32m"
	Waiting Style = "\x1b[33m"
	Bad     Style = "\x1b[1;31m"
	Faint   Style = "\x1b[2m"

	reset = "\x1b[0m"
)

// Cell is one cell of a table. It is printed on one line whatever it holds.
type Cell struct {
	Text  string
	Style Style
}

// Text makes a plain cell; an empty one shows as a dash.
func Text(text string) Cell {
	return Cell{Text: text}
}

// Sheet is a table: columns aligned to the left, the last one as long as it likes.
type Sheet struct {
	Head []string
	Rows [][]Cell
}

// Lines lays the table out. Every row has as many cells as the head.
func (s Sheet) Lines(colour bool) []string {
	rows := make([][]Cell, 0, len(s.Rows)+1)
	head := make([]Cell, len(s.Head))
	for i, name := range s.Head {
		head[i] = Text(name)
	}
	rows = append(append(rows, head), s.Rows...)
	widths := make([]int, len(s.Head))
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(shown(c)))
		}
	}
	lines := make([]string, 0, len(rows))
	for _, row := range rows {
		var b strings.Builder
		for i, c := range row {
			text := shown(c)
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+3)
			if i == len(row)-1 {
				pad = ""
			}
			b.WriteString(painted(text, c.Style, colour) + pad)
		}
		lines = append(lines, b.String())
	}
	return lines
}

// Print writes the table.
func (s Sheet) Print(w io.Writer, colour bool) error {
	for _, line := range s.Lines(colour) {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return fmt.Errorf("writing the table: %w", err)
		}
	}
	return nil
}

func painted(text string, style Style, colour bool) string {
	if !colour || style == Plain {
		return text
	}
	return string(style) + text + reset
}

// shown is a cell's text as it is printed.
func shown(c Cell) string {
	if c.Text == "" {
		return "-"
	}
	return OneLine(c.Text)
}

// OneLine keeps a text that somebody else wrote from breaking a table, or from commanding the terminal.
func OneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || (c >= 0x80 && c < 0xa0) {
			return ' '
		}
		return c
	}, text)
}
