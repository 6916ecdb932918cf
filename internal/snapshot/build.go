package snapshot

import (
	"context"
	"fmt"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/argocd"
	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/plan/convention"
	"shopset.dev/shopset/internal/plan/release"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/system"
)

// World is what a snapshot is made of, besides the repositories.
type World struct {
	Now     time.Time
	Fleet   *v1alpha1.Fleet
	Objects convention.Objects
	// Applications by name.
	Applications map[string]*argocd.Application
	// AppsProblem says why the apps repository cannot be read now, if so.
	AppsProblem string
	// Additions and Overlays are passed on to the planner.
	Additions map[string][]byte
	Overlays  *system.Memo
}

// Build makes the planner's input. What cannot be read of one tier blocks that tier alone.
func (r *Repositories) Build(ctx context.Context, w World) (system.Input, error) {
	in := system.Input{
		Now: w.Now, Fleet: w.Fleet, Objects: w.Objects, Additions: w.Additions, Overlays: w.Overlays,
		Tiers: map[string]system.Tier{}, Settings: map[string]render.Settings{}, Configurations: map[string][]string{},
	}
	var err error
	if in.SubmoduleURL, err = gitrepo.SubmoduleURL(w.Fleet.Spec.System.URL, w.Fleet.Spec.Apps.URL); err != nil {
		return in, err
	}
	if in.Main, err = r.Branch(ctx, render.MainBranch); err != nil {
		return in, err
	}
	r.holding(ctx, w, &in)
	for i := range w.Objects.Tiers {
		t := &w.Objects.Tiers[i]
		facts, err := r.tier(ctx, w, t)
		if err != nil {
			facts.Facts.Blocked = err.Error()
		}
		in.Tiers[t.Name] = facts
	}
	r.relate(ctx, w, in)
	r.forget()
	r.trees(ctx, in)
	r.lowest(ctx, w, &in)
	return in, nil
}

// tier reads what Git and Argo CD hold of one tier.
func (r *Repositories) tier(ctx context.Context, w World, t *v1alpha1.Tier) (system.Tier, error) {
	branch := render.Branch(w.Fleet.Spec.BranchPrefix, t.Spec.Level)
	out := system.Tier{Facts: release.Tier{Contains: map[string]bool{}}, Judged: map[string]release.ShopSet{}}
	var err error
	if out.Branch, err = r.Branch(ctx, branch); err != nil {
		return out, err
	}
	f := &out.Facts
	if f.History, err = r.Tenures(ctx, branch); err != nil {
		return out, err
	}
	f.AppsHead = r.AppsHead(branch)
	if f.AppsHeadTree, err = r.AppsTree(ctx, f.AppsHead); err != nil {
		return out, err
	}
	r.memory(ctx, w, t, f)
	// The head counts, not what the branch held once: nothing is written over what a person cleared.
	if _, holds := r.ReleaseAt(ctx, out.Branch.Head); out.Branch.Head != "" && !holds {
		return out, fmt.Errorf("branch %s of the system repository holds no release (base, configurations/ and platform/): repair or delete the branch", branch)
	}
	r.judge(ctx, w, t, branch, &out)
	return out, nil
}

// memory takes over what the Tier's status remembers, as far as it is about the current release.
func (r *Repositories) memory(ctx context.Context, w World, t *v1alpha1.Tier, f *release.Tier) {
	st := &t.Status
	f.Since = w.Now
	if cur := f.Current(); cur != nil && st.Release != nil && *st.Release == cur.Release.Release && st.Since != nil {
		f.Since = st.Since.Time
		if st.HealthySince != nil {
			f.HealthySince = st.HealthySince.Time
		}
	}
	if p := st.Proven; p != nil {
		f.Proven = &release.Proven{Release: release.Release{Release: p.Release}, At: p.At.Time, Evidence: p.Evidence}
		if tree, err := r.AppsTree(ctx, string(p.Apps)); err == nil {
			f.Proven.AppsTree = tree
		}
	}
	for i := range w.Objects.Promotions {
		p := &w.Objects.Promotions[i]
		pending := p.Status.Phase == "" || p.Status.Phase == v1alpha1.PromotionPending
		if p.Spec.Tier == t.Name && pending && p.Status.Commit == "" && p.DeletionTimestamp == nil {
			f.Requests = append(f.Requests, release.Request{Name: p.Name, Apps: p.Spec.Apps, Reason: p.Spec.Reason})
		}
	}
}

