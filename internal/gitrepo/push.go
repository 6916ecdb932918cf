package gitrepo

import (
	"context"
	"errors"
	"fmt"
)

// Push moves refs of the remote, each from exactly Old to New and only forward.
// With atomic it moves all or none. A ref that is at New already counts as
// moved. Its error has one of the classes; when it wraps a *PushError, that has
// the outcome ref by ref. When the connection broke and the outcome was
// unknown, Push has looked at the remote's refs: then nil means that all are at
// New, ErrUnreachable that all are still at Old, and ErrConflict anything else;
// ErrAmbiguous remains when that look failed too, or when ctx ended.
func (r *Repository) Push(ctx context.Context, updates []RefUpdate, atomic bool) (err error) {
	defer r.observe("push", &err)()
	if len(updates) == 0 {
		return nil
	}
	done, err := r.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err = r.push(ctx, updates, atomic); err != nil {
		return fmt.Errorf("pushing to %s: %w", r.URL(), err)
	}
	return nil
}

func (r *Repository) push(ctx context.Context, updates []RefUpdate, atomic bool) error {
	if err := checkUpdates(updates); err != nil {
		return err
	}
	if err := r.checkForward(ctx, updates); err != nil {
		return err
	}
	out, err := r.send(ctx, updates, atomic)
	if err == nil {
		return nil // git has moved the tracking refs
	}
	var f *failure
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrAmbiguous, ctx.Err())
	}
	if !errors.As(err, &f) {
		return err // git did not even start
	}
	if results, known := readPorcelain(out, updates); known {
		answer := &PushError{Results: results, Words: serverWords(f.stderr)}
		if lostRace(results) {
			return r.settle(ctx, updates, answer, true)
		}
		return answer
	}
	if isAny(f.class, ErrAuth, ErrTLS, ErrNotFound, ErrRejected, ErrCorrupt, ErrMissingObject) || beforeSending(f.stderr) {
		return err
	}
	return r.settle(ctx, updates, err, false)
}

func isAny(err error, classes ...error) bool {
	for _, class := range classes {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

func checkUpdates(updates []RefUpdate) error {
	seen := make(map[string]bool)
	for _, update := range updates {
		if err := checkRef(update.Ref); err != nil {
			return err
		}
		if seen[update.Ref] {
			return fmt.Errorf("ref %q: given twice", update.Ref)
		}
		seen[update.Ref] = true
		if !update.Old.IsZero() {
			if err := update.Old.check(); err != nil {
				return fmt.Errorf("ref %q: old: %w", update.Ref, err)
			}
		}
		if update.New.IsZero() {
			return fmt.Errorf("ref %q: refs are never deleted", update.Ref)
		}
		if err := update.New.check(); err != nil {
			return fmt.Errorf("ref %q: new: %w", update.Ref, err)
		}
	}
	return nil
}

// checkForward refuses what is no fast-forward before anything is sent: with a
// lease, git itself would force it.
func (r *Repository) checkForward(ctx context.Context, updates []RefUpdate) error {
	for _, update := range updates {
		old := update.Old
		if old.IsZero() {
			old = update.New // asks only whether New is here
		}
		is, err := r.isAncestor(ctx, old, update.New)
		if err != nil {
			return fmt.Errorf("ref %q: %w", update.Ref, err)
		}
		if !is {
			return fmt.Errorf("ref %q: %s is not built on %s: %w", update.Ref, update.New.Short(), old.Short(), ErrConflict)
		}
	}
	return nil
}

func (r *Repository) send(ctx context.Context, updates []RefUpdate, atomic bool) (string, error) {
	args := []string{"push", "--porcelain", "--quiet", "--no-verify", "--no-signed", "--recurse-submodules=no", "--no-follow-tags"}
	if atomic {
		args = append(args, "--atomic")
	}
	for _, update := range updates {
		expected := string(update.Old)
		if update.Old.IsZero() {
			expected = "" // which means: must not exist
		}
		args = append(args, "--force-with-lease="+update.Ref+":"+expected)
	}
	args = append(args, "origin")
	for _, update := range updates {
		args = append(args, string(update.New)+":"+update.Ref)
	}
	// Nothing is left out on purpose here: git must not download what it wants
	// to look at, but use what it has.
	config := [][2]string{{"remote.origin.url", r.URL()}, {"remote.origin.fetch", allBranches}}
	return r.run(ctx, command{args: args, remote: true, config: config})
}

// settle looks at the remote after a push whose outcome is not certain. When
// nothing moved, a cause that is an answer of the server stands.
func (r *Repository) settle(ctx context.Context, updates []RefUpdate, cause error, answered bool) error {
	var names []string
	for _, update := range updates {
		names = append(names, update.Ref)
	}
	refs, err := r.listRemote(ctx, names)
	if err != nil {
		// Neither error's class may show: a retry is not safe.
		return fmt.Errorf("%w: %v; reading the refs afterwards: %v", ErrAmbiguous, cause, err) //nolint:errorlint // hides the classes
	}
	results, atNew, atOld := compare(updates, refs)
	switch {
	case atNew == len(updates):
		return r.track(ctx, updates)
	case atOld == len(updates) && answered:
		return cause
	case atOld == len(updates):
		return fmt.Errorf("nothing was pushed: %w: %v", ErrUnreachable, cause) //nolint:errorlint // the cause's class no longer holds
	}
	return fmt.Errorf("%w: %w", ErrConflict, &PushError{Results: results})
}

// compare tells where the updates stand on the remote.
func compare(updates []RefUpdate, refs map[string]OID) (results []RefResult, atNew, atOld int) {
	for _, update := range updates {
		result := RefResult{RefUpdate: update}
		switch id := refs[update.Ref]; {
		case id == update.New:
			atNew++
		case id == update.Old, id.IsZero() && update.Old.IsZero():
			atOld++
			result.Err = fmt.Errorf("not moved: %w", ErrConflict)
		default:
			result.Err = fmt.Errorf("is at %q: %w", id.Short(), ErrConflict)
		}
		results = append(results, result)
	}
	return results, atNew, atOld
}

// track does what git does after a push that it knows to have succeeded.
func (r *Repository) track(ctx context.Context, updates []RefUpdate) error {
	refs := make(map[string]OID)
	for _, update := range updates {
		if branch, ok := cutBranch(update.Ref); ok {
			refs[TrackingRef(branch)] = update.New
		}
	}
	if err := r.updateRefs(ctx, refs); err != nil {
		return fmt.Errorf("moving the tracking refs: %w", err)
	}
	return nil
}
