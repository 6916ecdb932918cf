package placement

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// signature is what groups have in common that may be on the same ShopSets.
type signature struct {
	class int32
	// copies is how many ShopSets shall hold a group.
	copies int
	// allowed ShopSets may hold a group, if their state lets them; takers are those that take it now.
	allowed []bool
	takers  []int32
	// zones of the takers, sorted.
	zones []int32
	// stride has no divisor in common with the number of takers: going by it one comes to all.
	stride int
	// pinned is true if the groups name their ShopSets.
	pinned bool
	// lost groups are pinned to nothing that can hold them.
	lost bool
}

type group struct {
	given  *Group
	class  int32
	sig    int32
	weight int64
	// current are the ShopSets of today that exist; gone is one that does not.
	current []int32
	gone    string
	// usable holds what it can keep, in the order in which it likes to be served: first where it
	// returns to, then what it has. draining and down are the rest of what it may be on.
	usable, draining, down []int32
	// serving is who serves it today, or none.
	serving int32
	// ref is who shall go on serving it if nothing is wrong, or none if its traffic must go
	// elsewhere anyway.
	ref int32
	// want copies can be had, and kept of them without moving any.
	want, kept int8
	// returning is true if its home takes load again.
	returning bool
	// fixed groups stay where they are: what they ask for cannot be known.
	fixed bool
}

func (p *planner) indexGroups(given []Group, classAt, clusterAt, domainAt map[string]int32) {
	sorted := unique(p, kindGroup, given, func(g *Group) string { return g.Name }, func(a, b *Group) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Weight, b.Weight), slices.Compare(a.Current, b.Current),
			slices.Compare(a.Pin, b.Pin), slices.Compare(a.Avoid, b.Avoid), slices.Compare(a.Home, b.Home), cmp.Compare(a.Shops, b.Shops))
	})
	plain := make([]int32, len(p.classes))
	for i := range p.classes {
		plain[i] = p.addSignature(int32(i), nil, nil)
	}
	special := map[string]int32{}
	p.groups = make([]group, len(sorted))
	for i := range sorted {
		one := &sorted[i]
		g := &p.groups[i]
		*g = group{given: one, class: none, sig: none, serving: none, ref: none}
		g.weight = p.bounded(kindGroup, one.Name, "weight", one.Weight)
		g.current = p.known(one.Current, &g.gone)
		c, known := classAt[one.Class]
		if !known {
			p.found(kindGroup, one.Name, "class", "its class "+strconv.Quote(one.Class)+" does not exist; it stays where it is",
				"create the ShopClass, or name one that exists")
			g.fixed = true
			continue
		}
		g.class, g.sig = c, plain[c]
		if len(one.Pin) > 0 || len(one.Avoid) > 0 {
			g.sig = p.special(special, g, clusterAt, domainAt)
		}
	}
}

// known returns the indices of the ShopSets that exist, without repetition, and the first that does not.
func (p *planner) known(names []string, gone *string) []int32 {
	from := len(p.arena)
	for _, name := range names {
		s, exists := p.setAt[name]
		switch {
		case !exists:
			if *gone == "" {
				*gone = name
			}
		case !slices.Contains(p.arena[from:], s):
			p.arena = append(p.arena, s)
		}
	}
	return p.arena[from:len(p.arena):len(p.arena)]
}

