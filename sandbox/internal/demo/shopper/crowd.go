package shopper

import "time"

// Tally is how many requests there were and how many had no good answer.
type Tally struct {
	Requests, Failed int
}

// Less takes away an earlier tally.
func (t Tally) Less(earlier Tally) Tally {
	return Tally{Requests: t.Requests - earlier.Requests, Failed: t.Failed - earlier.Failed}
}

// Add puts two ShopSets' tallies together.
func (t Tally) Add(other Tally) Tally {
	return Tally{Requests: t.Requests + other.Requests, Failed: t.Failed + other.Failed}
}

// Tallies are those of every ShopSet so far.
func (c *Crowd) Tallies() map[string]Tally {
	out := map[string]Tally{}
	for _, name := range c.names {
		s := c.shoppers[name]
		s.mu.Lock()
		out[name] = Tally{Requests: s.requests, Failed: s.failed}
		s.mu.Unlock()
	}
	return out
}

// FirstSeen is when a shopper first saw a page of some kind, not before a time.
func (c *Crowd) FirstSeen(shopSet string, after time.Time, is func(Page) bool) (time.Time, bool) {
	for _, sighting := range c.sightings(shopSet) {
		if !sighting.At.Before(after) && is(sighting.Page) {
			return sighting.At, true
		}
	}
	return time.Time{}, false
}

// Seen are the different pages a shopper has seen since a time, the one that was up at that time
// first.
func (c *Crowd) Seen(shopSet string, since time.Time) []Page {
	var pages []Page
	for _, sighting := range c.sightings(shopSet) {
		if !sighting.At.After(since) {
			pages = nil
		}
		pages = append(pages, sighting.Page)
	}
	return pages
}

// Failures are those of a ShopSet since a time, at most a thousand in all.
func (c *Crowd) Failures(shopSet string, since time.Time) []Failure {
	s := c.shoppers[shopSet]
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Failure
	for _, failure := range s.failures {
		if failure.At.After(since) {
			found = append(found, failure)
		}
	}
	return found
}

// Address is where a ShopSet is entered; empty while nobody knows.
func (c *Crowd) Address(shopSet string) string {
	s := c.shoppers[shopSet]
	if s == nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

func (c *Crowd) sightings(shopSet string) []Sighting {
	s := c.shoppers[shopSet]
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Sighting(nil), s.sightings...)
}
