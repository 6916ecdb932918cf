package table

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/edgestatus"
	"shopset.dev/shopset/internal/plan/routes"
)

// Reasons why a table is not taken.
const (
	Torn       = "torn"       // files and index do not belong together
	Stale      = "stale"      // its epoch is smaller than that of the table in force
	Corrupt    = "corrupt"    // a file is not what it shall be
	Empty      = "empty"      // it has no hosts, or there is no table at all
	Shrunken   = "shrunken"   // too many hosts are gone, and nobody acknowledged it
	Unreadable = "unreadable" // the copy on disk cannot be used
	BadRow     = "override"   // the override table cannot be used; the one before stays in force
)

// Reasons lists them all.
func Reasons() []string {
	return []string{Torn, Stale, Corrupt, Empty, Shrunken, Unreadable, BadRow}
}

// Grace is how long a set of files may be torn before that is worth a word: they arrive one by one.
const Grace = 3 * time.Second

// Config of a Store.
type Config struct {
	Clock clock.PassiveClock
	Log   *slog.Logger
	// Swapped, if set, is called after each change of State, one call at a time.
	Swapped func(*State)
	// Refused, if set, is called once for each refusal.
	Refused func(reason string)
}

// Store holds the table in force and decides what may take its place.
type Store struct {
	config Config
	state  atomic.Pointer[State]

	mutex     sync.Mutex      // of what follows, and of changes of state
	sums      map[string]file // what was offered last
	digest    digest
	tornSince time.Time // zero: it is not
	waiting   string
	refused   *edgestatus.Refused
	notice    string
	trouble   string // what is wrong with the source, if anything
	override  string // the last text that was refused
}

// NewStore makes a Store without a table.
func NewStore(config Config) *Store {
	return &Store{config: config}
}

// State in force; nil before the first table.
func (s *Store) State() *State { return s.state.Load() }

// Update is what a Source has found. Names and contents of files are not verified in any way.
type Update struct {
	Source string
	Files  map[string]string
	// Override is the text of the override table; empty if there is none.
	Override string
}

// Offer takes an update as far as it is good. It returns when to offer it again, if nothing
// else comes first: not at all if zero.
func (s *Store) Offer(u Update) (again time.Duration) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	refusal := s.offerTable(u)
	if refusal == nil || !refusal.passing {
		s.tornSince, s.waiting = time.Time{}, ""
	}
	if refusal != nil {
		again = s.judge(refusal)
	}
	s.offerOverride(u)
	return again
}

type refusal struct {
	reason, message string
	// passing is set if the next moment may bring what is missing.
	passing bool
}

func refuse(reason, format string, arguments ...any) *refusal {
	return &refusal{reason: reason, message: fmt.Sprintf(format, arguments...), passing: reason == Torn}
}

// judge keeps quiet about a set that is torn for a moment only.
func (s *Store) judge(r *refusal) (again time.Duration) {
	now := s.config.Clock.Now()
	if r.passing {
		if s.tornSince.IsZero() {
			s.tornSince = now
		}
		s.waiting = r.message
		if left := Grace - now.Sub(s.tornSince); left > 0 {
			return left
		}
	}
	s.report(r)
	return 0
}

func (s *Store) report(r *refusal) {
	if s.refused != nil && s.refused.Reason == r.reason && s.refused.Message == r.message {
		return
	}
	s.refused = &edgestatus.Refused{Reason: r.reason, Message: r.message, At: s.config.Clock.Now()}
	s.config.Log.Error("routing table refused; the one in force stays", "reason", r.reason, "problem", r.message)
	if s.config.Refused != nil {
		s.config.Refused(r.reason)
	}
}

// offerTable takes the table of the update, or says why not.
func (s *Store) offerTable(u Update) *refusal {
	current := s.current()
	text, there := u.Files[routes.IndexFile]
	switch {
	case !there && len(u.Files) == 0:
		return refuse(Empty, "there is no table in %s; apply routes/ of branch main there", u.Source)
	case !there:
		return refuse(Torn, "%s: %s is missing", u.Source, routes.IndexFile)
	}
	index, err := routes.ParseIndex(text)
	if err != nil {
		return &refusal{reason: Corrupt, message: err.Error(), passing: true} // it may be half written
	}
	if current != nil && index.Epoch < current.Epoch {
		return refuse(Stale, "epoch %d in %s is before epoch %d, which is in force; if the older table is right, give it a higher epoch in %s",
			index.Epoch, u.Source, current.Epoch, routes.IndexFile)
	}
	files, torn := s.gather(index, u.Files)
	if torn != nil {
		return torn
	}
	if current != nil && current.equal(index) {
		s.refused = nil
		s.relabel(u.Source)
		return nil
	}
	next, err := compile(current, index, text, files)
	if err != nil {
		return refuse(Corrupt, "%v", err)
	}
	return s.replace(current, next, u.Source)
}

