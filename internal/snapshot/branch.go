package snapshot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"shopset.dev/shopset/internal/gitrepo"
	"shopset.dev/shopset/internal/plan/render"
	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/internal/plan/system"
)

// managed are the folders whose files the planner looks into.
var managed = []string{".gitmodules", "argocd/", "clusters/", "configurations/", "overlays/", "platform/"}

// Branch reads a branch of the system repository with the content of all managed files.
func (r *Repositories) Branch(ctx context.Context, branch string) (system.Branch, error) {
	head := r.systemHeads[branch]
	if known, ok := r.branches[branch]; ok && known.Head == string(head) {
		return known, nil
	}
	b := system.Branch{Head: string(head), Files: map[string]render.Blob{}}
	if head.IsZero() {
		return b, nil
	}
	entries, err := r.System.ListFiles(ctx, head, "")
	if err != nil {
		return b, fmt.Errorf("listing branch %s of the system repository: %w", branch, err)
	}
	b.Routes = holdsRoutes(entries)
	var missing []gitrepo.OID
	for path, e := range entries {
		if !isManaged(path) || e.Type() != "blob" {
			continue
		}
		if _, known := r.blobs[e.OID]; !known {
			missing = append(missing, e.OID)
		}
	}
	slices.Sort(missing)
	read, err := r.System.ReadBlobs(ctx, slices.Compact(missing)...)
	if err != nil {
		return b, fmt.Errorf("reading branch %s of the system repository: %w", branch, err)
	}
	for id, content := range read {
		r.blobs[id] = content
	}
	for path, e := range entries {
		if !isManaged(path) || e.Type() != "blob" {
			continue
		}
		blob := render.Blob{OID: string(e.OID), Content: r.blobs[e.OID]}
		if e.Mode != gitrepo.ModeFile {
			blob.Mode = string(e.Mode)
		}
		b.Files[path] = blob
	}
	r.branches[branch] = b
	return b, nil
}

func holdsRoutes(entries map[string]gitrepo.TreeEntry) bool {
	_, found := entries[routes.Folder+"/"+routes.KustomizationFile]
	return found
}

func isManaged(path string) bool {
	return slices.ContainsFunc(managed, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
}

// forget drops contents that no branch holds any more, once much has piled up.
func (r *Repositories) forget() {
	used, total := map[gitrepo.OID][]byte{}, 0
	for _, b := range r.branches {
		total += len(b.Files)
	}
	if len(r.blobs) <= 2*total+1000 {
		return
	}
	for _, b := range r.branches {
		for _, f := range b.Files {
			used[gitrepo.OID(f.OID)] = f.Content
		}
	}
	r.blobs = used
}

// Settings reads the settings in a platform tree; false if it has none.
func (r *Repositories) Settings(ctx context.Context, tree string) (render.Settings, bool) {
	if s, ok := r.settings[tree]; ok {
		return s, true
	}
	e, found, err := r.System.Entry(ctx, gitrepo.OID(tree), render.SettingsPath)
	if err != nil || !found {
		return render.Settings{}, false
	}
	blobs, err := r.System.ReadBlobs(ctx, e.OID)
	if err != nil {
		return render.Settings{}, false
	}
	s, err := render.ParseSettings(blobs[e.OID])
	if err != nil {
		return render.Settings{}, false // a person's edit; the Fleet's settings serve instead
	}
	r.settings[tree] = s
	return s, true
}

// Configurations lists the Configurations in a configurations tree.
func (r *Repositories) Configurations(ctx context.Context, tree string) ([]string, error) {
	if names, ok := r.configurations[tree]; ok {
		return names, nil
	}
	files, err := r.System.ListFiles(ctx, gitrepo.OID(tree), "")
	if err != nil {
		return nil, fmt.Errorf("listing configurations tree %s: %w", tree, err)
	}
	names := []string{}
	for path := range files {
		if name, rest, nested := strings.Cut(path, "/"); nested && rest == "kustomization.yaml" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	r.configurations[tree] = names
	return names, nil
}
