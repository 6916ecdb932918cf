package health

import (
	"fmt"
	"time"
)

// Outcome is what one attempt says of a ShopSet.
type Outcome int

const (
	// Answered: with a status below 500.
	Answered Outcome = iota
	// ServerError: with 500 or above.
	ServerError
	// NoConnection: none came about.
	NoConnection
	// NoAnswer: the connection broke, or nothing came in time.
	NoAnswer
)

const (
	silentInRow = 3
	// A single broken shop must not eject a ShopSet that serves others well.
	errorsInRow, errorsOfOneShop = 5, 20
	ejectFor                     = 5 * time.Second // × how often it was ejected
	// forgetAfter takes one from that count.
	forgetAfter = time.Minute
	skipFor     = 5 * time.Second
)

// outlier counts failures in a row.
type outlier struct {
	silent, errors int
	shop           string // of the errors; empty once there were several
	ejections      int
	why            string
}

// Observe learns from an attempt: at which address, for which shop, and how it ended.
func (t *Target) Observe(outcome Outcome, hostPort, shop string, now time.Time) {
	if outcome == NoConnection {
		t.avoid(hostPort, now.Add(skipFor))
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	o := &t.outlier
	switch outcome {
	case Answered:
		o.silent, o.errors, o.shop = 0, 0, ""
	case ServerError:
		o.silent = 0
		if o.errors == 0 {
			o.shop = shop
		} else if o.shop != shop {
			o.shop = ""
		}
		o.errors++
		if o.errors >= errorsOfOneShop || o.errors >= errorsInRow && o.shop == "" {
			t.eject(fmt.Sprintf("%d answers in a row with status 500 or above", o.errors), now)
		}
	default:
		o.silent++
		if o.silent >= silentInRow {
			t.eject(fmt.Sprintf("%d requests in a row without an answer", o.silent), now)
		}
	}
}

// eject leaves the ShopSet out for a while, if that may be.
func (t *Target) eject(why string, now time.Time) {
	// Two at once could both find that there is room for one.
	t.fleet.ejecting.Lock()
	defer t.fleet.ejecting.Unlock()
	if t.Bad(now) || !t.fleet.mayEject(*t.tier.Load(), now) {
		return
	}
	o := &t.outlier
	if last := t.ejectedUntil.Load(); last != 0 {
		o.ejections = max(o.ejections-int(now.Sub(time.Unix(0, last))/forgetAfter), 0)
	}
	o.ejections++
	o.silent, o.errors, o.shop, o.why = 0, 0, "", why
	t.changed = now
	until := now.Add(min(ejectFor*time.Duration(o.ejections), longest))
	t.ejectedUntil.Store(until.UnixNano())
	t.fleet.ejections(t)
	t.fleet.changed(t, false, why)
}
