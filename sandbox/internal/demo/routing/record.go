package routing

import (
	"context"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/plan/routes"
)

// every is the time between two looks: how exactly times of tables are known.
const every = 200 * time.Millisecond

// Sighting is a table that differs from the one before.
type Sighting struct {
	At    time.Time
	Table routes.Table
}

// Record keeps the tables that were there, one after the other.
type Record struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu        sync.Mutex
	sightings []Sighting
}

// Source is where tables are read.
type Source struct {
	// Epoch of the table that is there, and the Table itself.
	Epoch func(context.Context) (int64, error)
	Table func(context.Context) (routes.Table, error)
}

// Watch looks for a new table again and again until Stop. What cannot be read now (a file is being
// replaced) is read the next time.
func Watch(ctx context.Context, clk clock.WithTicker, source Source) *Record {
	ctx, cancel := context.WithCancel(ctx)
	r := &Record{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		ticker := clk.NewTicker(every)
		defer ticker.Stop()
		for {
			r.look(ctx, clk, source)
			select {
			case <-ctx.Done():
				return
			case <-ticker.C():
			}
		}
	}()
	return r
}

// Stop ends the watch.
func (r *Record) Stop() {
	r.cancel()
	<-r.done
}

// look notes the table if it is another than the last.
func (r *Record) look(ctx context.Context, clk clock.PassiveClock, source Source) {
	epoch, err := source.Epoch(ctx)
	if last, ok := r.Last(); err != nil || ok && last.Table.Epoch == epoch {
		return
	}
	at := clk.Now()
	table, err := source.Table(ctx)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sightings = append(r.sightings, Sighting{At: at, Table: table})
}

// Last is the table that is there; false before the first.
func (r *Record) Last() (Sighting, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.sightings) == 0 {
		return Sighting{}, false
	}
	return r.sightings[len(r.sightings)-1], true
}

// Since gives the table that was there at a time, and those that came after it.
func (r *Record) Since(at time.Time) []Sighting {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []Sighting
	for _, s := range r.sightings {
		if !s.At.After(at) {
			found = nil
		}
		found = append(found, s)
	}
	return found
}

// Sum adds up the moves from each table to the next: by group, and in all. A group that was moved
// away and back has moved twice.
func Sum(sightings []Sighting) Moves {
	sum := Moves{Moved: map[string]int{}}
	for i := 1; i < len(sightings); i++ {
		m := Between(sightings[i-1].Table, sightings[i].Table)
		for group, n := range m.Moved {
			sum.Moved[group] += n
		}
		sum.Switched = append(sum.Switched, m.Switched...)
	}
	return sum
}
