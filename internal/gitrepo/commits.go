package gitrepo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// commitLimit bounds one commit object: 1 MiB.
const commitLimit = 1 << 20

// CommitInfo reads one commit.
func (r *Repository) CommitInfo(ctx context.Context, commit OID) (Commit, error) {
	commits, err := r.Commits(ctx, commit)
	if err != nil {
		return Commit{}, err
	}
	return commits[0], nil
}

// Commits reads commits in bulk, in the order given.
func (r *Repository) Commits(ctx context.Context, commits ...OID) (infos []Commit, err error) {
	defer r.observe("commits", &err)()
	if err := checkOIDs(commits...); err != nil {
		return nil, err
	}
	if infos, err = r.readCommits(ctx, commits); err != nil {
		return nil, fmt.Errorf("reading commits of %s: %w", r.URL(), err)
	}
	return infos, nil
}

func (r *Repository) readCommits(ctx context.Context, ids []OID) ([]Commit, error) {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = string(id)
	}
	commits := make([]Commit, len(ids))
	err := r.batch(ctx, names, commitLimit, func(i int, o object) error {
		if o.kind != "commit" {
			return fmt.Errorf("commit %s: %w", ids[i], ErrMissingObject)
		}
		commit, err := parseCommit(o.id, o.data)
		commits[i] = commit
		return err
	})
	return commits, err
}

// History walks first parents from tip, newest first, at most limit commits (0:
// no limit), and ends before the first commit that is one of stopAt or an
// ancestor of one.
func (r *Repository) History(ctx context.Context, tip OID, limit int, stopAt ...OID) (commits []Commit, err error) {
	defer r.observe("history", &err)()
	if err := checkOIDs(append([]OID{tip}, stopAt...)...); err != nil {
		return nil, err
	}
	if commits, err = r.history(ctx, tip, limit, stopAt); err != nil {
		return nil, fmt.Errorf("reading the history of commit %s of %s: %w", tip.Short(), r.URL(), err)
	}
	return commits, nil
}

func (r *Repository) history(ctx context.Context, tip OID, limit int, stopAt []OID) ([]Commit, error) {
	revisions := string(tip) + "\n"
	for _, stop := range stopAt {
		revisions += "^" + string(stop) + "\n"
	}
	args := []string{"rev-list", "--first-parent"}
	if limit > 0 {
		args = append(args, "--max-count="+strconv.Itoa(limit))
	}
	out, err := r.run(ctx, command{args: append(args, "--stdin"), stdin: strings.NewReader(revisions)})
	if err != nil {
		return nil, err
	}
	var ids []OID
	for line := range strings.Lines(out) {
		ids = append(ids, OID(strings.TrimSuffix(line, "\n")))
	}
	return r.readCommits(ctx, ids)
}

// IsAncestor tells whether descendant is ancestor or was built on it.
func (r *Repository) IsAncestor(ctx context.Context, ancestor, descendant OID) (is bool, err error) {
	defer r.observe("is-ancestor", &err)()
	if err := checkOIDs(ancestor, descendant); err != nil {
		return false, err
	}
	return r.isAncestor(ctx, ancestor, descendant)
}

func (r *Repository) isAncestor(ctx context.Context, ancestor, descendant OID) (bool, error) {
	_, err := r.run(ctx, command{args: []string{"merge-base", "--is-ancestor", string(ancestor), string(descendant)}})
	if noAnswer(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("comparing commits %s and %s of %s: %w", ancestor.Short(), descendant.Short(), r.URL(), err)
	}
	return true, nil
}

// MergeBase finds the best common ancestor; false when there is none.
func (r *Repository) MergeBase(ctx context.Context, a, b OID) (base OID, found bool, err error) {
	defer r.observe("merge-base", &err)()
	if err := checkOIDs(a, b); err != nil {
		return "", false, err
	}
	out, err := r.run(ctx, command{args: []string{"merge-base", string(a), string(b)}})
	if noAnswer(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("finding the merge base of commits %s and %s of %s: %w", a.Short(), b.Short(), r.URL(), err)
	}
	base, err = ParseOID(strings.TrimSpace(out))
	return base, err == nil, err
}

// noAnswer recognises how git says no without an error: status 1 and no words.
func noAnswer(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.code == 1 && f.stderr == ""
}

func parseCommit(id OID, data []byte) (Commit, error) {
	c := Commit{OID: id}
	header, message, _ := bytes.Cut(data, []byte("\n\n"))
	for line := range strings.Lines(string(header)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		var err error
		switch key {
		case "tree":
			c.Tree, err = ParseOID(value)
		case "parent":
			var parent OID
			parent, err = ParseOID(value)
			c.Parents = append(c.Parents, parent)
		case "author":
			c.Author = parseSignature(value)
		case "committer":
			c.Committer = parseSignature(value)
		}
		if err != nil {
			return c, fmt.Errorf("commit %s: %w", id, errors.Join(ErrCorrupt, err))
		}
	}
	if c.Tree == "" {
		return c, fmt.Errorf("commit %s has no tree: %w", id, ErrCorrupt)
	}
	c.Message = strings.ToValidUTF8(string(message), "\uFFFD")
	c.Subject, c.Trailers = subject(c.Message), parseTrailers(c.Message)
	return c, nil
}

// parseSignature reads "Name <email> seconds zone". Old histories hold all sorts
// of text there, so what cannot be read stays empty. Times are in UTC.
func parseSignature(text string) Signature {
	var s Signature
	open, end := strings.Index(text, "<"), strings.LastIndex(text, ">")
	if open < 0 || end < open {
		return s
	}
	s.Name = strings.ToValidUTF8(strings.TrimSpace(text[:open]), "\uFFFD")
	s.Email = strings.ToValidUTF8(text[open+1:end], "\uFFFD")
	seconds, _, _ := strings.Cut(strings.TrimSpace(text[end+1:]), " ")
	if unix, err := strconv.ParseInt(seconds, 10, 64); err == nil {
		s.When = time.Unix(unix, 0).UTC()
	}
	return s
}
