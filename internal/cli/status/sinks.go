package status

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/cli/output"
)

// screen shows a view in place of the one before, on a terminal.
type screen struct {
	streams output.Streams
	format  output.Format
	clock   clock.PassiveClock
	last    string
}

func (s *screen) show(v view, lost error) error {
	width, height, _ := s.streams.Terminal()
	var lines []string
	if lost != nil {
		lines = append(lines, output.OneLine("This may be out of date: "+lost.Error()), "")
	}
	lines = append(lines, v.lines(s.format, s.clock.Now(), s.streams.Colour())...)
	for _, note := range v.notes() {
		lines = append(lines, "", output.OneLine(note))
	}
	text := output.Screen(lines, width, height)
	if text == s.last {
		return nil
	}
	first := ""
	if s.last == "" {
		first = output.ClearScreen
	}
	s.last = text
	if _, err := fmt.Fprint(s.streams.Out, first+text); err != nil {
		return fmt.Errorf("writing the screen: %w", err)
	}
	return nil
}

// journal writes a line for every change, away from a terminal.
type journal struct {
	streams output.Streams
	format  output.Format
	clock   clock.PassiveClock
	// seen is what was last written of each row, by its name, without the time.
	seen map[string]string
	// said are the messages that were last written.
	said []string
}

func newJournal(streams output.Streams, format output.Format, c clock.PassiveClock) *journal {
	return &journal{streams: streams, format: format, clock: c, seen: map[string]string{}}
}

// entry is one row, in the two forms that a journal has.
type entry struct {
	name, text string
	row        any
}

func (j *journal) show(v view, lost error) error {
	j.messages(v, lost)
	left := maps.Clone(j.seen)
	for _, e := range j.entries(v) {
		delete(left, e.name)
		raw, err := json.Marshal(e.row)
		if err != nil {
			return fmt.Errorf("writing %s: %w", e.name, err)
		}
		if j.seen[e.name] == string(raw) {
			continue
		}
		j.seen[e.name] = string(raw)
		if err := j.write(e.text, raw); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		delete(j.seen, name)
		if j.format == output.JSON {
			j.streams.Note("%s was deleted", name)
			continue
		}
		if err := j.write(j.clock.Now().UTC().Format("2006-01-02T15:04:05Z")+" "+name+" was deleted", nil); err != nil {
			return err
		}
	}
	return nil
}

func (j *journal) entries(v view) []entry {
	now := j.clock.Now()
	var out []entry
	for _, t := range v.Tiers {
		out = append(out, entry{"tier/" + t.Tier, t.line(now), t})
	}
	if j.format == output.Table {
		return out
	}
	for _, s := range v.ShopSets {
		out = append(out, entry{"shopset/" + s.ShopSet, s.line(now), s})
	}
	return out
}

func (j *journal) write(text string, raw []byte) error {
	if j.format == output.JSON {
		text = string(raw)
	}
	if _, err := fmt.Fprintln(j.streams.Out, text); err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// messages tells of trouble when it comes, and of its end.
func (j *journal) messages(v view, lost error) {
	now := v.notes()
	if lost != nil {
		now = append(now, "this may be out of date: "+lost.Error())
	}
	for _, m := range now {
		if !slices.Contains(j.said, m) {
			j.streams.Note("%s", m)
		}
	}
	for _, m := range j.said {
		if !slices.Contains(now, m) {
			j.streams.Note("no longer so: %s", m)
		}
	}
	j.said = now
}
