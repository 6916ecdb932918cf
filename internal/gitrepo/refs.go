package gitrepo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	trackingPrefix = "refs/remotes/origin/"
	branchPrefix   = "refs/heads/"
	stagingPrefix  = "refs/shopset/staging/"
)

// TrackingRef is the full name of the tracking ref of a branch.
func TrackingRef(branch string) string { return trackingPrefix + branch }

// BranchRef is the full name of a branch on the remote.
func BranchRef(branch string) string { return branchPrefix + branch }

// Heads are the remote's branches as last seen: short name → commit.
func (r *Repository) Heads(ctx context.Context) (heads map[string]OID, err error) {
	defer r.observe("heads", &err)()
	refs, err := r.localRefs(ctx, trackingPrefix)
	if err != nil {
		return nil, fmt.Errorf("reading the branches of %s: %w", r.URL(), err)
	}
	heads = make(map[string]OID, len(refs))
	for ref, id := range refs {
		heads[strings.TrimPrefix(ref, trackingPrefix)] = id
	}
	return heads, nil
}

// ResolveRef reads one local ref by its full name; ErrNotFound when it does not exist.
func (r *Repository) ResolveRef(ctx context.Context, ref string) (id OID, err error) {
	defer r.observe("resolve-ref", &err)()
	if err := checkRef(ref); err != nil {
		return "", err
	}
	refs, err := r.localRefs(ctx, ref)
	if err != nil {
		return "", fmt.Errorf("reading ref %q: %w", ref, err)
	}
	id, ok := refs[ref]
	if !ok {
		return "", fmt.Errorf("reading ref %q: %w", ref, ErrNotFound)
	}
	return id, nil
}

// localRefs reads the refs at or below a name.
func (r *Repository) localRefs(ctx context.Context, below string) (map[string]OID, error) {
	out, err := r.run(ctx, command{args: []string{"for-each-ref", "--format=%(objectname) %(refname)", below}})
	if err != nil {
		return nil, err
	}
	return parseRefs(out, " ")
}

func parseRefs(out, separator string) (map[string]OID, error) {
	refs := make(map[string]OID)
	for line := range strings.Lines(out) {
		text, ref, _ := strings.Cut(strings.TrimSuffix(line, "\n"), separator)
		id, err := ParseOID(text)
		if err != nil {
			return nil, fmt.Errorf("reading a ref: %w", err)
		}
		refs[ref] = id
	}
	return refs, nil
}

// updateRefs sets local refs, and deletes those whose id is zero, all or none.
func (r *Repository) updateRefs(ctx context.Context, refs map[string]OID) error {
	var lines []string
	for ref, id := range refs {
		if id.IsZero() {
			lines = append(lines, "delete "+ref+"\n")
		} else {
			lines = append(lines, "update "+ref+" "+string(id)+"\n")
		}
	}
	if len(lines) == 0 {
		return nil
	}
	slices.Sort(lines)
	_, err := r.run(ctx, command{args: []string{"update-ref", "--stdin"}, stdin: strings.NewReader(strings.Join(lines, ""))})
	return err
}

func (r *Repository) deleteRefs(ctx context.Context, refs map[string]OID) error {
	gone := make(map[string]OID, len(refs))
	for ref := range refs {
		gone[ref] = ZeroOID
	}
	return r.updateRefs(ctx, gone)
}

// ListRemote reads the remote's refs: full name → id. Patterns are full names
// with at most one "*", which matches anything, slashes too; the default is
// "refs/heads/*".
func (r *Repository) ListRemote(ctx context.Context, patterns ...string) (refs map[string]OID, err error) {
	defer r.observe("list-remote", &err)()
	if refs, err = r.listRemote(ctx, patterns); err != nil {
		return nil, fmt.Errorf("listing the refs of %s: %w", r.URL(), err)
	}
	return refs, nil
}

func (r *Repository) listRemote(ctx context.Context, patterns []string) (map[string]OID, error) {
	if len(patterns) == 0 {
		patterns = []string{branchPrefix + "*"}
	}
	args := []string{"ls-remote", "--refs", "--quiet"}
	onlyHeads := true
	for _, pattern := range patterns {
		if err := checkPattern(pattern); err != nil {
			return nil, err
		}
		onlyHeads = onlyHeads && strings.HasPrefix(pattern, branchPrefix)
	}
	if onlyHeads {
		args = append(args, "--heads") // the server then sends nothing else
	}
	out, err := r.run(ctx, command{args: append(args, "origin"), remote: true, config: r.origin()})
	if err != nil {
		return nil, err
	}
	if out == "" {
		return nil, r.confirmEmpty(ctx)
	}
	refs, err := parseRefs(out, "\t")
	if err != nil {
		return nil, err
	}
	for ref := range refs {
		if !slices.ContainsFunc(patterns, func(p string) bool { return matchPattern(p, ref) }) {
			delete(refs, ref)
		}
	}
	return refs, nil
}

// confirmEmpty makes sure that a remote without refs is a Git server at all.
// For git any web page, such as that of a login, is an empty repository.
func (r *Repository) confirmEmpty(ctx context.Context) error {
	dir, err := os.MkdirTemp(r.home, "trace-")
	if err != nil {
		return fmt.Errorf("making a directory for a trace: %w", err)
	}
	defer os.RemoveAll(dir)
	trace := filepath.Join(dir, "packets")
	command := command{
		args: []string{"ls-remote", "--quiet", "origin"}, remote: true, config: r.origin(),
		env: []string{"GIT_TRACE_PACKET=" + trace},
	}
	if _, err := r.run(ctx, command); err != nil {
		return err
	}
	if info, err := os.Stat(trace); err != nil || info.Size() == 0 {
		return &failure{class: ErrNotFound, detail: "what answers there is no Git server"}
	}
	return nil
}

// origin configures the remote for one command. It is never written to the
// repository's own configuration, so that no other command finds a remote.
func (r *Repository) origin() [][2]string {
	return append(r.promisor(), [2]string{"remote.origin.url", r.URL()})
}

// promisor says that objects were left out on purpose.
func (r *Repository) promisor() [][2]string {
	if r.cfg.Filter == "" {
		return nil
	}
	return [][2]string{{"remote.origin.promisor", "true"}, {"remote.origin.partialCloneFilter", r.cfg.Filter}}
}
