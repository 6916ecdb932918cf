package fleet

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/apply"
	"shopset.dev/shopset/internal/argocd"
	"shopset.dev/shopset/internal/fleetgit"
	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/plan/system"
	"shopset.dev/shopset/internal/snapshot"
)

// AnnotationRefresh on a Fleet asks to look at both repositories at once; any new value will do.
// Push events set it, so that whichever replica receives one, the leader sees it.
const AnnotationRefresh = "shopset.dev/refresh"

// workspaces are the local images of all fleets, by namespace.
type workspaces struct {
	Config
	mu          sync.Mutex
	byNamespace map[string]*workspace
}

// workspace is what the controller keeps of one fleet between two reconciles. All of it can be
// made anew.
type workspace struct {
	Config
	repos        *snapshot.Repositories
	memo         *system.Memo
	apps, system string // URLs
	// refreshed is when the remotes were last read, for which value of the annotation.
	refreshed  time.Time
	refreshFor string
	// problem is that of the last refresh, which is not tried again before retry unless somebody
	// asks: events in between do not make the pauses longer.
	problem *fleetgit.Problem
	retry   time.Time
	// failures of refreshes, failed rounds of pushes, and conflicts: each counted in a row.
	failures, pushFailures, conflicts int
	// refreshes are asked of Argo CD.
	refreshes argocd.Refreshes
	// pushes are the times of our latest pushes, by commit.
	pushes map[string]time.Time
}

func newWorkspaces(c Config) *workspaces {
	return &workspaces{Config: c, byNamespace: map[string]*workspace{}}
}

