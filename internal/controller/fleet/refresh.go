package fleet

import (
	"context"
	"slices"
	"strings"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/apply"
	"shopset.dev/shopset/internal/argocd"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/system"
)

// askArgo asks Argo CD to look at Git now where it has not seen what was pushed. It gives when it
// may have to be asked again; zero if it has seen all.
func (r *Reconciler) askArgo(ctx context.Context, ws *workspace, fleet *v1alpha1.Fleet, in system.Input,
	applications map[string]*argocd.Application, results []apply.Result,
) (time.Time, error) {
	var first time.Time
	for _, app := range applications {
		src := app.Spec.Source
		if src.RepoURL != fleet.Spec.System.URL {
			continue
		}
		commit := concerns(results, src)
		if commit == "" {
			commit = r.unseen(in, app, src.TargetRevision)
		}
		if commit == "" {
			continue
		}
		again, err := ws.refreshes.Ask(ctx, r.Client, app, commit, r.Clock.Now())
		if err != nil {
			return time.Time{}, err
		}
		if first.IsZero() || again.Before(first) {
			first = again
		}
	}
	return first, nil
}

// concerns gives the commit just pushed that changes what a source holds, if one does: a release
// concerns every ShopSet of its tier, a changed file only those whose folder it is in.
func concerns(results []apply.Result, src argocd.Source) string {
	for i := range results {
		res := &results[i]
		if res.Commit.Branch != src.TargetRevision || res.OID == "" || res.Err != nil {
			continue
		}
		if res.Commit.Entry != nil || slices.ContainsFunc(res.Commit.Changes, func(c render.Change) bool { return strings.HasPrefix(c.Path, src.Path+"/") }) {
			return string(res.OID)
		}
	}
	return ""
}

// unseen is the head that an Application of ours ought to have compared and has not. An
// Application of a tier is left alone once it has the release: other ShopSets' overlays move
// the head and are none of its business.
func (r *Reconciler) unseen(in system.Input, app *argocd.Application, branch string) string {
	seen := app.Status.Sync.Revision
	if branch == render.MainBranch {
		if seen != in.Main.Head && app.Spec.Source.Path == "argocd" {
			return in.Main.Head
		}
		return ""
	}
	for _, t := range in.Tiers {
		s, ours := t.Judged[app.Labels[v1alpha1.LabelShopSet]]
		if ours && !s.AtRelease && app.Labels[v1alpha1.LabelFleet] == in.Fleet.Namespace && seen != t.Branch.Head {
			return t.Branch.Head
		}
	}
	return ""
}
