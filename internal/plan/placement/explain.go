package placement

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// explainer finds words for what was decided. It says the same of many groups, so it keeps what it
// has said.
type explainer struct {
	p    *planner
	said map[saying]string
	// lacks are the shortages by class and kind.
	lacks map[lackKey]*lack
}

type saying struct {
	kind byte
	a, b int32
}

func newExplainer(p *planner) *explainer {
	return &explainer{p: p, said: map[saying]string{}, lacks: map[lackKey]*lack{}}
}

func (w *explainer) once(kind byte, a, b int32, say func() string) string {
	key := saying{kind, a, b}
	text, known := w.said[key]
	if !known {
		text = say()
		w.said[key] = text
	}
	return text
}

// move says why a copy goes from one ShopSet, if any, to another.
func (w *explainer) move(i int32, from string, to int32, final []int32) string {
	p := w.p
	g := &p.groups[i]
	name := p.sets[to].Name
	if g.returning && slices.Contains(g.given.Home, name) {
		return w.once('h', to, 0, func() string { return "returns to " + name + ", which takes load again" })
	}
	if from == "" {
		have, want := int32(len(g.current)), int32(p.sigs[g.sig].copies) //nolint:gosec // at most 100
		return w.once('n', have, want, func() string {
			if have == 0 {
				return "it had no place"
			}
			return "it had " + numbered(int(have), int(want))
		})
	}
	s, exists := p.setAt[from]
	if !exists {
		return from + " no longer exists"
	}
	return w.leaves(i, s, final)
}

// leaves says why a group leaves a ShopSet that exists.
func (w *explainer) leaves(i, s int32, final []int32) string {
	p := w.p
	g := &p.groups[i]
	one := &p.sets[s]
	c := &p.classes[g.class]
	switch {
	case one.Tier != c.Tier:
		return w.once('t', s, g.class, func() string {
			return fmt.Sprintf("%s is of tier %s, and class %s of tier %s", one.Name, one.Tier, c.Name, c.Tier)
		})
	case one.Capacity == 0:
		return w.once('0', s, 0, func() string { return one.Name + " has no capacity" })
	case !p.sigs[g.sig].allowed[s]:
		return w.forbids(g, s)
	case one.State == Down:
		return w.once('d', s, 0, func() string { return one.Name + " is down" })
	case one.State == Draining:
		return w.once('r', s, 0, func() string { return one.Name + " is draining" })
	}
	for _, other := range g.usable {
		if other != s && c.zone[other] == c.zone[s] && slices.Contains(g.current, other) {
			return w.once('z', s, other, func() string {
				return fmt.Sprintf("%s and %s are in one domain: %s", one.Name, p.sets[other].Name, p.zoneName(c.zone[s]))
			})
		}
	}
	switch p.aim[i] {
	case aimBalance:
		return "evens out the load"
	case aimHeadroom:
		return "keeps headroom for the loss of a domain"
	}
	if g.serving == s && len(final) > 0 && final[0] != s {
		return w.once('f', s, 0, func() string {
			return fmt.Sprintf("%s is full: it takes %s requests/s", one.Name, rate(one.Capacity))
		})
	}
	return w.once('m', s, 0, func() string { return "makes room: others need " + one.Name })
}

func (w *explainer) forbids(g *group, s int32) string {
	p := w.p
	name := p.sets[s].Name
	if p.sigs[g.sig].pinned && !slices.Contains(g.given.Pin, name) {
		return "it is pinned to " + listed(g.given.Pin, 5)
	}
	if p.sets[s].Dedicated && !p.sigs[g.sig].pinned {
		return w.once('i', s, 0, func() string { return name + " is dedicated: it takes only what is pinned to it" })
	}
	return "it avoids " + listed(g.given.Avoid, 5)
}

// switched says why another of its ShopSets serves a group.
func (w *explainer) switched(i int32, from string, to int32) string {
	p := w.p
	g := &p.groups[i]
	if g.returning && slices.Contains(g.given.Home, p.sets[to].Name) {
		return w.once('h', to, 0, func() string { return "returns to " + p.sets[to].Name + ", which takes load again" })
	}
	s, exists := p.setAt[from]
	if !exists {
		return from + " no longer exists"
	}
	if !slices.Contains(g.usable, s) {
		return w.leaves(i, s, nil)
	}
	switch p.aim[i] {
	case aimBalance:
		return "evens out the load"
	case aimHeadroom:
		return "keeps headroom for the loss of a domain"
	}
	if p.serving[s]+g.weight > p.sets[s].Capacity {
		return w.once('f', s, 0, func() string {
			return fmt.Sprintf("%s is full: it takes %s requests/s", from, rate(p.sets[s].Capacity))
		})
	}
	return w.once('s', s, to, func() string { return "makes room on " + from })
}

