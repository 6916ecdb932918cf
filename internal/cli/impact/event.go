package impact

import (
	"cmp"
	"slices"
	"strings"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/plan/placement"
)

// Event is what happens: the loss of failure domains, or the drain of a cluster.
type Event struct {
	// Down names FailureDomains (or their paths), WorkloadClusters or ShopSets.
	Down []string
	// Drain names a WorkloadCluster; empty if something is lost.
	Drain string
	// StepPercent is how much of what changes its place one step of a drain takes at most; 0 means 25.
	StepPercent int
	// FreezeAbove is how many domains may be lost at once before nothing is placed anew; 0 for no such bound.
	FreezeAbove int
}

// String says it in words.
func (e Event) String() string {
	if e.Drain != "" {
		return "drain of cluster " + e.Drain
	}
	return "loss of " + strings.Join(e.Down, " and ")
}

// concerned finds the ShopSets that an event is about.
func (e Event) concerned(in placement.Input) (map[string]bool, error) {
	t := treeOf(in)
	out := map[string]bool{}
	if e.Drain != "" {
		if _, known := t.clusters[e.Drain]; !known {
			return nil, exit.NoSuch("WorkloadCluster", e.Drain, t.clusterNames())
		}
		t.onCluster(e.Drain, out)
		return out, nil
	}
	for _, name := range e.Down {
		if !t.inside(name, out) {
			return nil, exit.NoSuch("FailureDomain, WorkloadCluster or ShopSet", name, t.names())
		}
	}
	return out, nil
}

// outermost are the domains, and the clusters outside of such domains, that an event takes away as
// a whole: that is how the controller counts what is down at once.
func (t tree) outermost(concerned map[string]bool) []string {
	left := map[string]bool{} // domains and clusters in which something is left
	gone := map[string][]string{}
	for i := range t.in.ShopSets {
		s := &t.in.ShopSets[i]
		way := append(t.above(t.clusters[s.Cluster]), "cluster "+s.Cluster)
		if concerned[s.Name] {
			gone[s.Cluster] = way
			continue
		}
		for _, name := range way {
			left[name] = true
		}
	}
	var out []string
	for _, way := range gone {
		if i := slices.IndexFunc(way, func(name string) bool { return !left[name] }); i >= 0 {
			out = append(out, way[i])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// tree is what fails together.
type tree struct {
	in placement.Input
	// clusters are the innermost domain of each.
	clusters map[string]string
	parents  map[string]string
}

func treeOf(in placement.Input) tree {
	t := tree{in: in, clusters: map[string]string{}, parents: map[string]string{}}
	for _, d := range in.Domains {
		t.parents[d.Name] = d.Parent
	}
	for _, c := range in.Clusters {
		t.clusters[c.Name] = c.Domain
	}
	return t
}

// inside adds the ShopSets in a domain, on a cluster, or of that name; false if there is no such
// name. Domains and clusters may be named by their path, or by its end.
func (t tree) inside(name string, to map[string]bool) bool {
	known := false
	for _, d := range t.in.Domains {
		if !named(t.path(d.Name), name) {
			continue
		}
		known = true
		for _, c := range t.in.Clusters {
			if slices.Contains(t.above(c.Domain), d.Name) {
				t.onCluster(c.Name, to)
			}
		}
	}
	for _, c := range t.in.Clusters {
		if named(t.clusterPath(c), name) {
			known = true
			t.onCluster(c.Name, to)
		}
	}
	if known {
		return true
	}
	known = slices.ContainsFunc(t.in.ShopSets, func(s placement.ShopSet) bool { return s.Name == name })
	if known {
		to[name] = true
	}
	return known
}

// named tells whether a path is called by a name: the whole of it, or its end.
func named(path, name string) bool { return name != "" && strings.HasSuffix("/"+path, "/"+name) }

// clusterPath is that of a cluster; one that is a domain by itself is not in there twice.
func (t tree) clusterPath(c placement.Cluster) string {
	if c.Domain == c.Name || c.Domain == "" {
		return cmp.Or(t.path(c.Domain), c.Name)
	}
	return t.path(c.Domain) + "/" + c.Name
}

func (t tree) onCluster(cluster string, to map[string]bool) {
	for i := range t.in.ShopSets {
		if s := &t.in.ShopSets[i]; s.Cluster == cluster {
			to[s.Name] = true
		}
	}
}

// above is a domain with those around it, outermost first. Parents that lead back to one of them
// end it.
func (t tree) above(domain string) []string {
	var parts []string
	for domain != "" && !slices.Contains(parts, domain) {
		parts = append(parts, domain)
		domain = t.parents[domain]
	}
	slices.Reverse(parts)
	return parts
}

func (t tree) path(domain string) string { return strings.Join(t.above(domain), "/") }

// names of domains and clusters, as paths.
func (t tree) names() []string {
	var out []string
	for _, d := range t.in.Domains {
		out = append(out, t.path(d.Name))
	}
	for _, c := range t.in.Clusters {
		out = append(out, t.clusterPath(c))
	}
	return out
}

func (t tree) clusterNames() []string {
	var out []string
	for _, c := range t.in.Clusters {
		out = append(out, c.Name)
	}
	return out
}
