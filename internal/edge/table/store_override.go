package table

import (
	"shopset.dev/shopset/internal/edgestatus"
	"shopset.dev/shopset/internal/plan/routes"
)

// offerOverride takes the override table as a whole, or leaves the one in force.
func (s *Store) offerOverride(u Update) {
	state := s.state.Load()
	if state == nil || state.Overrides.same(u.Override) || u.Override == s.override && u.Override != "" {
		return
	}
	rows, err := routes.DecodeOverrides(u.Override)
	if err != nil {
		s.override = u.Override
		s.report(&refusal{reason: BadRow, message: err.Error()})
		return
	}
	s.override = ""
	if s.refused != nil && s.refused.Reason == BadRow {
		s.refused = nil
	}
	overrides := newOverrides(u.Override, rows, state.Table, state.Overrides)
	s.swap(&State{Table: state.Table, Overrides: overrides, Source: state.Source, Since: state.Since})
	now := s.config.Clock.Now()
	s.config.Log.Warn("override table in force", "rows", len(rows), "inForce", overrides.InForce(now))
	for _, row := range overrides.Status(now) {
		s.config.Log.Warn("override", "match", row.Match, "shopsets", row.ShopSets, "until", row.Until, "owner", row.Owner,
			"reason", row.Reason, "expired", row.Expired, "problem", row.Problem)
	}
}

func (o *Overrides) same(text string) bool {
	if o == nil {
		return text == ""
	}
	return o.text == text
}

// refit looks again at what a new table knows of the rows.
func refit(o *Overrides, t *Table) *Overrides {
	rows := make([]routes.Override, len(o.rows))
	for i, row := range o.rows {
		rows[i] = row.Override
	}
	return newOverrides(o.text, rows, t, o)
}

func (s *Store) setTrouble(said string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.trouble = said
}

// Status says which table is in force and what became of others.
func (s *Store) Status() (edgestatus.Table, []edgestatus.Override) {
	s.mutex.Lock()
	status := edgestatus.Table{Waiting: s.waiting, Refused: s.refused, Notice: s.notice, Trouble: s.trouble}
	s.mutex.Unlock()
	state := s.state.Load()
	if state == nil {
		return status, nil
	}
	now := s.config.Clock.Now()
	rows := state.Table.Rows
	status.Epoch, status.Source, status.LoadedAt = state.Table.Epoch, state.Source, state.Since
	status.AgeSeconds = int64(now.Sub(state.Since).Seconds())
	status.Rows = edgestatus.Rows{Hosts: rows.Hosts, Groups: rows.Groups, ShopSets: rows.ShopSets, Classes: rows.Classes}
	return status, state.Overrides.Status(now)
}
