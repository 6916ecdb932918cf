package table

import (
	"context"
	"sync"
	"time"
)

// Source gives updates until the context ends; trouble is told what goes wrong, and nil when it
// goes well again. Neither is called at the same time as itself by a Dir; a Kube may call trouble so.
type Source interface {
	Run(ctx context.Context, offer func(Update), trouble func(error)) error
}

// Run takes what a source gives until the context ends.
func (s *Store) Run(ctx context.Context, source Source) error {
	r := runner{store: s, updates: make(chan Update)}
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	running.Go(func() { failed <- source.Run(ctx, r.offer(ctx), r.trouble) })
	var latest Update
	again := time.NewTimer(time.Hour)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case latest = <-r.updates:
		case <-again.C:
		}
		if latest.Source == "" {
			continue
		}
		if wait := s.Offer(latest); wait > 0 {
			again.Reset(wait)
		} else {
			again.Stop()
		}
	}
}

type runner struct {
	store   *Store
	updates chan Update

	mutex sync.Mutex
	said  string
}

func (r *runner) offer(ctx context.Context) func(Update) {
	return func(u Update) {
		select {
		case r.updates <- u:
		case <-ctx.Done():
		}
	}
}

// trouble is told once until it is over: whoever is paged wants one line, not one a second.
func (r *runner) trouble(err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	switch {
	case err == nil && r.said != "":
		r.store.config.Log.Info("the source of the routing table answers again")
		r.said = ""
	case err != nil && r.said == "":
		r.said = err.Error()
		r.store.config.Log.Error("the source of the routing table does not answer; the table in force stays", "problem", err)
	default:
		return
	}
	r.store.setTrouble(r.said)
}
