package maintenance

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/evidence"
	"shopset.dev/shopset/internal/plan/placement"
	"shopset.dev/shopset/internal/plan/shops"
)

// longestName of a ShopSet, as its definition says.
const longestName = 43

// standIns gives a ShopSet on another cluster for each one of the cluster that serves, or why there
// can be none. The same objects give the same names, so it can be asked again.
func (r *run) standIns() ([]Surge, string) {
	load := r.eligible()
	if len(load) == 0 {
		return nil, "there is no other cluster on which a ShopSet could stand in; add one, or drain without spec.surge"
	}
	var stands []Surge
	for _, name := range slices.Sorted(maps.Keys(r.on)) {
		s := r.objects[name]
		if s == nil || s.Spec.Dedicated || s.DeletionTimestamp != nil || !r.serves(name) {
			continue
		}
		stand := Surge{Name: standName(name), Spec: *s.Spec.DeepCopy()}
		stand.Spec.Cluster, stand.Spec.Namespace = emptiest(load), ""
		if existing := r.objects[stand.Name]; existing != nil && r.stand[stand.Name] {
			stand.Spec.Cluster = existing.Spec.Cluster
		}
		load[stand.Spec.Cluster] += r.capacity(stand)
		stands = append(stands, stand)
	}
	return stands, r.forbidden(stands)
}

// serves tells whether the table gave or gives the ShopSet anything to hold.
func (r *run) serves(name string) bool {
	for _, g := range r.in.Placement.Groups {
		if slices.Contains(g.Current, name) || slices.Contains(r.before[g.Name], name) {
			return true
		}
	}
	return false
}

// eligible gives the capacity that each cluster promises already, of those that take load.
func (r *run) eligible() map[string]int64 {
	load := make(map[string]int64)
	away := r.away()
	for i := range r.in.Objects.WorkloadClusters {
		c := &r.in.Objects.WorkloadClusters[i]
		v, known := r.in.Verdicts.Cluster(c.Name)
		if away[c.Name] || c.Spec.State == v1alpha1.ClusterCordoned || c.DeletionTimestamp != nil || known && v.State != evidence.Up {
			continue
		}
		load[c.Name] = 0
	}
	for _, s := range r.objects {
		if _, ok := load[s.Spec.Cluster]; ok && !r.stand[s.Name] {
			load[s.Spec.Cluster] += r.capacity(Surge{Spec: s.Spec})
		}
	}
	return load
}

func emptiest(load map[string]int64) string {
	return slices.MinFunc(slices.Sorted(maps.Keys(load)), func(a, b string) int {
		if load[a] != load[b] && load[a] < load[b] {
			return -1
		}
		if load[a] > load[b] {
			return 1
		}
		return strings.Compare(a, b)
	})
}

func (r *run) capacity(s Surge) int64 {
	if s.Spec.Capacity == nil {
		return shops.DefaultCapacity
	}
	return int64(*s.Spec.Capacity) * 1000
}

// standName is that of the ShopSet that stands in for another.
func standName(name string) string {
	const suffix = "-surge"
	if len(name)+len(suffix) <= longestName {
		return name + suffix
	}
	sum := sha256.Sum256([]byte(name))
	short := hex.EncodeToString(sum[:4])
	return strings.TrimRight(name[:longestName-len(suffix)-len(short)-1], "-") + "-" + short + suffix
}

// forbidden says which rule the stand-ins would break; empty if none.
func (r *run) forbidden(stands []Surge) string {
	with := r.in.Objects
	with.Shops = nil
	without := with
	with.ShopSets = slices.Clone(with.ShopSets)
	youngest := metav1.NewTime(r.in.Now.AddDate(100, 0, 0))
	for _, s := range stands {
		if r.objects[s.Name] != nil {
			continue
		}
		with.ShopSets = append(with.ShopSets, v1alpha1.ShopSet{
			ObjectMeta: metav1.ObjectMeta{Name: s.Name, Namespace: r.in.Maintenance.Namespace, CreationTimestamp: youngest}, Spec: s.Spec,
		})
	}
	for _, f := range convention.Added(convention.Findings(without), convention.Findings(with), "", "") {
		return fmt.Sprintf("no ShopSet can stand in: %s; drain without spec.surge", f.Message)
	}
	return ""
}

// state is that of a ShopSet for the planner; what it does not know is down.
func (r *run) state(name string) placement.State {
	if state, known := r.known[name]; known {
		return state
	}
	return placement.Down
}

func severest(a, b placement.State) placement.State {
	return shops.Severest(a, b)
}
