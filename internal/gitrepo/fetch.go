package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Fetch brings the tracking refs up to date with the remote, forced and pruned:
// afterwards they are the remote's branches. Branches that a refspec names and
// that the remote lacks are pruned too, without an error. Without refspecs it
// takes the configured ones. A damaged repository is made anew first.
func (r *Repository) Fetch(ctx context.Context, refspecs ...string) (err error) {
	defer r.observe("fetch", &err)()
	done, err := r.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	if len(refspecs) == 0 {
		refspecs = r.cfg.RefSpecs
	}
	var specs []refspec
	for _, text := range refspecs {
		spec, err := parseRefspec(text)
		if err != nil {
			return err
		}
		specs = append(specs, spec)
	}
	if err := r.fetchHealing(ctx, specs); err != nil {
		return fmt.Errorf("fetching from %s: %w", r.URL(), err)
	}
	return nil
}

// fetchChecked keeps the tracking refs when the remote seems to have lost all
// its branches and is in truth no Git server.
func (r *Repository) fetchChecked(ctx context.Context, specs []refspec) error {
	before, err := r.localRefs(ctx, trackingPrefix)
	if err != nil {
		return err
	}
	if err := r.fetchExisting(ctx, specs); err != nil {
		return err
	}
	after, err := r.localRefs(ctx, trackingPrefix)
	if err != nil || len(after) > 0 {
		return err
	}
	if err := r.confirmEmpty(ctx); err != nil {
		return errors.Join(err, r.updateRefs(ctx, before))
	}
	return nil
}

// fetchHealing starts anew, once, when the repository proves damaged.
func (r *Repository) fetchHealing(ctx context.Context, specs []refspec) error {
	if !r.damaged.Load() {
		err := r.fetchChecked(ctx, specs)
		if !errors.Is(err, ErrCorrupt) {
			return err
		}
	}
	if err := r.remake(ctx); err != nil {
		return err
	}
	return r.fetchChecked(ctx, specs)
}

// fetchExisting leaves out the branches that the remote does not have.
func (r *Repository) fetchExisting(ctx context.Context, specs []refspec) error {
	err := r.fetch(ctx, specs)
	if !errors.Is(err, ErrNotFound) || !slices.ContainsFunc(specs, func(s refspec) bool { return !s.wild() }) {
		return err
	}
	there, err := r.listRemote(ctx, []string{"refs/*"})
	if err != nil {
		return err
	}
	var existing []refspec
	gone := make(map[string]OID)
	for _, spec := range specs {
		if _, ok := there[spec.source]; ok || spec.wild() {
			existing = append(existing, spec)
		} else {
			gone[spec.destination] = ZeroOID
		}
	}
	if err := r.deleteRefs(ctx, gone); err != nil || len(existing) == 0 {
		return err
	}
	return r.fetch(ctx, existing)
}

func (r *Repository) fetch(ctx context.Context, specs []refspec) error {
	args := []string{
		"fetch", "--quiet", "--no-tags", "--prune", "--force", "--no-write-fetch-head",
		"--no-auto-maintenance", "--no-recurse-submodules", "--no-show-forced-updates", "origin",
	}
	for _, spec := range specs {
		args = append(args, spec.String())
	}
	_, err := r.run(ctx, command{args: args, remote: true, config: r.origin()})
	return err
}
