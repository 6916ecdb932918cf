package instance

import (
	"math"
	"slices"
	"strings"

	"shopset.dev/shopset/internal/plan/placement"
)

// usualLevels name the parts of a domain's path where no file does.
var usualLevels = []string{"platform", "site", "cluster"}

// builder makes an input of rows.
type builder struct {
	reader *Reader
	levels []string
	in     placement.Input
	// domains by name, with the place that named them first.
	domains map[string]placement.Domain
	// clusters are the indices in the input, by name.
	clusters map[string]int
}

func (b *builder) build() placement.Input {
	r := b.reader
	b.domains, b.clusters = map[string]placement.Domain{}, map[string]int{}
	if len(b.levels) == 0 {
		b.levels = usualLevels
	}
	for i, level := range b.levels {
		at := place{"levels"}
		if r.name(at, "level", level) && slices.Contains(b.levels[:i], level) {
			r.problem(at, "level", "%q is there twice", level)
		}
	}
	b.in.Freeze, b.in.Rebalance = r.rows.Freeze, r.rows.Rebalance
	b.shopSets()
	b.clusterRows()
	classes := b.classes()
	b.groups(classes)
	return b.in
}

// first tells whether a name is new, and notes a problem if not.
func (b *builder) first(seen map[string]string, at place, name string) bool {
	if !b.reader.name(at, "name", name) {
		return false
	}
	if before, twice := seen[name]; twice {
		b.reader.problem(at, "name", "%q is already in %s", name, before)
		return false
	}
	seen[name] = at.at
	return true
}

func (b *builder) shopSets() {
	r, seen := b.reader, map[string]string{}
	for i := range r.rows.ShopSets {
		row := &r.rows.ShopSets[i]
		b.first(seen, row.place, row.Name)
		r.name(row.place, "tier", row.Tier)
		s := placement.ShopSet{Name: row.Name, Tier: row.Tier, Dedicated: row.Dedicated, State: placement.Active}
		var err error
		if s.Capacity, err = amount(row.Capacity); err != nil {
			r.problem(row.place, "capacity", "%s", err)
		}
		if row.State != "" {
			s.State = placement.State(row.State)
		}
		if !slices.Contains([]placement.State{placement.Active, placement.Cordoned, placement.Draining, placement.Down}, s.State) {
			r.problem(row.place, "state", "%q: want Active, Cordoned, Draining or Down", clipped(row.State))
		}
		s.Cluster = b.cluster(row)
		b.in.ShopSets = append(b.in.ShopSets, s)
	}
}

// cluster puts a ShopSet's cluster into its domain.
func (b *builder) cluster(row *shopSetRow) string {
	innermost, ok := b.path(row.place, row.Domain)
	name := row.Cluster
	if name == "" {
		name = innermost
	}
	if !ok || !b.reader.name(row.place, "cluster", name) {
		return name
	}
	if i, known := b.clusters[name]; known {
		if had := b.in.Clusters[i].Domain; had != innermost {
			b.reader.problem(row.place, "domain", "cluster %s is in %s, says another row", name, had)
		}
		return name
	}
	b.clusters[name] = len(b.in.Clusters)
	b.in.Clusters = append(b.in.Clusters, placement.Cluster{Name: name, Domain: innermost})
	return name
}

// path learns the domains of a path and gives the innermost.
func (b *builder) path(at place, path string) (innermost string, ok bool) {
	parts := strings.Split(path, "/")
	switch {
	case path == "":
		b.reader.problem(at, "domain", "is missing: write the path of failure domains, such as on-prem/site-1/a")
		return "", false
	case len(parts) > len(b.levels):
		b.reader.problem(at, "domain", "%q has %d parts, and there are %d levels (%s): name more levels", clipped(path), len(parts),
			len(b.levels), strings.Join(b.levels, ", "))
		return "", false
	}
	parent := ""
	for i, name := range parts {
		if !b.reader.name(at, "domain", name) {
			return "", false
		}
		d := placement.Domain{Name: name, Parent: parent, Level: b.levels[i]}
		had, known := b.domains[name]
		switch {
		case !known:
			b.domains[name] = d
			b.in.Domains = append(b.in.Domains, d)
		case had != d:
			b.reader.problem(at, "domain", "%q is a %s in %q elsewhere, and here a %s in %q: domains need names of their own", name, had.Level, had.Parent,
				d.Level, d.Parent)
			return "", false
		}
		parent = name
	}
	return parent, true
}

