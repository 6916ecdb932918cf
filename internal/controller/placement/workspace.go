package placement

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/argocd"
	"shopset.dev/shopset/internal/fleetgit"
	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/plan/evidence"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/routes"
)

// AnnotationRefresh on a Fleet asks to look at the repositories at once; any new value will do.
const AnnotationRefresh = "shopset.dev/refresh"

// workspaces are what is kept of fleets between two reconciles, by namespace.
type workspaces struct {
	Config
	mu          sync.Mutex
	byNamespace map[string]*workspace
}

// workspace is what is kept of one fleet. All of it can be made anew, from Git and from status.
type workspace struct {
	Config
	repo *gitrepo.Repository
	url  string
	// refreshed is when the remote was last read, for which wish.
	refreshed  time.Time
	refreshFor string
	problem    *fleetgit.Problem
	retry      time.Time
	failures   int
	conflicts  int
	// today is the table in Git; nil before branch main was ever read.
	today *today
	// before are the groups of tables of former commits, for maintenances.
	before map[string][]routes.Group
	// verdicts are what was believed last; nil after a start.
	verdicts *evidence.Verdicts
	resolved *resolved
	planned  *planned
	telling  *shopTelling
	// refreshes are asked of Argo CD.
	refreshes argocd.Refreshes
	// measured is until when verdicts have led to a push whose delay was measured.
	measured time.Time
}

// today is what branch main has in routes/.
type today struct {
	head  gitrepo.OID
	files map[string]gitrepo.OID // the files of routes/, by name
	table routes.Table
	// heads are commits that have the same files: the branch moves for other reasons, too.
	heads map[string]bool
	// err says why the table cannot be read; then table is the last one that could.
	err error
}

// signature names the content of routes/.
func (t *today) signature() string {
	if t == nil {
		return ""
	}
	return string(t.files[routes.IndexFile]) + " " + string(t.files[routes.KustomizationFile]) + fmt.Sprint(len(t.files), t.table.Epoch, t.err)
}

func newWorkspaces(c Config) *workspaces {
	return &workspaces{Config: c, byNamespace: map[string]*workspace{}}
}

// of gives the workspace of a fleet, made anew when the URL has changed.
func (w *workspaces) of(f *v1alpha1.Fleet) *workspace {
	w.mu.Lock()
	defer w.mu.Unlock()
	ws := w.byNamespace[f.Namespace]
	if ws != nil && ws.url != f.Spec.System.URL {
		ws.close()
		ws = nil
	}
	if ws == nil {
		ws = &workspace{Config: w.Config, url: f.Spec.System.URL, before: map[string][]routes.Group{}}
		w.byNamespace[f.Namespace] = ws
	}
	return ws
}

func (w *workspaces) drop(namespace string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ws := w.byNamespace[namespace]; ws != nil {
		ws.close()
		delete(w.byNamespace, namespace)
	}
}

func (w *workspaces) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ws := range w.byNamespace {
		ws.close()
	}
	clear(w.byNamespace)
}

func (ws *workspace) close() {
	if ws.repo != nil {
		_ = ws.repo.Close() // only temporary files are left behind
	}
}

// read reads branch main if it is time, if somebody asks, or if the last time failed and the pause
// after it is over. What was read before stays known.
func (ws *workspace) read(ctx context.Context, f *v1alpha1.Fleet) *fleetgit.Problem {
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
	problem := ws.open(ctx, f)
	if problem == nil {
		problem = fleetgit.NewProblem(f, fleetgit.System, ws.fetch(ctx))
	}
	if problem != nil {
		ws.failed(problem, now)
		return problem
	}
	ws.problem, ws.failures, ws.refreshed = nil, 0, now
	return nil
}

// failed notes trouble, and when to try again: from one second to half a minute later.
func (ws *workspace) failed(p *fleetgit.Problem, now time.Time) {
	ws.failures++
	ws.problem, ws.refreshed = p, time.Time{}
	ws.retry = now.Add(min(time.Second<<min(ws.failures-1, 5), 30*time.Second))
}

// open opens the local image, with the credentials that the Secret holds now.
func (ws *workspace) open(ctx context.Context, f *v1alpha1.Fleet) *fleetgit.Problem {
	remote, problem := fleetgit.Remote(ctx, ws.Live, f, fleetgit.System)
	if problem != nil {
		return problem
	}
	if ws.repo != nil {
		if err := ws.repo.SetRemote(remote); err != nil {
			return &fleetgit.Problem{Reason: "CredentialsInvalid", Err: err}
		}
		return nil
	}
	repo, err := gitrepo.Open(ctx, filepath.Join(ws.Dir, f.Namespace, "routes.git"), gitrepo.Config{
		Remote: remote, RefSpecs: []string{"+" + gitrepo.BranchRef(render.MainBranch) + ":" + gitrepo.TrackingRef(render.MainBranch)},
		Clock: ws.Clock, Observe: ws.Metrics.Git("routes"), Timeout: ws.GitTimeout,
	})
	if err != nil {
		return &fleetgit.Problem{Reason: "WorkspaceFailed", Err: err}
	}
	ws.repo = repo
	return nil
}

