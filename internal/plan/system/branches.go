package system

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/render"
)

// tierCommit plans the commit of one tier's branch, if it needs one.
func (p *planner) tierCommit(i int) error {
	t := &p.tiers[i]
	have := p.in.Tiers[t.Name]
	e := p.entry(t.Name)
	if have.Facts.Blocked != "" || (have.Branch.Head == "" && e == nil) {
		p.waiting(t, "waits for the tier's first release")
		return nil
	}
	want, err := p.tierWant(i, e)
	if err != nil {
		return err
	}
	m := render.Merge(ours(have.Branch.Files, "overlays/", ".gitmodules"), want)
	p.remember(t, want, m)
	c := Commit{Branch: p.branch(t), Parent: have.Branch.Head, Tier: t.Name, Entry: e, Changes: m.Changes}
	switch {
	case e != nil && i == 0:
		c.Changes = append(c.Changes, p.lowest.Changes...)
		slices.SortFunc(c.Changes, func(a, b render.Change) int { return strings.Compare(a.Path, b.Path) })
	case e != nil:
		c.SetTrees = true
	case len(m.Changes) == 0:
		return nil
	}
	describe(&c, p.in.Now)
	p.plan.Commits = append(p.plan.Commits, c)
	return nil
}

// tierWant is what a tier's branch shall hold besides the release.
func (p *planner) tierWant(i int, e *release.Entry) (render.Want, error) {
	t := &p.tiers[i]
	facts := p.in.Tiers[t.Name]
	settings, configurations := p.settings(i, e), p.configurations(i, e)
	gm, err := render.GitModules(p.in.SubmoduleURL)
	if err != nil {
		return render.Want{}, err
	}
	want := render.Want{
		Files: render.Tree{".gitmodules": gm}, Turn: i == 0 || e != nil, Remembered: map[string]string{},
	}
	for _, s := range p.shopSets(t.Name) {
		overlay := render.OverlayPath(s.Name)
		if configurations != nil && !slices.Contains(configurations, s.Spec.Configuration) {
			p.note(s.Name, func(n *Note) {
				n.Waiting = fmt.Sprintf("waits for Configuration %s to climb to tier %s", s.Spec.Configuration, t.Name)
			})
			continue
		}
		f, err := p.in.Overlays.overlay(s, convention.EffectiveNamespace(p.in.Fleet.Spec, *s), settings)
		if err != nil {
			return render.Want{}, err
		}
		want.Files[overlay] = f
		if facts.Branch.Head != "" {
			want.Remembered[overlay] = s.Status.Rendered[p.branch(t)+":"+overlay]
		}
	}
	for i := range p.in.Objects.ShopSets {
		s := &p.in.Objects.ShopSets[i]
		if p.leaves(s) || (s.Spec.Tier != t.Name && !p.faulty[convention.KindShopSet+"/"+s.Name]) {
			want.Remove = append(want.Remove, path.Dir(render.OverlayPath(s.Name)))
		}
	}
	return want, nil
}

// leaves tells whether a ShopSet's overlay is to go. Where shops are placed its Application goes
// first, by a push that succeeds only on the routing tables that were looked at: a table that has
// just begun to name the ShopSet makes it fail, and then nothing is gone yet.
func (p *planner) leaves(s *v1alpha1.ShopSet) bool {
	if p.stays(s) {
		return false
	}
	return !p.in.Main.Routes || !exists(p.in.Main, render.ApplicationPath(s))
}

// settings are those of the platform that the tier will have. The lowest tier, too, takes the
// Fleet's only together with a release: a new path with the apps of before would not build.
func (p *planner) settings(i int, e *release.Entry) render.Settings {
	if i > 0 || e == nil {
		tree := ""
		if e != nil {
			tree = string(e.Release.Platform)
		} else if cur := p.current(i); cur != nil {
			tree = string(cur.Platform)
		}
		if s, ok := p.in.Settings[tree]; ok {
			return s
		}
	}
	return render.SettingsOf(p.in.Fleet)
}

// configurations are the names of those that the tier will have; nil if that is not known.
func (p *planner) configurations(i int, e *release.Entry) []string {
	if i == 0 && e != nil {
		var out []string
		for name := range p.lowest.Files {
			if rest, ok := strings.CutPrefix(name, "configurations/"); ok {
				folder, _, _ := strings.Cut(rest, "/")
				out = append(out, folder)
			}
		}
		return out
	}
	var tree v1alpha1.ObjectID
	if e != nil {
		tree = e.Release.Configurations
	} else if cur := p.current(i); cur != nil {
		tree = cur.Configurations
	}
	return p.in.Configurations[string(tree)]
}