func (b *builder) clusterRows() {
	r, seen := b.reader, map[string]string{}
	for i := range r.rows.Clusters {
		row := &r.rows.Clusters[i]
		if !b.first(seen, row.place, row.Name) {
			continue
		}
		at, known := b.clusters[row.Name]
		if !known {
			r.problem(row.place, "name", "no ShopSet is on cluster %q", row.Name)
			continue
		}
		var err error
		if b.in.Clusters[at].Capacity, err = amount(row.Capacity); err != nil {
			r.problem(row.place, "capacity", "%s", err)
		}
	}
}

func (b *builder) classes() map[string]string {
	r, seen := b.reader, map[string]string{}
	for i := range r.rows.Classes {
		row := &r.rows.Classes[i]
		b.first(seen, row.place, row.Name)
		r.name(row.place, "tier", row.Tier)
		c := placement.Class{Name: row.Name, Tier: row.Tier}
		var err error
		if c.Copies, err = integer(row.Copies, 1, 5, 1); err != nil {
			r.problem(row.place, "copies", "%s", err)
		}
		if c.Priority, err = integer(row.Priority, -1_000_000, 1_000_000, 0); err != nil {
			r.problem(row.place, "priority", "%s", err)
		}
		for _, level := range r.names(row.place, "spread", row.Spread) {
			c.Spread = append(c.Spread, placement.Spread{Level: level, Required: true})
		}
		for _, level := range r.names(row.place, "prefer", row.Prefer) {
			if slices.Contains(row.Spread, level) {
				r.problem(row.place, "prefer", "%q is already in spread", clipped(level))
			}
			c.Spread = append(c.Spread, placement.Spread{Level: level})
		}
		b.levelsOf(row.place, c.Spread)
		b.in.Classes = append(b.in.Classes, c)
	}
	return seen
}

// levelsOf checks that there are such levels.
func (b *builder) levelsOf(at place, spread []placement.Spread) {
	for _, s := range spread {
		if !slices.Contains(b.levels, s.Level) {
			b.reader.problem(at, "spread", "there is no level %q: there are %s", clipped(s.Level), strings.Join(b.levels, ", "))
		}
	}
}

func (b *builder) groups(classes map[string]string) {
	r, seen := b.reader, make(map[string]string, len(b.reader.rows.Groups))
	b.in.Groups = make([]placement.Group, 0, len(r.rows.Groups))
	for i := range r.rows.Groups {
		row := &r.rows.Groups[i]
		b.first(seen, row.place, row.Name)
		if _, known := classes[row.Class]; r.name(row.place, "class", row.Class) && !known {
			r.problem(row.place, "class", "there is no class %q", row.Class)
		}
		g := placement.Group{
			Name: row.Name, Class: row.Class,
			Current: r.names(row.place, "current", row.Current), Home: r.names(row.place, "home", row.Home),
			Pin: r.names(row.place, "pin", row.Pin), Avoid: r.names(row.place, "avoid", row.Avoid),
		}
		var err error
		if g.Weight, err = amount(row.Weight); err != nil {
			r.problem(row.place, "weight", "%s", err)
		} else if g.Weight == 0 {
			r.problem(row.place, "weight", "must be above 0")
		}
		if g.Shops, err = integer(row.Shops, 0, math.MaxInt32, 1); err != nil {
			r.problem(row.place, "shops", "%s", err)
		}
		b.in.Groups = append(b.in.Groups, g)
	}
}