// fetch asks the remote where branch main is, and reads what is new.
func (ws *workspace) fetch(ctx context.Context) error {
	ref := gitrepo.BranchRef(render.MainBranch)
	heads, err := ws.repo.Heads(ctx)
	if err != nil {
		return err
	}
	if head := heads[render.MainBranch]; ws.today == nil && !head.IsZero() {
		// Before a restart it was read: what it had then is better than nothing while Git is down.
		if err := ws.load(ctx, head); err != nil {
			return err
		}
	}
	remote, err := ws.repo.ListRemote(ctx, ref)
	if err != nil {
		return err
	}
	if heads[render.MainBranch] != remote[ref] {
		if err := ws.repo.Fetch(ctx); err != nil {
			return err
		}
		if heads, err = ws.repo.Heads(ctx); err != nil {
			return err
		}
	}
	if head := heads[render.MainBranch]; ws.today == nil || ws.today.head != head {
		return ws.load(ctx, head)
	}
	return nil
}

// load reads the table at a commit of branch main.
func (ws *workspace) load(ctx context.Context, head gitrepo.OID) error {
	now := &today{head: head, files: map[string]gitrepo.OID{}, heads: map[string]bool{string(head): true}}
	if head.IsZero() {
		ws.today = now
		return nil
	}
	files, ids, err := ws.folder(ctx, head, ws.today)
	if err != nil {
		return err
	}
	now.files = ids
	switch {
	case files == nil: // as it was, while something else changed in the branch
		now.table, now.err = ws.today.table, ws.today.err
		maps.Copy(now.heads, ws.today.heads)
	case len(routes.ConfigMaps(files)) > 0:
		now.table, now.err = routes.Decode(files)
	}
	if now.err != nil && files != nil {
		if now.table, err = ws.lastGood(ctx, head); err != nil {
			return err
		}
		if index, err := routes.ParseIndex(string(files[routes.IndexFile])); err == nil {
			now.table.Epoch = max(now.table.Epoch, index.Epoch)
		}
	}
	ws.today = now
	return nil
}

// lastGood reads the newest table in the branch's history that can be read: what edges still have.
func (ws *workspace) lastGood(ctx context.Context, head gitrepo.OID) (routes.Table, error) {
	const most = 200 // commits; who broke the table did it lately
	commits, err := ws.repo.History(ctx, head, most)
	if err != nil {
		return routes.Table{}, err
	}
	for i := range commits {
		files, _, err := ws.folder(ctx, commits[i].OID, nil)
		if err != nil {
			return routes.Table{}, err
		}
		if table, err := routes.Decode(files); err == nil {
			return table, nil
		}
	}
	return routes.Table{}, nil
}

// folder reads the files of routes/ at a commit, by name. If they are those of known, it gives their
// ids alone.
func (ws *workspace) folder(ctx context.Context, commit gitrepo.OID, known *today) (map[string][]byte, map[string]gitrepo.OID, error) {
	entries, err := ws.repo.ListFiles(ctx, commit, routes.Folder)
	if err != nil {
		return nil, nil, err
	}
	ids, blobs := map[string]gitrepo.OID{}, []gitrepo.OID{}
	same := known != nil
	for path, e := range entries {
		if e.Type() != "blob" {
			continue
		}
		name := strings.TrimPrefix(path, routes.Folder+"/")
		ids[name] = e.OID
		blobs = append(blobs, e.OID)
		same = same && known.files[name] == e.OID
	}
	if same && len(known.files) == len(ids) {
		return nil, ids, nil
	}
	contents, err := ws.repo.ReadBlobs(ctx, blobs...)
	if err != nil {
		return nil, nil, err
	}
	files := make(map[string][]byte, len(ids))
	for name, id := range ids {
		files[name] = contents[id]
	}
	return files, ids, nil
}

// groupsAt gives the groups of the table at a former commit of branch main.
func (ws *workspace) groupsAt(ctx context.Context, commit string) ([]routes.Group, error) {
	if groups, ok := ws.before[commit]; ok {
		return groups, nil
	}
	id, err := gitrepo.ParseOID(commit)
	if err != nil {
		return nil, err
	}
	if ws.repo == nil {
		return nil, errors.New("the system repository has not been read yet")
	}
	files, _, err := ws.folder(ctx, id, nil)
	if err != nil {
		return nil, err
	}
	table, err := routes.Decode(files)
	if err != nil {
		return nil, fmt.Errorf("reading %s/ at commit %s: %w", routes.Folder, commit, err)
	}
	const most = 20
	if len(ws.before) >= most {
		clear(ws.before)
	}
	ws.before[commit] = append([]routes.Group{}, table.Groups...) // never nil, even if there was none
	return ws.before[commit], nil
}

func pollInterval(f *v1alpha1.Fleet) time.Duration {
	const otherwise = 30 * time.Second
	if f.Spec.PollInterval == nil {
		return otherwise
	}
	return f.Spec.PollInterval.Duration
}
