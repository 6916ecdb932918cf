package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/sandbox/internal/demo/shopper"
)

// climbLimit is how long a change may take to be proven on all tiers. It only ends a demo that
// would never end.
const climbLimit = 4 * time.Minute

// change is something that climbs.
type change struct {
	// name is what people call it.
	name string
	// made is when, just before it was pushed or applied.
	made time.Time
	// runs tells whether a release contains it.
	runs func(v1alpha1.Release) bool
	// shows tells whether a page was made by it.
	shows func(shopper.Page) bool
	// visible tells of which ShopSets the page would show it.
	visible func(shopSet string) bool
}

// newRelease is a commit as a change.
func newRelease(tag, commit string, made time.Time) change {
	return change{
		name: tag, made: made,
		runs:    func(r v1alpha1.Release) bool { return string(r.Apps) == commit },
		shows:   func(p shopper.Page) bool { return p.Release == tag },
		visible: func(string) bool { return true },
	}
}

// climb is how far a change has come.
type climb struct {
	change
	// served is when a shopper first saw it.
	served map[string]time.Time
	// seenWell is when a person found it well on a tier, where a person decided.
	seenWell map[string]time.Time
	tiers    []v1alpha1.Tier
}

// begin is the climb of a change that nobody has seen yet.
func begin(c change) *climb { return &climb{change: c, served: map[string]time.Time{}} }

// follow tells what happens until a change is proven on all tiers and seen on all ShopSets.
func (d *demo) follow(ctx context.Context, f *climb) error {
	told := map[string]string{}
	return d.await(ctx, f.name+" to be proven everywhere", climbLimit, func(ctx context.Context) (string, bool, error) {
		d.tellSightings(f)
		var err error
		if f.tiers, err = d.fleet.Tiers(ctx); err != nil {
			return "", false, err
		}
		var missing []string
		reasons := map[string]bool{}
		for i := range f.tiers {
			t := &f.tiers[i]
			d.tellTier(f.change, t, told)
			if f.provenOn(t) {
				continue
			}
			text := fmt.Sprintf("tier %s is %s", t.Name, t.Status.Phase)
			if !reasons[t.Status.Reason] { // one cause for all is told once
				text += " (" + t.Status.Reason + ")"
			}
			reasons[t.Status.Reason] = true
			missing = append(missing, text)
		}
		if unseen := d.unseen(f); len(unseen) > 0 {
			missing = append(missing, "no shopper has seen it on "+strings.Join(unseen, ", "))
		}
		return strings.Join(missing, "; "), len(missing) == 0, nil
	})
}

// provenOn tells whether a tier runs the change and has proven it.
func (c change) provenOn(t *v1alpha1.Tier) bool {
	s := t.Status
	return s.Phase == v1alpha1.TierProven && s.Release != nil && c.runs(*s.Release) &&
		s.Proven != nil && s.Proven.Release == *s.Release
}

// tellTier tells of a tier when it has come further.
func (d *demo) tellTier(c change, t *v1alpha1.Tier, told map[string]string) {
	s := t.Status
	if s.Release == nil || !c.runs(*s.Release) {
		return
	}
	text := fmt.Sprintf("%s, live on %s", s.Phase, s.Live)
	if s.Phase == v1alpha1.TierDegraded || s.Phase == v1alpha1.TierBlocked {
		text += ": " + s.Reason
	}
	if told[t.Name] == text {
		return
	}
	told[t.Name] = text
	d.out.Event("tier %-10s %s", t.Name, text)
}

// tellSightings tells which ShopSets shoppers have newly seen the change on, in order.
func (d *demo) tellSightings(f *climb) {
	type sighting struct {
		shopSet string
		at      time.Time
	}
	var fresh []sighting
	for _, name := range d.ladder.ShopSets() {
		if _, known := f.served[name]; known || !f.visible(name) {
			continue
		}
		if at, ok := d.crowd.FirstSeen(name, f.made, f.shows); ok {
			f.served[name] = at
			fresh = append(fresh, sighting{name, at})
		}
	}
	slices.SortFunc(fresh, func(a, b sighting) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.shopSet, b.shopSet))
	})
	for _, s := range fresh {
		d.out.EventAt(s.at, "  %s serves %s", s.shopSet, f.name)
	}
}

// unseen lists the ShopSets on which a shopper could have seen the change, and none has.
func (d *demo) unseen(f *climb) []string {
	var missing []string
	for _, name := range d.ladder.ShopSets() {
		if _, ok := f.served[name]; !ok && f.visible(name) {
			missing = append(missing, name)
		}
	}
	return missing
}
