package system_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/objectid"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/system"
)

// branch is a branch of a system repository held in memory.
type branch struct {
	head    string
	files   map[string][]byte // base excluded
	base    string
	history []release.Tenure // newest first
}

// world is a fleet with its two repositories in memory and clusters which take every release at
// once, in good health unless said otherwise.
type world struct {
	t         *testing.T
	now       time.Time
	fleet     *v1alpha1.Fleet
	objects   convention.Objects
	additions map[string][]byte
	branches  map[string]*branch
	apps      map[string]string // apps heads by branch; commits are letters in order of their age
	sick      map[string]bool   // ShopSets that are Degraded
	proven    map[string]*release.Proven
	since     map[string]time.Time
	commits   int
	tables    func(*system.Input) // what there is to know of routing tables; nil for nothing
	log       []string            // subjects in the order they were pushed
	// store has the files of every tree that some branch has had, by tree id.
	store map[string]map[string][]byte
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), branches: map[string]*branch{}, apps: map[string]string{},
		sick: map[string]bool{}, proven: map[string]*release.Proven{}, since: map[string]time.Time{}, store: map[string]map[string][]byte{}}
	w.fleet = &v1alpha1.Fleet{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "shop"}, Spec: v1alpha1.FleetSpec{
		Apps:         v1alpha1.AppsRepository{Repository: v1alpha1.Repository{URL: "https://git.example/apps.git"}},
		System:       v1alpha1.Repository{URL: "https://git.example/system.git"},
		BranchPrefix: "tier-", ArgoCD: v1alpha1.ArgoCD{Namespace: "argocd", Project: "default"},
	}}
	w.objects.Fleets = []v1alpha1.Fleet{*w.fleet}
	w.objects.FailureDomains = []v1alpha1.FailureDomain{{ObjectMeta: w.meta("here")}}
	return w
}

func (w *world) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "shop", Name: name, CreationTimestamp: metav1.NewTime(w.now)}
}

// ladder makes tiers of levels 0, 1, …, each with one ShopSet on a cluster of its own, all with
// Configuration production.
func (w *world) ladder(tiers ...string) {
	for i, name := range tiers {
		w.objects.Tiers = append(w.objects.Tiers, v1alpha1.Tier{ObjectMeta: w.meta(name), Spec: v1alpha1.TierSpec{Level: int32(i)}})
		w.objects.WorkloadClusters = append(w.objects.WorkloadClusters, v1alpha1.WorkloadCluster{ObjectMeta: w.meta("on-" + name),
			Spec: v1alpha1.WorkloadClusterSpec{FailureDomain: "here"}})
		w.shopSet("s-"+name, name, "production")
	}
	w.configuration("production", "v1")
}

func (w *world) shopSet(name, tier, configuration string) {
	w.objects.ShopSets = append(w.objects.ShopSets, v1alpha1.ShopSet{ObjectMeta: w.meta(name),
		Spec: v1alpha1.ShopSetSpec{Tier: tier, Configuration: configuration, Cluster: "on-" + tier}})
}

func (w *world) configuration(name, value string) {
	c := v1alpha1.Configuration{ObjectMeta: w.meta(name), Spec: v1alpha1.ConfigurationSpec{
		Literals: []v1alpha1.Literals{{ConfigMap: "environment", Values: map[string]string{"VALUE": value}}}}}
	w.objects.Configurations = slices.DeleteFunc(w.objects.Configurations, func(o v1alpha1.Configuration) bool { return o.Name == name })
	w.objects.Configurations = append(w.objects.Configurations, c)
}

// merge puts a new commit on the lowest tier's apps branch.
func (w *world) merge(commit string) { w.apps["tier-0"] = strings.Repeat(commit, 40) }

func (w *world) input() system.Input {
	in := system.Input{Now: w.now, Fleet: w.fleet, Objects: w.objects, SubmoduleURL: "../apps.git", Additions: w.additions,
		Apps: w.apps["tier-0"], AppsTree: "tree of " + w.apps["tier-0"],
		Tiers: map[string]system.Tier{}, Settings: map[string]render.Settings{}, Configurations: map[string][]string{}}
	if in.Apps == "" {
		in.AppsProblem = "no commit yet"
	}
	in.Main = w.branch(render.MainBranch)
	for _, t := range w.objects.Tiers {
		name := fmt.Sprintf("tier-%d", t.Spec.Level)
		st := system.Tier{Branch: w.branch(name), Judged: map[string]release.ShopSet{}}
		f := release.Tier{Contains: map[string]bool{}, AppsHead: w.apps[name], Proven: w.proven[t.Name], Since: w.since[t.Name]}
		if f.AppsHead != "" {
			f.AppsHeadTree = "tree of " + f.AppsHead
		}
		if b := w.branches[name]; b != nil {
			f.History = b.history
		}
		for c := 'a'; c <= 'z'; c++ {
			commit := strings.Repeat(string(c), 40)
			f.Contains[commit] = f.AppsHead == "" || commit >= f.AppsHead
		}
		for _, s := range w.objects.ShopSets {
			if s.Spec.Tier == t.Name {
				health := release.Healthy
				if w.sick[s.Name] {
					health = release.Degraded
				}
				st.Judged[s.Name] = release.ShopSet{Name: s.Name, Cluster: s.Spec.Cluster, AtRelease: true, Health: health, HealthSince: w.now.Add(-time.Minute)}
			}
		}
		st.Facts = f
		in.Tiers[t.Name] = st
		for _, tenure := range f.History {
			in.Configurations[string(tenure.Configurations)] = w.configurationsIn(tenure)
		}
	}
	if w.tables != nil {
		w.tables(&in)
	}
	return in
}

