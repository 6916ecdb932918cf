package placement

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/plan/evidence"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/internal/plan/system"
)

// TrailerEpoch names the epoch of the table that a commit brings.
const TrailerEpoch = "ShopSet-Epoch"

// push brings the table into branch main, if it is not there yet. The push succeeds only where the
// branch still is what the plan was made from.
func (r *Reconciler) push(ctx context.Context, s *step) error {
	was := s.ws.today
	files, err := r.files(s)
	if err != nil || files == nil {
		return err
	}
	changes := changes(was.files, files)
	if len(changes) == 0 {
		return nil
	}
	id, err := s.ws.repo.Commit(ctx, r.commit(s, changes))
	if errors.Is(err, gitrepo.ErrNoChange) {
		return nil
	}
	if err != nil {
		return err
	}
	update := gitrepo.RefUpdate{Ref: gitrepo.BranchRef(render.MainBranch), Old: was.head, New: id}
	if err := s.ws.repo.Push(ctx, []gitrepo.RefUpdate{update}, true); err != nil {
		return err
	}
	now, what := r.Clock.Now(), subject(s)
	s.commit, s.ws.conflicts, s.ws.failures = string(id), 0, 0
	s.ws.today = &today{head: id, files: ids(was.files, changes), heads: map[string]bool{string(id): true}, table: *s.table}
	log.FromContext(ctx).Info("Pushed", "branch", render.MainBranch, "commit", id.Short(), "subject", what, "epoch", s.table.Epoch)
	r.Metrics.PlacementPushed(s.fleet.Namespace, len(s.plan.Moves), s.plan.MustMove, s.table.Epoch)
	r.measureVerdicts(s, now)
	return r.poke(ctx, s, was)
}

// files are those that routes/ shall have; nil if the table is today's and nothing else has changed.
func (r *Reconciler) files(s *step) (map[string][]byte, error) {
	was, fleet := s.ws.today, s.fleet.Namespace
	if len(was.table.Hosts) == 0 && len(s.table.Hosts) == 0 && was.err == nil {
		return nil, nil //nolint:nilnil // no edge would take a table without hosts
	}
	if newest := s.edgesEpoch(); newest > s.table.Epoch {
		// Git has lost tables that edges have: after all of them, or they would refuse this one.
		s.table.Epoch = newest + 1
	}
	if s.table.Epoch == was.table.Epoch && was.err == nil {
		names := map[string][]byte{}
		for name := range was.files {
			names[name] = nil
		}
		if len(routes.ConfigMaps(names)) == 0 {
			return nil, nil //nolint:nilnil // nothing to write is no error
		}
		return map[string][]byte{routes.KustomizationFile: routes.Kustomization(names, edgeNamespace(s.fleet), fleet)}, nil
	}
	if s.table.Epoch == was.table.Epoch { // what cannot be read is overwritten
		s.table.Epoch++
	}
	files, err := routes.EncodeLike(*s.table, routes.LayoutOf(was.files))
	if err != nil {
		return nil, fmt.Errorf("encoding the routing table: %w", err)
	}
	files[routes.KustomizationFile] = routes.Kustomization(files, edgeNamespace(s.fleet), fleet)
	return files, nil
}

// edgesEpoch is the newest epoch that an edge told of lately; 0 if none did.
func (s *step) edgesEpoch() int64 {
	const most = 1 << 40 // no honest edge tells of more
	newest := int64(0)
	for _, e := range s.edges() {
		if epoch := e.Status.Table.Epoch; s.now.Sub(e.at) < evidence.FreshFor && epoch < most {
			newest = max(newest, epoch)
		}
	}
	return newest
}

// changes writes what differs, and removes shards that are no more. What else people keep in the
// folder stays.
func changes(was map[string]gitrepo.OID, files map[string][]byte) []gitrepo.Change {
	var out []gitrepo.Change
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if was[name] != gitrepo.BlobOID(files[name]) {
			out = append(out, gitrepo.PutFile(path.Join(routes.Folder, name), files[name]))
		}
	}
	if _, whole := files[routes.IndexFile]; !whole {
		return out
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		_, _, shard := routes.ShardFile(name)
		if _, kept := files[name]; shard && !kept {
			out = append(out, gitrepo.Remove(path.Join(routes.Folder, name)))
		}
	}
	return out
}

// ids are those of the files after changes.
func ids(was map[string]gitrepo.OID, changes []gitrepo.Change) map[string]gitrepo.OID {
	out := maps.Clone(was)
	for _, c := range changes {
		name := strings.TrimPrefix(c.Path, routes.Folder+"/")
		if c.Mode == "" {
			delete(out, name)
		} else {
			out[name] = gitrepo.BlobOID(c.Content)
		}
	}
	return out
}