func (p *planner) current(i int) *release.Tenure {
	facts := p.in.Tiers[p.tiers[i].Name].Facts
	return facts.Current()
}

// mainCommit plans the commit of branch main, if it needs one.
func (p *planner) mainCommit() error {
	want := render.Want{Files: render.Tree{}, Turn: true, Remembered: map[string]string{}}
	clusters := map[string]*v1alpha1.WorkloadCluster{}
	for i := range p.in.Objects.WorkloadClusters {
		c := &p.in.Objects.WorkloadClusters[i]
		app, kustomization := render.ClusterPaths(c.Name)
		switch {
		case c.DeletionTimestamp != nil && len(convention.Users(p.in.Objects, convention.KindWorkloadCluster, c.Name)) == 0:
			want.Remove = append(want.Remove, app, kustomization, render.RoutesApplicationPath(c.Name))
		case !p.faulty[convention.KindWorkloadCluster+"/"+c.Name]:
			clusters[c.Name] = c
			files, err := p.in.Overlays.clusterServices(p.in.Fleet, c, DomainPath(p.in.Objects, c.Spec.FailureDomain))
			if err != nil {
				return err
			}
			for name, f := range files {
				want.Files[name] = f
			}
			if err := p.routes(c, &want); err != nil {
				return err
			}
		}
	}
	brought := map[string]bool{}
	for i := range p.tiers {
		if err := p.applications(&p.tiers[i], clusters, brought, want); err != nil {
			return err
		}
	}
	for i := range p.in.Objects.ShopSets {
		if s := &p.in.Objects.ShopSets[i]; !p.stays(s) {
			want.Remove = append(want.Remove, render.ApplicationPath(s))
		}
	}
	m := render.Merge(ours(p.in.Main.Files, "argocd/", "clusters/"), want)
	for i := range p.tiers {
		p.remember(&p.tiers[i], want, m)
	}
	if len(m.Changes) == 0 {
		return nil
	}
	c := Commit{Branch: render.MainBranch, Parent: p.in.Main.Head, Changes: m.Changes}
	describe(&c, p.in.Now)
	p.plan.Commits = append(p.plan.Commits, c)
	return nil
}

// routes adds the Application of the routing tables where edges run. It waits for the tables: Argo
// CD must not see an Application whose path does not exist.
func (p *planner) routes(c *v1alpha1.WorkloadCluster, want *render.Want) error {
	name := render.RoutesApplicationPath(c.Name)
	if !c.Spec.Edges {
		want.Remove = append(want.Remove, name)
		return nil
	}
	if !p.in.Main.Routes {
		return nil
	}
	f, err := render.Routes(p.in.Fleet, c)
	if err != nil {
		return err
	}
	want.Files[name] = f
	return nil
}

// applications adds the Applications of a tier's ShopSets, of those whose overlay is there or is
// being written: Argo CD must not see one whose path does not exist. What the ShopSets of a
// cluster share is brought by the first of the lowest tier: its release is the newest there, and
// releases above must get along with it before they come. brought notes the clusters that have one.
func (p *planner) applications(t *v1alpha1.Tier, clusters map[string]*v1alpha1.WorkloadCluster, brought map[string]bool, want render.Want) error {
	written := map[string]bool{}
	for _, c := range p.plan.Commits {
		for _, ch := range c.Changes {
			written[ch.Path] = written[ch.Path] || (c.Tier == t.Name && ch.Body != nil)
		}
	}
	for _, s := range p.shopSets(t.Name) {
		overlay := render.OverlayPath(s.Name)
		_, there := p.in.Tiers[t.Name].Branch.Files[overlay]
		c := clusters[s.Spec.Cluster]
		if c == nil || (!there && !written[overlay]) {
			continue
		}
		f, err := p.in.Overlays.application(p.in.Fleet, s, t, c, !brought[c.Name])
		if err != nil {
			return err
		}
		brought[c.Name] = true
		name := render.ApplicationPath(s)
		want.Files[name] = f
		if p.in.Main.Head != "" {
			want.Remembered[name] = s.Status.Rendered[render.MainBranch+":"+name]
		}
	}
	return nil
}

// ours narrows a branch down to the folders that we write.
func ours(files map[string]render.Blob, prefixes ...string) map[string]render.Blob {
	out := map[string]render.Blob{}
	for name, b := range files {
		for _, prefix := range prefixes {
			if strings.HasPrefix(name, prefix) {
				out[name] = b
			}
		}
	}
	return out
}
