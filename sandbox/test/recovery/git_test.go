package recovery

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// git runs git in a directory, as a person with the given variables.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := tryGit(dir, nil, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryGit(dir string, env []string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(append(plainGit(), env...), "PATH="+os.Getenv("PATH"), "HOME="+dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s in %s: %w: %s", strings.Join(args, " "), dir, err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
}

// aPerson is the author of what a test commits by hand.
const aPerson = "A Person"

// plainGit keeps the habits of whoever runs the tests away.
func plainGit() []string {
	return []string{
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_AUTHOR_NAME=" + aPerson, "GIT_AUTHOR_EMAIL=person@example.com",
		"GIT_COMMITTER_NAME=" + aPerson, "GIT_COMMITTER_EMAIL=person@example.com",
	}
}

// clone is a person's work tree of a bare repository.
type clone struct {
	t    *testing.T
	dir  string
	bare string
}

func newClone(t *testing.T, bare string) clone {
	t.Helper()
	c := clone{t: t, dir: filepath.Join(t.TempDir(), "clone"), bare: bare}
	git(t, filepath.Dir(c.dir), "clone", "--quiet", bare, c.dir)
	c.git("config", "fetch.recurseSubmodules", "false") // base is never checked out here
	return c
}

func (c clone) git(args ...string) string {
	c.t.Helper()
	return git(c.t, c.dir, args...)
}

func (c clone) write(path, content string) {
	c.t.Helper()
	path = filepath.Join(c.dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// checkout begins at a branch as it is in the bare repository now.
func (c clone) checkout(branch string) {
	c.t.Helper()
	c.git("fetch", "--quiet", "--prune", "origin")
	c.git("checkout", "--quiet", "-B", branch, "origin/"+branch)
}

// push commits everything and pushes it to a branch; it returns the commit.
func (c clone) push(message, branch string) string {
	c.t.Helper()
	c.git("add", "--all", "--", ".")
	c.git("commit", "--quiet", "--message", message)
	c.git("push", "--quiet", "origin", "HEAD:refs/heads/"+branch)
	return c.git("rev-parse", "HEAD")
}

// releases lists what a branch of the system repository ran, oldest first: base, configurations
// and platform of each release, one line for each stay.
func releases(t *testing.T, bare, branch string) []string {
	t.Helper()
	var list []string
	for commit := range strings.FieldsSeq(git(t, bare, "rev-list", "--reverse", "--first-parent", branch)) {
		release := releaseAt(t, bare, commit)
		if release != "" && (len(list) == 0 || list[len(list)-1] != release) {
			list = append(list, release)
		}
	}
	return list
}

// releaseAt reads the three objects that a commit names; empty where they are not all there.
func releaseAt(t *testing.T, bare, commit string) string {
	t.Helper()
	var ids []string
	for line := range strings.Lines(git(t, bare, "ls-tree", commit, "base", "configurations", "platform")) {
		ids = append(ids, strings.Fields(line)[2])
	}
	if len(ids) != 3 {
		return ""
	}
	return strings.Join(ids, " ")
}

// heads gives the branches of a bare repository.
func heads(t *testing.T, bare string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for line := range strings.Lines(git(t, bare, "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads")) {
		branch, id, _ := strings.Cut(strings.TrimSpace(line), " ")
		out[branch] = id
	}
	return out
}
