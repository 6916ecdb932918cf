// Package repos is a developer at a shell: plain git in a clone of the apps repository, and plain
// git to look at the system repository.
package repos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"shopset.dev/shopset/sandbox/internal/demo/command"
)

// Release is what a commit of the apps repository releases.
type Release struct {
	// Tag of the image.
	Tag string
	// Crash names the component that crashes at its start; empty for none.
	Crash string
}

// Repos are the two repositories.
type Repos struct {
	// Git runs git, with what it needs to get in.
	Git                command.Runner
	AppsURL, SystemURL string
	// Dir is where the clones are made.
	Dir string
	// Branch is the lowest Tier's.
	Branch string
}

func (r Repos) apps() string   { return filepath.Join(r.Dir, "apps") }
func (r Repos) system() string { return filepath.Join(r.Dir, "system.git") }

// Access is how git gets in without a question and without the habits of whoever runs the demo.
type Access struct {
	Username, PasswordFile string
	// Dir is where the program that hands out the password is put.
	Dir string
	// Author of the commits, and their e-mail address.
	Author, Email string
}

// askPass hands out what git asks for; the secret is on no command line.
const askPass = `#!/bin/sh
case $1 in
Username*) printf '%s\n' "$DEMO_GIT_USERNAME" ;;
*) cat "$DEMO_GIT_PASSWORD_FILE" ;;
esac
`

// Environment gives the variables that git needs.
func (a Access) Environment() ([]string, error) {
	program := filepath.Join(a.Dir, "askpass.sh")
	if err := os.WriteFile(program, []byte(askPass), 0o700); err != nil {
		return nil, fmt.Errorf("preparing git: %w", err)
	}
	return []string{
		"DEMO_GIT_USERNAME=" + a.Username, "DEMO_GIT_PASSWORD_FILE=" + a.PasswordFile,
		"GIT_ASKPASS=" + program, "GIT_TERMINAL_PROMPT=0",
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=" + a.Author, "GIT_AUTHOR_EMAIL=" + a.Email,
		"GIT_COMMITTER_NAME=" + a.Author, "GIT_COMMITTER_EMAIL=" + a.Email,
		"no_proxy=127.0.0.0/8", "NO_PROXY=127.0.0.0/8",
	}, nil
}

// Seed makes a folder's content the first commit of the branch, and returns the commit.
func (r Repos) Seed(ctx context.Context, folder string) (string, error) {
	if err := os.CopyFS(r.apps(), os.DirFS(folder)); err != nil {
		return "", fmt.Errorf("copying %s: %w", folder, err)
	}
	git := r.Git.In(r.apps())
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch", r.Branch},
		{"remote", "add", "origin", r.AppsURL},
		{"add", "--all"},
		{"commit", "--quiet", "--message", "The shop"},
		{"push", "--quiet", "origin", r.Branch},
	} {
		if _, err := git.Run(ctx, "git", args...); err != nil {
			return "", err
		}
	}
	return git.Run(ctx, "git", "rev-parse", "HEAD")
}

// Commit releases something on the branch, and returns the commit.
func (r Repos) Commit(ctx context.Context, release Release, message string) (string, error) {
	if err := edit(filepath.Join(r.apps(), "kustomization.yaml"), release); err != nil {
		return "", err
	}
	git := r.Git.In(r.apps())
	for _, args := range [][]string{
		{"commit", "--quiet", "--all", "--message", message},
		{"push", "--quiet", "origin", r.Branch},
	} {
		if _, err := git.Run(ctx, "git", args...); err != nil {
			return "", err
		}
	}
	return git.Run(ctx, "git", "rev-parse", "HEAD")
}

// Diff shows the last commit's changed lines.
func (r Repos) Diff(ctx context.Context) (string, error) {
	out, err := r.Git.In(r.apps()).Run(ctx, "git", "show", "--format=", "--unified=0", "HEAD")
	if err != nil {
		return "", err
	}
	var lines []string
	for line := range strings.SplitSeq(out, "\n") {
		changed := strings.HasPrefix(line, "-") || strings.HasPrefix(line, "+")
		if changed && !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "+++") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n"), nil
}

var (
	tagLine   = regexp.MustCompile(`(?m)^(\s*newTag:) .*$`)
	crashLine = regexp.MustCompile(`(?m)^(\s*- FAULT_CRASH=).*$`)
)

func edit(path string, release Release) error {
	before, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("releasing %s: %w", release.Tag, err)
	}
	after, err := Edited(string(before), release)
	if err != nil {
		return fmt.Errorf("releasing %s in %s: %w", release.Tag, path, err)
	}
	if err := os.WriteFile(path, []byte(after), 0o600); err != nil {
		return fmt.Errorf("releasing %s: %w", release.Tag, err)
	}
	return nil
}

// Edited is the kustomization with the release in it: its lines newTag and FAULT_CRASH.
func Edited(kustomization string, release Release) (string, error) {
	if !tagLine.MatchString(kustomization) || !crashLine.MatchString(kustomization) {
		return "", errors.New("there is no line newTag, or none FAULT_CRASH")
	}
	crash := release.Crash
	if crash == "" {
		crash = "false"
	}
	out := tagLine.ReplaceAllString(kustomization, "${1} "+release.Tag)
	return crashLine.ReplaceAllString(out, "${1}"+crash), nil
}