// replace puts the next table in force unless it has lost too much.
func (s *Store) replace(current, next *Table, source string) *refusal {
	if next.Rows.Hosts == 0 {
		return refuse(Empty, "epoch %d has no hosts", next.Epoch)
	}
	if current != nil && routes.Shrinks(current.Rows.Hosts, next.Rows.Hosts) && !acknowledged(current, next) {
		return refuse(Shrunken, "epoch %d has %d hosts, epoch %d, which is in force, has %d; if that is right, add a line %q to %s",
			next.Epoch, next.Rows.Hosts, current.Epoch, current.Rows.Hosts, "# shrunk", routes.IndexFile)
	}
	s.notice = ""
	if current != nil && next.Epoch == current.Epoch {
		s.notice = fmt.Sprintf("epoch %d has been edited: its content is not what it was before", next.Epoch)
		s.config.Log.Warn("routing table edited under the same epoch", "epoch", next.Epoch)
	}
	s.refused, s.sums = nil, maps.Clone(next.files)
	state := &State{Table: next, Source: source, Since: s.config.Clock.Now()}
	if old := s.state.Load(); old != nil && old.Overrides != nil {
		state.Overrides = refit(old.Overrides, next)
	}
	s.swap(state)
	s.config.Log.Info("routing table in force", "epoch", next.Epoch, "hosts", next.Rows.Hosts, "groups", next.Rows.Groups, "shopsets", next.Rows.ShopSets, "source", source)
	return nil
}

func (s *Store) swap(state *State) {
	s.state.Store(state)
	if s.config.Swapped != nil {
		s.config.Swapped(state)
	}
}

// relabel notes that the table in force is now confirmed by another source than the one it came from.
func (s *Store) relabel(source string) {
	if old := s.state.Load(); old.Source != source {
		s.swap(&State{Table: old.Table, Overrides: old.Overrides, Source: source, Since: old.Since})
	}
}

func (s *Store) current() *Table {
	if state := s.state.Load(); state != nil {
		return state.Table
	}
	return nil
}

// acknowledged is true if somebody said, after the table in force, that it shall shrink.
func acknowledged(current, next *Table) bool {
	return next.ShrunkEpoch >= current.Epoch && next.ShrunkEpoch > current.ShrunkEpoch
}

func (t *Table) equal(index routes.Index) bool {
	if t.Epoch != index.Epoch || t.ShrunkEpoch != index.ShrunkEpoch || len(t.files) != len(index.Files) {
		return false
	}
	for _, f := range index.Files {
		if t.files[f.Name].sum != f.Sum {
			return false
		}
	}
	return true
}

// gather gives the files that the index lists, or says that they are not those.
func (s *Store) gather(index routes.Index, files map[string]string) (map[string]file, *refusal) {
	set := make(map[string]file, len(index.Files))
	var wrong []string
	for _, f := range index.Files {
		text, there := files[f.Name]
		switch {
		case !there:
			wrong = append(wrong, f.Name+" is missing")
		case s.sum(f.Name, text) != f.Sum:
			wrong = append(wrong, routes.SumProblem(f.Name).Error())
		default:
			set[f.Name] = file{text: text, sum: f.Sum}
		}
	}
	const most = 3
	if len(wrong) > most {
		wrong = append(wrong[:most:most], fmt.Sprintf("and %d more", len(wrong)-most))
	}
	if len(wrong) > 0 {
		return nil, refuse(Torn, "epoch %d is incomplete: %s", index.Epoch, strings.Join(wrong, "; "))
	}
	return set, nil
}

// sum of a file, without reckoning if it is the text that was there the last time.
func (s *Store) sum(name, text string) [sha256.Size]byte {
	if known, found := s.sums[name]; found && known.text == text {
		return known.sum
	}
	f := file{text: text, sum: s.digest.sum(text)}
	if s.sums == nil {
		s.sums = map[string]file{}
	}
	s.sums[name] = f
	return f.sum
}

// Refuse notes a table that did not get as far as an Offer.
func (s *Store) Refuse(reason, message string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.report(&refusal{reason: reason, message: message})
}
