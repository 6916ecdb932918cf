package fleet

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/internal/apitest"
	"shopset.dev/shopset/internal/argocd"
	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/manager"
)

// applier writes Applications as Argo CD would if every sync succeeded at once: it makes one for
// each ShopSet, moves them to the heads of their branches, and from then on touches
// reconciledAt of each every three minutes.
type applier struct {
	client    client.Client
	systemURL string
	dir       string
	heads     map[string]gitrepo.OID
	at        map[string]gitrepo.OID
	touched   int
}

func newApplierClient(b *testing.B, server *apitest.Server) client.Client {
	b.Helper()
	scheme, err := manager.Scheme()
	if err != nil {
		b.Fatal(err)
	}
	c, err := client.New(server.Config, client.Options{Scheme: scheme})
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// run goes on until the context ends. An error of a write ends it.
func (a *applier) run(ctx context.Context) error {
	repo, err := gitrepo.Open(ctx, filepath.Join(a.dir, "system"), gitrepo.Config{Remote: gitrepo.Remote{URL: a.systemURL}, Clock: clock.RealClock{}})
	if err != nil {
		return err
	}
	a.at = map[string]gitrepo.OID{}
	for i := 0; ; i++ {
		if a.heads, err = repo.ListRemote(ctx, "refs/heads/*"); err != nil && ctx.Err() == nil {
			return err
		}
		if err := a.round(ctx, i); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return repo.Close()
		case <-time.After(time.Second):
		}
	}
}

// round moves Applications whose branch has moved, and touches every 180th of the others.
func (a *applier) round(ctx context.Context, second int) error {
	for i := range shopSets {
		name, branch := fmt.Sprintf("s-%d", i), fmt.Sprintf("tier-%d", i%tiers)
		head := a.heads["refs/heads/"+branch]
		if head.IsZero() {
			continue
		}
		const every = 180
		if a.at[name] == head && i%every != second%every {
			continue
		}
		if err := a.write(ctx, name, branch, head, i); err != nil {
			return fmt.Errorf("writing Application %s: %w", name, err)
		}
	}
	return nil
}

func (a *applier) write(ctx context.Context, name, branch string, head gitrepo.OID, i int) error {
	now := metav1.Now()
	a.touched++
	a.at[name] = head
	app := &argocd.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: name}}
	return a.client.Patch(ctx, app, client.RawPatch(types.ApplyPatchType, []byte(fmt.Sprintf(application,
		name, name, name, i%clusters, a.systemURL, branch, now.UTC().Format(time.RFC3339), head, stable))),
		client.ForceOwnership, client.FieldOwner("argocd"))
}

const application = `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: %[1]s
  namespace: argocd
  labels: {shopset.dev/fleet: large, shopset.dev/shopset: %[2]s}
spec:
  project: default
  destination: {name: cluster-%[4]d, namespace: %[3]s}
  source: {repoURL: "%[5]s", targetRevision: %[6]s, path: overlays/%[1]s}
status:
  reconciledAt: "%[7]s"
  sync: {status: Synced, revision: %[8]s, comparedTo: {source: {repoURL: "%[5]s", targetRevision: %[6]s, path: overlays/%[1]s}, destination: {}}}
  health: {status: Healthy, lastTransitionTime: "%[9]s"}
  operationState: {phase: Succeeded, startedAt: "%[9]s", finishedAt: "%[9]s", operation: {}}
`

// stable is a time before every test, for what does not change.
const stable = "2026-01-01T00:00:00Z"