// open gives the workspace of a fleet, made anew when a URL has changed, with the credentials
// that its Secrets hold now.
func (w *workspaces) open(ctx context.Context, f *v1alpha1.Fleet) (*workspace, *fleetgit.Problem) {
	appsRemote, problem := fleetgit.Remote(ctx, w.Secrets, f, fleetgit.Apps)
	systemRemote, systemProblem := fleetgit.Remote(ctx, w.Secrets, f, fleetgit.System)
	if problem == nil {
		problem = systemProblem
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	ws := w.byNamespace[f.Namespace]
	if ws != nil && (ws.apps != f.Spec.Apps.URL || ws.system != f.Spec.System.URL) {
		ws.close()
		ws = nil
		delete(w.byNamespace, f.Namespace)
	}
	if problem != nil {
		return ws, problem
	}
	if ws != nil {
		if err := errors.Join(ws.repos.Apps.SetRemote(appsRemote), ws.repos.System.SetRemote(systemRemote)); err != nil {
			return ws, &fleetgit.Problem{Reason: "CredentialsInvalid", Err: err}
		}
		return ws, nil
	}
	apps, err := w.repository(ctx, f.Namespace, "apps", appsRemote, gitrepo.CommitsOnly)
	if err != nil {
		return nil, &fleetgit.Problem{Reason: "WorkspaceFailed", Apps: true, Err: err}
	}
	sys, err := w.repository(ctx, f.Namespace, "system", systemRemote, "")
	if err != nil {
		_ = apps.Close() // the other error is the one to tell
		return nil, &fleetgit.Problem{Reason: "WorkspaceFailed", Err: err}
	}
	ws = &workspace{
		Config: w.Config, repos: snapshot.NewRepositories(apps, sys), memo: system.NewMemo(),
		apps: f.Spec.Apps.URL, system: f.Spec.System.URL, pushes: map[string]time.Time{},
	}
	w.byNamespace[f.Namespace] = ws
	return ws, nil
}

func (w *workspaces) repository(ctx context.Context, namespace, name string, remote gitrepo.Remote, filter string) (*gitrepo.Repository, error) {
	return gitrepo.Open(ctx, filepath.Join(w.Dir, namespace, name+".git"), gitrepo.Config{
		Remote: remote, Filter: filter, Clock: w.Clock, Observe: w.Metrics.Git(name), Timeout: w.GitTimeout,
	})
}

func (w *workspaces) drop(namespace string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ws := w.byNamespace[namespace]; ws != nil {
		ws.close()
		delete(w.byNamespace, namespace)
	}
}

func (ws *workspace) close() {
	_ = ws.repos.Apps.Close()   // only temporary files are left behind
	_ = ws.repos.System.Close() // likewise
}

// refresh reads both remotes if it is time, if somebody asks, or if the last time failed and the
// pause after it is over.
func (ws *workspace) refresh(ctx context.Context, f *v1alpha1.Fleet) *fleetgit.Problem {
	now, wish := ws.Clock.Now(), fmt.Sprint(f.Generation, " ", f.Annotations[AnnotationRefresh])
	if wish == ws.refreshFor {
		switch {
		case ws.problem != nil && now.Before(ws.retry):
			return ws.problem
		case ws.problem == nil && now.Before(ws.refreshed.Add(pollInterval(f))):
			return nil
		}
	}
	ws.refreshFor = wish
	appsErr, systemErr := ws.repos.Refresh(ctx)
	ws.problem = fleetgit.NewProblem(f, fleetgit.Apps, appsErr)
	if p := fleetgit.NewProblem(f, fleetgit.System, systemErr); p != nil {
		p.Apps = ws.problem != nil
		ws.problem = p
	} else if ws.problem != nil {
		ws.problem.OnlyApps = true
	}
	if ws.problem != nil {
		ws.failures++
		ws.retry = ws.Clock.Now().Add(backoff(ws.failures))
		return ws.problem
	}
	ws.failures, ws.refreshed = 0, now
	return nil
}

func (ws *workspace) build(ctx context.Context, w snapshot.World) (system.Input, error) {
	w.Overlays = ws.memo
	return ws.repos.Build(ctx, w)
}

// mostPushes is how many times of pushes are kept; they are needed for a few seconds only.
const mostPushes = 1000

// after looks at what was pushed: after any failure the next step begins with a fresh read.
func (ws *workspace) after(ctx context.Context, f *v1alpha1.Fleet, results []apply.Result) *fleetgit.Problem {
	var first *fleetgit.Problem
	if len(results) > 0 {
		if err := ws.repos.Reload(ctx); err != nil {
			first = &fleetgit.Problem{Reason: "WorkspaceFailed", Err: err}
		}
	}
	for i := range results {
		res := &results[i]
		if res.Err == nil {
			if len(ws.pushes) >= mostPushes {
				clear(ws.pushes)
			}
			ws.pushes[string(res.OID)] = res.PushedAt
			continue
		}
		ws.refreshed = time.Time{}
		if errors.Is(res.Err, gitrepo.ErrConflict) {
			ws.conflicts++
		} else if first == nil {
			first = fleetgit.NewPushProblem(f, res.Err)
		}
	}
	if ws.pushFailures++; first == nil {
		ws.pushFailures = 0
	}
	if !ws.refreshed.IsZero() {
		ws.conflicts = 0
	}
	return first
}

func pollInterval(f *v1alpha1.Fleet) time.Duration {
	const otherwise = 30 * time.Second
	if f.Spec.PollInterval == nil {
		return otherwise
	}
	return f.Spec.PollInterval.Duration
}

// next is when to look again without being told.
func (ws *workspace) next(o *outcome, now time.Time) time.Duration {
	at := now.Add(pollInterval(o.fleet))
	if !ws.refreshed.IsZero() {
		at = ws.refreshed.Add(pollInterval(o.fleet))
	}
	for _, again := range []time.Time{o.plan.Release.Again, o.argoAgain} {
		if !again.IsZero() && again.Before(at) {
			at = again
		}
	}
	switch {
	case o.problem != nil:
		if at = now.Add(backoff(ws.pushFailures)); ws.problem != nil && ws.retry.After(now) {
			at = ws.retry
		}
	case ws.conflicts > 0: // a rival was faster: again from a fresh read, and with more patience each time
		const first, most = 10 * time.Millisecond, 5 * time.Second
		return min(first<<min(ws.conflicts, 10), most)
	case o.pushed():
		return time.Millisecond // what was pushed leads to the next step at once
	}
	return max(at.Sub(now), 50*time.Millisecond)
}

// backoff grows from one second to half a minute.
func backoff(failures int) time.Duration {
	return min(time.Second<<min(max(failures-1, 0), 5), 30*time.Second)
}
