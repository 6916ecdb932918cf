package snapshot

import (
	"context"
	"fmt"
	"strings"

	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/internal/plan/system"
)

// holding finds out which ShopSets the routing tables in branch main name. Reading them costs time,
// and matters only when a ShopSet is to go.
func (r *Repositories) holding(ctx context.Context, w World, in *system.Input) {
	deleting := false
	for i := range w.Objects.ShopSets {
		deleting = deleting || w.Objects.ShopSets[i].DeletionTimestamp != nil
	}
	if !deleting || !in.Main.Routes {
		return
	}
	if r.held == nil || r.heldAt != in.Main.Head {
		held, epoch, err := r.readHolding(ctx, gitrepo.OID(in.Main.Head))
		if err != nil {
			in.RoutesProblem = fmt.Sprintf("it cannot be known whether shops are served there: reading %s/ of branch %s: %s", routes.Folder, render.MainBranch, err)
			return
		}
		r.held, r.heldEpoch, r.heldAt = held, epoch, in.Main.Head
	}
	in.Holding, in.Epoch = r.held, r.heldEpoch
}

func (r *Repositories) readHolding(ctx context.Context, head gitrepo.OID) (map[string]int, int64, error) {
	entries, err := r.System.ListFiles(ctx, head, routes.Folder)
	if err != nil {
		return nil, 0, err
	}
	var ids []gitrepo.OID
	for _, e := range entries {
		if e.Type() == "blob" {
			ids = append(ids, e.OID)
		}
	}
	blobs, err := r.System.ReadBlobs(ctx, ids...)
	if err != nil {
		return nil, 0, err
	}
	files := map[string][]byte{}
	for path, e := range entries {
		files[strings.TrimPrefix(path, routes.Folder+"/")] = blobs[e.OID]
	}
	table, err := routes.Decode(files)
	if err != nil {
		return nil, 0, err
	}
	held := map[string]int{}
	for _, g := range table.Groups {
		for _, s := range g.ShopSets {
			held[s]++
		}
	}
	return held, table.Epoch, nil
}
