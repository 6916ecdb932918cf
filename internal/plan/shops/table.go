package shops

import (
	"maps"
	"slices"
	"strings"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/placement"
	"shopset.dev/shopset/internal/plan/routes"
)

// Table is the routing table in which the groups are placed as said. Addresses are host:port by
// ShopSet; today's are kept for those that are missing. A group that has no place in the placements
// stays where it is, and one that never had any is not in the table. The epoch is today's, and the
// next one if anything differs.
//
// Without a Fleet the objects cannot be complete, and the table stays as it is.
func Table(o convention.Objects, r Resolved, placements []placement.Placement, addresses map[string][]string, today routes.Table) routes.Table {
	if len(o.Fleets) == 0 {
		return today
	}
	known := shopSetRows(o, addresses, today)
	t := routes.Table{Groups: groupRows(r, placements, known)}
	t.Hosts = hostRows(r, t.Groups)
	t.ShopSets = needed(o, t.Groups, known)
	t.Classes = classRows(o, t.Groups, today)
	next, _ := routes.Succeed(today, t, len(t.Hosts) < len(today.Hosts) && deleted(o, today))
	return next
}

// hostRows has the hosts of all groups that are served.
func hostRows(r Resolved, groups []routes.Group) []routes.Host {
	served := make(map[string]bool, len(groups))
	for _, g := range groups {
		served[g.Name] = true
	}
	n := 0
	for i := range r.Shops {
		n += len(r.Shops[i].Hosts)
	}
	rows := make([]routes.Host, 0, n)
	for i := range r.Shops {
		s := &r.Shops[i]
		if !served[s.Group] {
			continue
		}
		for _, host := range s.Hosts {
			rows = append(rows, routes.Host{Name: host, Shop: s.Name, Group: s.Group})
		}
	}
	slices.SortFunc(rows, func(a, b routes.Host) int { return strings.Compare(a.Name, b.Name) })
	return rows
}

func groupRows(r Resolved, placements []placement.Placement, known map[string]routes.ShopSet) []routes.Group {
	placed := make(map[string][]string, len(placements))
	for _, p := range placements {
		placed[p.Group] = p.ShopSets
	}
	rows := make([]routes.Group, 0, len(r.Groups))
	for _, g := range r.Groups {
		shopSets := existing(placed[g.Name], known)
		if len(shopSets) == 0 {
			shopSets = existing(g.Current, known)
		}
		if len(shopSets) > 0 {
			rows = append(rows, routes.Group{Name: g.Name, ShopSets: shopSets})
		}
	}
	return rows
}

// existing leaves out what no table can name any more.
func existing(names []string, known map[string]routes.ShopSet) []string {
	for _, name := range names {
		if _, ok := known[name]; !ok {
			return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
				_, ok := known[name]
				return !ok
			})
		}
	}
	return names
}

// shopSetRows gives every ShopSet of the fleet and of today's table, by name.
func shopSetRows(o convention.Objects, addresses map[string][]string, today routes.Table) map[string]routes.ShopSet {
	rows := make(map[string]routes.ShopSet, len(o.ShopSets))
	for _, s := range today.ShopSets {
		rows[s.Name] = s
	}
	clusters := make(map[string]*v1alpha1.WorkloadCluster, len(o.WorkloadClusters))
	for i := range o.WorkloadClusters {
		clusters[o.WorkloadClusters[i].Name] = &o.WorkloadClusters[i]
	}
	parent := make(map[string]string, len(o.FailureDomains))
	for i := range o.FailureDomains {
		parent[o.FailureDomains[i].Name] = o.FailureDomains[i].Spec.Parent
	}
	for i := range o.ShopSets {
		s := &o.ShopSets[i]
		row := routes.ShopSet{Name: s.Name, Tier: s.Spec.Tier, Cluster: s.Spec.Cluster, State: routes.Active}
		if c := clusters[s.Spec.Cluster]; c != nil {
			row.Domain = domainPath(parent, c.Spec.FailureDomain)
			if c.Spec.State == v1alpha1.ClusterDrained {
				row.State = routes.Drained
			}
		}
		if row.Addresses = slices.Clone(addresses[s.Name]); len(row.Addresses) == 0 {
			row.Addresses = rows[s.Name].Addresses
		}
		slices.Sort(row.Addresses)
		rows[s.Name] = row
	}
	return rows
}

// domainPath joins a domain and those around it, the outermost first. A cycle is cut where it closes.
func domainPath(parent map[string]string, name string) string {
	var path []string
	for name != "" && !slices.Contains(path, name) {
		path = append(path, name)
		name = parent[name]
	}
	slices.Reverse(path)
	return strings.Join(path, "/")
}

// needed gives the rows of the ShopSets of the fleet, and of what is gone for as long as a group
// names it.
func needed(o convention.Objects, groups []routes.Group, known map[string]routes.ShopSet) []routes.ShopSet {
	names := make(map[string]bool, len(o.ShopSets))
	for i := range o.ShopSets {
		names[o.ShopSets[i].Name] = true
	}
	for _, g := range groups {
		for _, name := range g.ShopSets {
			names[name] = true
		}
	}
	rows := make([]routes.ShopSet, 0, len(names))
	for _, name := range slices.Sorted(maps.Keys(names)) {
		rows = append(rows, known[name])
	}
	return rows
}

// classRows has every class, and what is gone for as long as a group is of it.
func classRows(o convention.Objects, groups []routes.Group, today routes.Table) []routes.Class {
	var rows []routes.Class
	known := make(map[string]bool, len(o.ShopClasses))
	for i := range o.ShopClasses {
		known[o.ShopClasses[i].Name] = true
		rows = append(rows, edgeClass(&o.ShopClasses[i]))
	}
	named := make(map[string]bool)
	for _, g := range groups {
		named[routes.ClassOf(g.Name)] = true
	}
	for _, row := range today.Classes {
		if named[row.Name] && !known[row.Name] {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b routes.Class) int { return strings.Compare(a.Name, b.Name) })
	return rows
}

func edgeClass(c *v1alpha1.ShopClass) routes.Class {
	e := c.Spec.Edge
	row := routes.DefaultClass(c.Name)
	row.MaxInFlight = int(e.MaxInFlight)
	if e.RetryPercent != nil {
		row.RetryPercent = int(*e.RetryPercent)
	}
	if e.ConnectTimeout != nil {
		row.ConnectMillis = int(e.ConnectTimeout.Milliseconds())
	}
	if e.ResponseTimeout != nil {
		row.ResponseMillis = int(e.ResponseTimeout.Milliseconds())
	}
	if e.RateLimit != nil {
		row.RatePerSecond, row.Burst = int(e.RateLimit.RequestsPerSecond), int(e.RateLimit.Burst)
		if row.Burst == 0 {
			row.Burst = 2 * row.RatePerSecond
		}
	}
	return row
}

// deleted tells whether people have deleted shops of the table. Nothing else takes a shop out of it.
func deleted(o convention.Objects, today routes.Table) bool {
	exists := make(map[string]bool, len(o.Shops))
	for i := range o.Shops {
		exists[o.Shops[i].Name] = o.Shops[i].DeletionTimestamp == nil
	}
	return slices.ContainsFunc(today.Hosts, func(h routes.Host) bool { return !exists[h.Shop] })
}