func (r *Reconciler) commit(s *step, changes []gitrepo.Change) gitrepo.CommitSpec {
	spec := gitrepo.CommitSpec{
		Branch: render.MainBranch, Parent: s.ws.today.head, Changes: changes, Author: identity, When: r.Clock.Now(),
		Message: subject(s) + "\n\n" + body(s),
		Trailers: []gitrepo.Trailer{
			{Key: TrailerEpoch, Value: fmt.Sprint(s.table.Epoch)},
			{Key: system.TrailerReason, Value: strings.Join(strings.Fields(clip(reason(s))), " ")},
			{Key: system.TrailerActor, Value: actor},
		},
	}
	return spec
}

// subject says in one line what a commit does.
func subject(s *step) string {
	d := routes.Diff(s.ws.today.table, *s.table)
	var parts []string
	count := func(n int, what string) {
		if n == 1 {
			parts = append(parts, "1 "+what)
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%d %ss", n, what))
		}
	}
	count(len(d.Groups.Changed), "group changed")
	count(len(d.Groups.Added), "new group")
	count(len(d.Groups.Removed), "group gone")
	count(len(d.Hosts.Added)+len(d.Hosts.Changed)+len(d.Hosts.Removed), "host changed")
	count(len(d.ShopSets.Added)+len(d.ShopSets.Changed)+len(d.ShopSets.Removed), "ShopSet changed")
	count(len(d.Classes.Added)+len(d.Classes.Changed)+len(d.Classes.Removed), "class changed")
	if len(parts) == 0 {
		parts = append(parts, "the same table")
	}
	text := strings.NewReplacer("changeds", "changed", "gones", "gone").Replace(strings.Join(parts, ", "))
	return fmt.Sprintf("Route shops, epoch %d: %s", s.table.Epoch, text)
}

// reason says in one line why.
func reason(s *step) string {
	for i := range s.led {
		if l := &s.led[i]; l.decision.Placements != nil {
			return fmt.Sprintf("ClusterMaintenance %s: %s", l.object.Name, l.decision.Status.Reason)
		}
	}
	if len(s.plan.Moves) > 0 {
		return s.plan.Moves[0].Reason
	}
	if len(s.plan.Switches) > 0 {
		return s.plan.Switches[0].Reason
	}
	return "objects or addresses changed"
}

// body lists the moves; a few of many.
func body(s *step) string {
	const most = 20
	var b strings.Builder
	for i, m := range s.plan.Moves {
		if i == most {
			fmt.Fprintf(&b, "and %d more moves\n", len(s.plan.Moves)-most)
			break
		}
		from := m.From
		if from == "" {
			from = "nowhere"
		}
		fmt.Fprintf(&b, "%s: %s → %s (%s)\n", m.Group, from, m.To, m.Reason)
	}
	for i, w := range s.plan.Switches {
		if i == most {
			fmt.Fprintf(&b, "and %d more switches\n", len(s.plan.Switches)-most)
			break
		}
		fmt.Fprintf(&b, "%s: served by %s instead of %s (%s)\n", w.Group, w.To, w.From, w.Reason)
	}
	if b.Len() == 0 {
		return "No group moves."
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// poke makes the fleet controller look at Git now where it waits for this very change: for the first
// table, which clusters with edges then apply, and for a ShopSet that is being deleted and holds
// nothing any more. Losing this costs only the time until it looks by itself.
func (r *Reconciler) poke(ctx context.Context, s *step, was *today) error {
	wanted := len(was.table.ShopSets) == 0
	held := holding(was.table)
	holds := holding(*s.table)
	for i := range s.objects.ShopSets {
		o := &s.objects.ShopSets[i]
		wanted = wanted || (o.DeletionTimestamp != nil && held[o.Name] && !holds[o.Name])
	}
	if !wanted {
		return nil
	}
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, AnnotationRefresh, s.commit)
	fleet := &v1alpha1.Fleet{}
	fleet.Namespace, fleet.Name = s.fleet.Namespace, s.fleet.Name
	if err := r.Client.Patch(ctx, fleet, client.RawPatch(types.MergePatchType, patch)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("asking for a look at Git: %w", err)
	}
	return nil
}

// holding are the ShopSets that a table's groups name.
func holding(t routes.Table) map[string]bool {
	out := map[string]bool{}
	for _, g := range t.Groups {
		for _, name := range g.ShopSets {
			out[name] = true
		}
	}
	return out
}