func (w *world) configurationsIn(tenure release.Tenure) []string {
	out := []string{}
	for p := range w.store[string(tenure.Configurations)] {
		out = append(out, strings.TrimSuffix(strings.TrimPrefix(p, "configurations/"), "/kustomization.yaml"))
	}
	return out
}

func (w *world) branch(name string) system.Branch {
	b := w.branches[name]
	if b == nil {
		return system.Branch{Files: map[string]render.Blob{}}
	}
	out := system.Branch{Head: b.head, Files: map[string]render.Blob{}}
	for p, content := range b.files {
		out.Files[p] = render.Blob{OID: objectid.Blob(content), Content: content}
	}
	return out
}

// step makes one plan and carries it out. It gives the plan.
func (w *world) step() system.Plan {
	w.t.Helper()
	w.now = w.now.Add(10 * time.Second)
	p, err := system.Make(w.input())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, v := range p.Release.Verdicts {
		w.proven[v.Tier] = v.Proven
	}
	for _, c := range p.Commits {
		w.push(c)
	}
	for name, n := range p.Notes {
		for i := range w.objects.ShopSets {
			if s := &w.objects.ShopSets[i]; s.Name == name && n.Waiting == "" {
				s.Status.Rendered = n.Rendered
			}
		}
	}
	return p
}

func (w *world) push(c system.Commit) {
	w.t.Helper()
	b := w.branches[c.Branch]
	if b == nil {
		b = &branch{files: map[string][]byte{}}
		w.branches[c.Branch] = b
	}
	if b.head != c.Parent {
		w.t.Fatalf("commit %q is built on %q and %s is at %q", c.Subject, c.Parent, c.Branch, b.head)
	}
	for _, ch := range c.Changes {
		if ch.Body == nil {
			delete(b.files, ch.Path)
		} else {
			b.files[ch.Path] = ch.Body
		}
	}
	w.commits++
	b.head = fmt.Sprintf("commit-%d", w.commits)
	w.log = append(w.log, c.Subject)
	if e := c.Entry; e != nil {
		b.base = string(e.Release.Apps)
		if c.SetTrees {
			w.copyTrees(c.Branch, e)
		}
		w.keep(b)
		if c.Tier != w.objects.Tiers[0].Name {
			w.apps[c.Branch] = b.base
		}
		w.begin(c.Tier, b, e.Release, system.Actor)
		if got := w.tree(b, "configurations"); got != string(e.Release.Configurations) {
			w.t.Fatalf("%s: configurations is %s, planned %s", c.Branch, got, e.Release.Configurations)
		}
		if got := w.tree(b, "platform"); got != string(e.Release.Platform) {
			w.t.Fatalf("%s: platform is %s, planned %s", c.Branch, got, e.Release.Platform)
		}
	}
}

func (w *world) begin(tier string, b *branch, r release.Release, actor string) {
	t := release.Tenure{Release: r, Commit: b.head, Entered: w.now, Actor: actor, ByHand: actor != system.Actor}
	b.history = append([]release.Tenure{t}, b.history...)
	w.since[tier] = w.now
}

// copyTrees puts the trees of a release, which some branch has had, into a branch.
func (w *world) copyTrees(to string, e *release.Entry) {
	for folder, id := range map[string]v1alpha1.ObjectID{"configurations": e.Release.Configurations, "platform": e.Release.Platform} {
		maps.DeleteFunc(w.branches[to].files, func(p string, _ []byte) bool { return strings.HasPrefix(p, folder+"/") })
		maps.Copy(w.branches[to].files, w.store[string(id)])
	}
}

// keep remembers the trees of a branch, as Git keeps every object.
func (w *world) keep(b *branch) {
	for _, folder := range []string{"configurations", "platform"} {
		files := map[string][]byte{}
		for p, content := range b.files {
			if strings.HasPrefix(p, folder+"/") {
				files[p] = content
			}
		}
		w.store[w.tree(b, folder)] = files
	}
}

func (w *world) tree(b *branch, folder string) string {
	files := map[string]objectid.Entry{}
	for p, content := range b.files {
		if rest, ok := strings.CutPrefix(p, folder+"/"); ok {
			files[rest] = objectid.Entry{ID: objectid.Blob(content)}
		}
	}
	id, err := objectid.Tree(files)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// settle steps until nothing is left to do, and gives the last plan.
func (w *world) settle() system.Plan {
	w.t.Helper()
	for range 50 {
		if p := w.step(); len(p.Commits) == 0 {
			return p
		}
	}
	w.t.Fatalf("never comes to rest; pushed: %s", strings.Join(w.log, "; "))
	return system.Plan{}
}

// running lists the apps commit of each tier, the lowest first, as letters.
func (w *world) running() string {
	out := ""
	for i := range w.objects.Tiers {
		b := w.branches[fmt.Sprintf("tier-%d", i)]
		if b == nil || b.base == "" {
			out += "-"
			continue
		}
		out += b.base[:1]
	}
	return out
}
