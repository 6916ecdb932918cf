package placement

import (
	"cmp"
	"fmt"
	"slices"
)

// The kinds of what a class can lack, in the order in which they are told.
const (
	lackRoom     = iota // nobody can serve some of its groups
	lackExit            // some stay on what is draining and serves them
	lackRelief          // some stay on what is draining and stands by for them
	lackDomains         // some have fewer copies than they shall
	lackHeadroom        // some go without standby for the sake of others
)

type lackKey struct {
	class int32
	kind  int
}

// lack is what the groups of a class lack together.
type lack struct {
	groups, shops int
	weight        int64
	sig           int32
	on            map[int32]bool
}

func (w *explainer) lack(class int32, kind int, i int32) {
	g := &w.p.groups[i]
	key := lackKey{class, kind}
	l := w.lacks[key]
	if l == nil {
		l = &lack{sig: g.sig, on: map[int32]bool{}}
		w.lacks[key] = l
	}
	l.groups++
	l.shops += g.given.Shops
	l.weight += g.weight
	if kind == lackExit || kind == lackRelief {
		for _, s := range g.draining {
			if slices.Contains(w.p.held[i], s) {
				l.on[s] = true
			}
		}
	}
}

// shortages writes one sentence for each class and kind.
func (w *explainer) shortages() {
	keys := make([]lackKey, 0, len(w.lacks))
	for key := range w.lacks {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b lackKey) int {
		return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.kind, b.kind))
	})
	for _, key := range keys {
		l := w.lacks[key]
		w.p.plan.Shortages = append(w.p.plan.Shortages, Shortage{
			Class: w.p.classes[key.class].Name, Missing: l.weight, Message: w.sentence(key, l)})
	}
}

func (w *explainer) sentence(key lackKey, l *lack) string {
	p := w.p
	c := &p.classes[key.class]
	who := fmt.Sprintf("%s of class %s (%s, %s requests/s)", several(l.groups, "group"), c.Name, several(l.shops, "shop"), rate(l.weight))
	switch key.kind {
	case lackRoom:
		return fmt.Sprintf("tier %s lacks %s requests/s%s for %s: %s; add capacity to tier %s, or lower what it must serve",
			c.Tier, rate(l.weight), p.outsideOf(l.sig), several(l.groups, "group")+" of class "+c.Name, p.whyFull(l.sig), c.Tier)
	case lackExit, lackRelief:
		var names []string
		for s := range l.on {
			names = append(names, p.sets[s].Name)
		}
		slices.Sort(names)
		why := p.whyFull(l.sig)
		if key.kind == lackRelief {
			why = fmt.Sprintf("its copies need %s%s, and tier %s has ShopSets that take load in %d", several(c.Copies, "domain"),
				c.levelWords(), c.Tier, len(p.sigs[l.sig].zones))
		}
		return fmt.Sprintf("%s cannot leave %s: %s; add capacity to tier %s elsewhere first", who, listed(names, 8), why, c.Tier)
	case lackDomains:
		return fmt.Sprintf("%s lack copies: the class asks for %s%s, and tier %s has ShopSets that take them in %d (%s); add a ShopSet of tier %s in another domain",
			who, several(c.Copies, "domain"), c.levelWords(), c.Tier, len(p.sigs[l.sig].zones), p.whoTakesNothing(l.sig), c.Tier)
	}
	return fmt.Sprintf("%s go without standby: if a domain of tier %s died, the survivors could not take the load of all, and this class is of small priority (%d); add capacity to tier %s",
		who, c.Tier, c.Priority, c.Tier)
}

// outsideOf names the clusters whose ShopSets of a tier take nothing.
func (p *planner) outsideOf(sig int32) string {
	takes, has := map[int32]bool{}, map[int32]bool{}
	for s, allowed := range p.sigs[sig].allowed {
		if !allowed {
			continue
		}
		has[p.sets[s].cluster] = true
		if p.sets[s].State == Active {
			takes[p.sets[s].cluster] = true
		}
	}
	var names []string
	for c := range p.clusters {
		if has[int32(c)] && !takes[int32(c)] {
			names = append(names, p.clusters[c].name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " outside of " + listed(names, 5)
}
