package edgestatus

import (
	"encoding/json"
	"time"
)

// Marshal gives the JSON of a status, in at most MaxBytes: what is least needed is left out first,
// and then Truncated is set.
func Marshal(s Status) (string, error) {
	s.ShopSets = append([]ShopSetStatus(nil), s.ShopSets...)
	for i := range s.ShopSets {
		// Seconds do, and are half as long.
		s.ShopSets[i].Since = s.ShopSets[i].Since.UTC().Truncate(time.Second)
		s.ShopSets[i].LastRequest = s.ShopSets[i].LastRequest.UTC().Truncate(time.Second)
	}
	for _, shorten := range []func(*Status){
		func(*Status) {},
		func(s *Status) { shortenReasons(s, 60) },
		func(s *Status) { s.Overrides = nil },
		func(s *Status) { shortenReasons(s, 0) },
		leaveOutIdle,
		func(s *Status) { s.ShopSets = nil },
	} {
		shorten(&s)
		text, err := json.Marshal(s)
		if err != nil {
			return "", err
		}
		if len(text) <= MaxBytes {
			return string(text), nil
		}
		s.Truncated = true
	}
	text, err := json.Marshal(Status{Edge: s.Edge, Time: s.Time, Ready: s.Ready, Panic: s.Panic, Truncated: true})
	return string(text), err
}

func shortenReasons(s *Status, most int) {
	for i := range s.ShopSets {
		if reason := s.ShopSets[i].Reason; len(reason) > most {
			s.ShopSets[i].Reason = reason[:most]
		}
	}
}

// leaveOutIdle keeps what is bad or busy.
func leaveOutIdle(s *Status) {
	var kept []ShopSetStatus
	for _, t := range s.ShopSets {
		if !t.Healthy || t.InFlight > 0 {
			kept = append(kept, t)
		}
	}
	s.ShopSets = kept
}
