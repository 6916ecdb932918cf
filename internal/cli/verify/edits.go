package verify

import (
	"context"
	"slices"
	"strings"

	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/plan/render"
)

// edits gives the commits of a history, newest first, that changed a file since ShopSet last
// wrote it. A file that ShopSet never wrote there has none, unless it carries a seal.
func (g *gatherer) edits(ctx context.Context, history []gitrepo.Commit, path string, hasSeal bool) ([]commit, error) {
	ids, err := g.blobs(ctx, history, path)
	if err != nil {
		return nil, err
	}
	contents, err := g.system.ReadBlobs(ctx, slices.DeleteFunc(slices.Clone(ids), gitrepo.OID.IsZero)...)
	if err != nil {
		return nil, err
	}
	var out []commit
	for i, id := range ids {
		if !id.IsZero() && render.Intact(contents[id]) {
			return out, nil
		}
		if i == len(ids)-1 || ids[i+1] != id {
			out = append(out, blamed("system", history[i]))
		}
	}
	if hasSeal {
		return out, nil
	}
	return nil, nil
}

// blobs finds the file at a path in each of many commits, in a few reads; zero where there is none.
func (g *gatherer) blobs(ctx context.Context, history []gitrepo.Commit, path string) ([]gitrepo.OID, error) {
	at := make([]gitrepo.OID, len(history))
	for i := range history {
		at[i] = history[i].Tree
	}
	parts := strings.Split(path, "/")
	for depth, name := range parts {
		kind := "tree"
		if depth == len(parts)-1 {
			kind = "blob"
		}
		distinct := slices.Compact(slices.Sorted(slices.Values(slices.DeleteFunc(slices.Clone(at), gitrepo.OID.IsZero))))
		roots, err := g.system.RootEntries(ctx, distinct...)
		if err != nil {
			return nil, err
		}
		inside := make(map[gitrepo.OID]map[string]gitrepo.TreeEntry, len(distinct))
		for i, id := range distinct {
			inside[id] = roots[i]
		}
		for i, id := range at {
			e := inside[id][name]
			if at[i] = e.OID; e.Type() != kind {
				at[i] = gitrepo.ZeroOID
			}
		}
	}
	return at, nil
}