// special returns the signature of a group that is pinned or avoids something. A group that is pinned
// only to what cannot hold it keeps what it has, as far as that is allowed, and comes to nothing new.
func (p *planner) special(seen map[string]int32, g *group, clusterAt, domainAt map[string]int32) int32 {
	name, c := g.given.Name, g.class
	var pin, avoid []int32
	for _, want := range g.given.Pin {
		s, exists := p.setAt[want]
		switch {
		case !exists:
			p.found(kindGroup, name, "pin", "it is pinned to "+want+", which does not exist",
				"pin it to a ShopSet that exists, or remove the pin")
		case p.sets[s].Tier != p.classes[c].Tier:
			p.found(kindGroup, name, "pin", "it is pinned to "+want+" of tier "+p.sets[s].Tier+", and its class "+p.classes[c].Name+" is of tier "+p.classes[c].Tier,
				"pin it to a ShopSet of tier "+p.classes[c].Tier+", or change its class")
		case p.sets[s].Capacity == 0:
			p.found(kindGroup, name, "pin", "it is pinned to "+want+", which has no capacity", "give "+want+" a capacity, or change the pin")
		default:
			pin = append(pin, s)
		}
	}
	lost := len(g.given.Pin) > 0 && len(pin) == 0
	for _, what := range g.given.Avoid {
		out := p.avoided(what, clusterAt, domainAt)
		if out == nil {
			p.found(kindGroup, name, "avoid", "it avoids "+what+", which is no domain, cluster or ShopSet",
				"name one that exists, or remove it")
		}
		avoid = append(avoid, out...)
	}
	slices.Sort(pin)
	slices.Sort(avoid)
	pin, avoid = slices.Compact(pin), slices.Compact(avoid)
	key := signatureKey(c, pin, avoid)
	if lost {
		key += "lost"
	}
	if at, exists := seen[key]; exists {
		return at
	}
	at := p.addSignature(c, pin, avoid)
	if lost {
		p.sigs[at].takers, p.sigs[at].zones, p.sigs[at].lost = nil, nil, true
	}
	seen[key] = at
	return at
}

func signatureKey(c int32, pin, avoid []int32) string {
	var key strings.Builder
	for _, list := range [][]int32{{c}, pin, avoid} {
		for _, i := range list {
			key.WriteString(strconv.Itoa(int(i)))
			key.WriteByte(',')
		}
		key.WriteByte('|')
	}
	return key.String()
}

// avoided returns the ShopSets under a name: of a ShopSet, a cluster or a domain, or of several of
// these if they have the same. It is nil if nothing has that name.
func (p *planner) avoided(name string, clusterAt, domainAt map[string]int32) []int32 {
	var out []int32
	s, isSet := p.setAt[name]
	c, isCluster := clusterAt[name]
	d, isDomain := domainAt[name]
	if !isSet && !isCluster && !isDomain {
		return nil
	}
	out = []int32{}
	for i := range p.sets {
		at := int32(i)
		if isSet && at == s || isCluster && p.sets[i].cluster == c || isDomain && slices.Contains(p.sets[i].path, d) {
			out = append(out, at)
		}
	}
	return out
}

func (p *planner) addSignature(c int32, pin, avoid []int32) int32 {
	sig := signature{class: c, copies: p.classes[c].Copies, allowed: make([]bool, len(p.sets)), pinned: len(pin) > 0}
	for i := range p.sets {
		s := &p.sets[i]
		at := int32(i)
		fits := !s.Dedicated
		if sig.pinned {
			_, fits = slices.BinarySearch(pin, at)
		}
		_, out := slices.BinarySearch(avoid, at)
		sig.allowed[i] = fits && !out && s.Capacity > 0 && s.Tier == p.classes[c].Tier
		if sig.allowed[i] && s.State == Active {
			sig.takers = append(sig.takers, at)
			sig.zones = append(sig.zones, p.classes[c].zone[i])
		}
	}
	if sig.pinned {
		sig.copies = min(sig.copies, len(pin))
	}
	sig.stride = stride(len(sig.takers))
	slices.Sort(sig.zones)
	sig.zones = slices.Compact(sig.zones)
	p.sigs = append(p.sigs, sig)
	return int32(len(p.sigs) - 1) //nolint:gosec // fewer than 2³¹
}

// stride returns a number near the golden section of n that has no divisor in common with it.
func stride(n int) int {
	step := max(1, n*618/1000)
	for a, b := step, n; b > 0; {
		if a, b = b, a%b; b == 0 && a > 1 {
			step++
			a, b = step, n
		}
	}
	return step
}