// judge asks Argo CD's Applications how far each ShopSet of the tier is.
func (r *Repositories) judge(ctx context.Context, w World, t *v1alpha1.Tier, branch string, out *system.Tier) {
	cur := out.Facts.Current()
	for i := range w.Objects.ShopSets {
		s := &w.Objects.ShopSets[i]
		if s.Spec.Tier != t.Name {
			continue
		}
		app := w.Applications[render.ApplicationName(w.Fleet.Spec.NamePrefix, s.Name)]
		if app != nil && app.Labels[v1alpha1.LabelFleet] != w.Fleet.Namespace {
			app = nil
		}
		judged := argocd.Judge(app, argocd.Expectation{
			ShopSet: s.Name, Cluster: s.Spec.Cluster, Configuration: s.Spec.Configuration, Branch: branch, Path: "overlays/" + s.Name,
			IsRelease: func(commit string) bool {
				rel, ok := r.ReleaseAt(ctx, commit)
				return ok && cur != nil && rel.Same(cur.Release)
			},
		})
		if app != nil && app.Status.Sync.Status == "Synced" {
			if rel, ok := r.ReleaseAt(ctx, app.Status.Sync.Revision); ok {
				judged.Running = rel.Apps
			}
		}
		out.Judged[s.Name] = judged
	}
}

// relate fills in which commits each tier's apps branch is an ancestor of.
func (r *Repositories) relate(ctx context.Context, w World, in system.Input) {
	var candidates []string
	for i := range w.Objects.Tiers {
		f := in.Tiers[w.Objects.Tiers[i].Name].Facts
		if cur := f.Current(); cur != nil {
			candidates = append(candidates, string(cur.Apps))
		}
		if f.Proven != nil {
			candidates = append(candidates, string(f.Proven.Apps))
		}
	}
	for _, t := range in.Tiers {
		for _, c := range candidates {
			t.Facts.Contains[c] = r.contains(ctx, t.Facts.AppsHead, c)
		}
	}
}

// trees reads what the planner must know of the trees that tiers run or may get.
func (r *Repositories) trees(ctx context.Context, in system.Input) {
	note := func(rel release.Release) {
		if s, ok := r.Settings(ctx, string(rel.Platform)); ok {
			in.Settings[string(rel.Platform)] = s
		}
		if names, err := r.Configurations(ctx, string(rel.Configurations)); err == nil {
			in.Configurations[string(rel.Configurations)] = names
		}
	}
	for _, t := range in.Tiers {
		if cur := t.Facts.Current(); cur != nil {
			note(cur.Release)
		}
		if t.Facts.Proven != nil {
			note(t.Facts.Proven.Release)
		}
	}
}

// lowest finds the head that the lowest tier shall run, or why there is none.
func (r *Repositories) lowest(ctx context.Context, w World, in *system.Input) {
	var low *v1alpha1.Tier
	for i := range w.Objects.Tiers {
		if t := &w.Objects.Tiers[i]; t.DeletionTimestamp == nil && (low == nil || t.Spec.Level < low.Spec.Level) {
			low = t
		}
	}
	if low == nil {
		return
	}
	branch := render.Branch(w.Fleet.Spec.BranchPrefix, low.Spec.Level)
	in.Apps, in.AppsTree, in.AppsProblem = r.AppsHead(branch), in.Tiers[low.Name].Facts.AppsHeadTree, w.AppsProblem
	if in.AppsProblem != "" {
		return
	}
	if in.Apps == "" {
		in.AppsProblem = fmt.Sprintf("Fleet %s: spec.apps.url: branch %s does not exist in %s: push the first commit to it",
			w.Fleet.Name, branch, w.Fleet.Spec.Apps.URL)
		return
	}
	path := w.Fleet.Spec.Apps.Path
	found, err := r.HasKustomization(ctx, in.Apps, path)
	switch {
	case err != nil:
		in.AppsProblem = err.Error()
	case !found:
		where := "its root"
		if path != "" {
			where = path + "/"
		}
		in.AppsProblem = fmt.Sprintf("Fleet %s: spec.apps.path: commit %.8s of %s has no kustomization.yaml in %s: add one, or correct the path",
			w.Fleet.Name, in.Apps, branch, where)
	}
}
