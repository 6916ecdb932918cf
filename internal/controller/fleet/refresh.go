package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/apply"
	"shopset.dev/shopset/internal/argocd"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/system"
)

// askEvery is how long a refresh that led to nothing is waited for before it is asked for again.
const askEvery = 10 * time.Second

// askArgo asks Argo CD to look at Git now where it has not seen what was pushed: otherwise it
// would poll after two or three minutes. Losing such a request costs only that time.
func (r *Reconciler) askArgo(ctx context.Context, ws *workspace, fleet *v1alpha1.Fleet, in system.Input,
	applications map[string]*argocd.Application, results []apply.Result,
) error {
	for _, app := range applications {
		src := app.Spec.Source
		if src.RepoURL != fleet.Spec.System.URL {
			continue
		}
		commit := concerns(results, src)
		if commit == "" {
			commit = r.unseen(in, app, src.TargetRevision)
		}
		last := ws.asked[app.Name]
		if commit == "" || (last.commit == commit && r.Clock.Now().Before(last.at.Add(askEvery))) {
			continue
		}
		if err := r.Client.Patch(ctx, app.DeepCopyObject().(client.Object), client.RawPatch(types.MergePatchType, []byte(argocd.RefreshPatch))); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("asking Argo CD to refresh Application %s: %w", app.Name, err)
		}
		ws.asked[app.Name] = asked{at: r.Clock.Now(), commit: commit}
	}
	return nil
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