// zoneName names a domain, or what counts as one.
func (p *planner) zoneName(zone int32) string {
	nodes, clusters := int32(len(p.nodes)), int32(len(p.clusters)) //nolint:gosec // fewer than 2³¹
	switch {
	case zone < nodes:
		return p.nodes[zone].level + " " + p.nodes[zone].name
	case zone < nodes+clusters:
		return "cluster " + p.clusters[zone-nodes].name
	}
	return p.sets[zone-nodes-clusters].Name
}

// debt says why a group has fewer copies than its class asks for.
func (w *explainer) debt(i int32, missing int) string {
	p := w.p
	g := &p.groups[i]
	if p.denied[i] {
		w.lack(g.class, lackHeadroom, i)
		return w.once('y', g.class, 0, func() string {
			return fmt.Sprintf("the survivors in tier %s could not take its load if a domain died; priority %d goes without standby first",
				p.classes[g.class].Tier, p.priority(g))
		})
	}
	if p.in.Freeze != "" {
		return "nothing is moved now: " + p.in.Freeze
	}
	w.lack(g.class, lackDomains, i)
	if p.sigs[g.sig].lost {
		return "it is pinned to " + listed(g.given.Pin, 5) + ", which cannot hold it"
	}
	return w.once('x', g.sig, int32(missing), func() string { //nolint:gosec // at most 100
		return fmt.Sprintf("tier %s has ShopSets that take it in only %s%s: %s", p.classes[g.class].Tier,
			several(len(p.sigs[g.sig].zones), "domain"), p.classes[g.class].levelWords(), p.whoTakesNothing(g.sig))
	})
}

// unplaced says why nobody serves a group.
func (w *explainer) unplaced(i int32, final []int32) string {
	p := w.p
	g := &p.groups[i]
	switch {
	case g.fixed:
		return "its class " + g.given.Class + " does not exist"
	case p.sigs[g.sig].lost:
		return "it is pinned to " + listed(g.given.Pin, 5) + ", which cannot hold it"
	case p.in.Freeze != "" && len(final) > 0:
		return "all that hold it are down, and nothing is moved now: " + p.in.Freeze
	}
	w.lack(g.class, lackRoom, i)
	return w.once('u', g.sig, 0, func() string { return p.whyFull(g.sig) })
}

// lingers notes a group that stays on what is draining.
func (w *explainer) lingers(i int32) {
	g := &w.p.groups[i]
	for _, s := range g.draining {
		switch k := slices.Index(w.p.held[i], s); {
		case k == 0:
			w.lack(g.class, lackExit, i)
			return
		case k > 0:
			w.lack(g.class, lackRelief, i)
			return
		}
	}
}

// whoTakesNothing lists the ShopSets that a group could be on if their state let them, and why not.
func (p *planner) whoTakesNothing(sig int32) string {
	byState := map[State][]string{}
	for s, allowed := range p.sigs[sig].allowed {
		if allowed && p.sets[s].State != Active {
			byState[p.sets[s].State] = append(byState[p.sets[s].State], p.sets[s].Name)
		}
	}
	var parts []string
	for _, state := range []State{Down, Draining, Cordoned} {
		if names := byState[state]; len(names) > 0 {
			verb := " is "
			if len(names) > 1 {
				verb = " are "
			}
			parts = append(parts, listed(names, 6)+verb+strings.ToLower(string(state)))
		}
	}
	if len(parts) == 0 {
		return "there are no others"
	}
	return strings.Join(parts, "; ")
}

// whyFull is the min cut in words: which ShopSets are all that could serve a group, and that they
// are full.
func (p *planner) whyFull(sig int32) string {
	s := &p.sigs[sig]
	tier := p.classes[s.class].Tier
	if len(s.takers) == 0 {
		return fmt.Sprintf("no ShopSet of tier %s takes it: %s", tier, p.whoTakesNothing(sig))
	}
	full := slices.Clone(s.takers)
	if c := p.cuts[sig]; c != nil {
		full = full[:0]
		for at, reached := range c.reached {
			if reached && p.sets[at].Tier == tier {
				full = append(full, int32(at))
			}
		}
	}
	slices.SortStableFunc(full, func(a, b int32) int { return cmp.Compare(p.sets[b].Capacity, p.sets[a].Capacity) })
	var names []string
	free := int64(0)
	for _, at := range full {
		names = append(names, fmt.Sprintf("%s (%s)", p.sets[at].Name, rate(p.sets[at].Capacity)))
		free += max(0, p.sets[at].Capacity-p.serving[at])
	}
	verb := " is full"
	if len(names) > 1 {
		verb = " are full"
	}
	text := listed(names, 8) + verb
	if free > 0 {
		text += fmt.Sprintf(" but for %s requests/s in parts that are too small", rate(free))
	}
	if others := p.whoTakesNothing(sig); others != "there are no others" {
		text += "; " + others
	}
	return text
}
