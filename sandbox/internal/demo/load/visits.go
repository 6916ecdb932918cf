package load

import (
	"cmp"
	"slices"
	"time"
)

// Visit is what became of one request.
type Visit struct {
	Shop, Kind, Method string
	// Edge is its number.
	Edge  int
	Start time.Time
	Took  time.Duration
	// ShopSet answered, if the answer says so.
	ShopSet string
	// Lost says why there was no good answer; empty if there was one.
	Lost string
}

// End is when the answer was complete, or given up.
func (v Visit) End() time.Time { return v.Start.Add(v.Took) }

// Visits are requests in the order in which they came back.
type Visits []Visit

// Where gives those that a condition holds for.
func (v Visits) Where(holds func(Visit) bool) Visits {
	var found Visits
	for _, visit := range v {
		if holds(visit) {
			found = append(found, visit)
		}
	}
	return found
}

// Lost gives those without a good answer.
func (v Visits) Lost() Visits {
	return v.Where(func(visit Visit) bool { return visit.Lost != "" })
}

// Of gives those of one kind of shop, by some methods; all methods if none is named.
func (v Visits) Of(kind string, methods ...string) Visits {
	return v.Where(func(visit Visit) bool {
		return visit.Kind == kind && (len(methods) == 0 || slices.Contains(methods, visit.Method))
	})
}

// InFlight gives those that were under way during a time: begun before its end, and not ended by
// its beginning.
func (v Visits) InFlight(from, to time.Time) Visits {
	return v.Where(func(visit Visit) bool { return visit.Start.Before(to) && visit.End().After(from) })
}

// Slowest is the longest time that a good answer took; zero without any.
func (v Visits) Slowest() time.Duration {
	var longest time.Duration
	for _, visit := range v {
		if visit.Lost == "" {
			longest = max(longest, visit.Took)
		}
	}
	return longest
}

// Quantile is the time within which a share of the good answers came; zero without any.
func (v Visits) Quantile(share float64) time.Duration {
	var times []time.Duration
	for _, visit := range v {
		if visit.Lost == "" {
			times = append(times, visit.Took)
		}
	}
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[min(len(times)-1, int(share*float64(len(times))))]
}

// Reasons counts why requests were lost, the most frequent first.
func (v Visits) Reasons() []Reason {
	counts := map[string]int{}
	for _, visit := range v.Lost() {
		counts[visit.Lost]++
	}
	var reasons []Reason
	for text, count := range counts {
		reasons = append(reasons, Reason{Text: text, Count: count})
	}
	slices.SortFunc(reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text))
	})
	return reasons
}

// Reason is why requests were lost.
type Reason struct {
	Text  string
	Count int
}

// Gap is the longest time in [from, to) that a shop was without a good answer, although one may
// have been asked for only now and then: zero for no shop.
func (v Visits) Gap(from, to time.Time) (shop string, longest time.Duration) {
	answered := map[string][]time.Time{}
	for _, visit := range v {
		answered[visit.Shop] = append(answered[visit.Shop], from)
		if visit.Lost == "" {
			answered[visit.Shop] = append(answered[visit.Shop], visit.End())
		}
	}
	for name, times := range answered {
		times = append(times, to)
		slices.SortFunc(times, time.Time.Compare)
		for i := range times[1:] {
			gap := times[i+1].Sub(times[i])
			if gap > longest || gap == longest && name < shop {
				shop, longest = name, gap
			}
		}
	}
	return shop, longest
}

// Outage is the time in which a shop lost requests.
type Outage struct {
	Shop string
	// First lost request began, and Back is when the first good answer after the last lost one
	// came; zero if none did.
	First, Back time.Time
}

// Outages are those of all shops that lost a request, by the shops' names.
func (v Visits) Outages() []Outage {
	last := map[string]time.Time{}
	first := map[string]time.Time{}
	for _, visit := range v.Lost() {
		if at, ok := first[visit.Shop]; !ok || visit.Start.Before(at) {
			first[visit.Shop] = visit.Start
		}
		if visit.Start.After(last[visit.Shop]) {
			last[visit.Shop] = visit.Start
		}
	}
	back := map[string]time.Time{}
	for _, visit := range v {
		at, had := last[visit.Shop]
		if !had || visit.Lost != "" || !visit.Start.After(at) {
			continue
		}
		if before, ok := back[visit.Shop]; !ok || visit.End().Before(before) {
			back[visit.Shop] = visit.End()
		}
	}
	var outages []Outage
	for shop, at := range first {
		outages = append(outages, Outage{Shop: shop, First: at, Back: back[shop]})
	}
	slices.SortFunc(outages, func(a, b Outage) int { return cmp.Compare(a.Shop, b.Shop) })
	return outages
}
