package verify_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/cli/verify"
)

var update = flag.Bool("update", false, "write the golden files anew")

// run calls the verb.
func run(t *testing.T, args ...string) (stdout, stderr string, code exit.Code) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := verify.New("shopctl", output.Streams{Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	code = exit.Report(&errs, cmd.ExecuteContext(t.Context()))
	return out.String(), errs.String(), code
}

type answer struct {
	Verdict string
	Results []struct {
		Check, Branch, Verdict string
		Findings               []struct {
			Verdict, Message string
			Commits          []struct{ ID, Author, Subject string }
		}
	}
}

// bad lists what is not proven with its findings' messages, and the commits that are blamed.
func (a answer) bad() (checks []string, messages string, commits []string) {
	for _, r := range a.Results {
		if r.Verdict == "refuted" || r.Verdict == "unknown" {
			checks = append(checks, r.Verdict+": "+r.Check+"/"+r.Branch)
		}
		for _, f := range r.Findings {
			messages += f.Message + "\n"
			for _, c := range f.Commits {
				if f.Verdict != "-" {
					commits = append(commits, c.ID)
				}
			}
		}
	}
	slices.Sort(commits)
	return checks, messages, slices.Compact(commits)
}

func TestVerify(t *testing.T) {
	replicas := func(b []byte) []byte { return bytes.Replace(b, []byte("count: 2"), []byte("count: 7"), 1) }
	const prodOverlay = "overlays/p-1/kustomization.yaml"
	tests := map[string]struct {
		// make gives the commits that are to blame.
		make func(r *rig) []string
		args []string
		code exit.Code
		bad  []string
		says string
	}{
		"a clean climb": {
			make: func(r *rig) []string { r.climb("a"); r.climb("b"); r.publish(); return nil },
			args: []string{"-f", "testdata/fleet.yaml"},
		},
		"releases that wait below": {
			make: func(r *rig) []string {
				r.climb("a")
				b := r.merge("b")
				r.enter("tier-0", b)
				r.merge("c")
				r.publish()
				return nil
			},
			says: "its head waits to enter the tier",
		},
		"a tier that was skipped": {
			make: func(r *rig) []string {
				r.climb("a")
				r.publish()
				b := r.merge("b")
				r.enter("tier-0", b)
				return []string{r.enter("tier-20", b)}
			},
			code: exit.Unhealthy,
			bad:  []string{"refuted: never skipped/tier-20", "refuted: runs what was below/tier-20"},
			says: "which tier-10 had not run before (never there: the apps)",
		},
		"a tier that was skipped, and the one below caught up later": {
			make: func(r *rig) []string {
				r.climb("a")
				r.publish()
				b := r.merge("b")
				r.enter("tier-0", b)
				skip := r.enter("tier-20", b)
				r.enter("tier-10", b)
				return []string{skip}
			},
			code: exit.Unhealthy,
			bad:  []string{"refuted: never skipped/tier-20", "refuted: runs what was below/tier-20"},
			says: "(it did 1h0m0s later)",
		},
		"a skip long ago, in order since": {
			make: func(r *rig) []string {
				r.climb("a")
				b := r.merge("b")
				r.enter("tier-0", b)
				skip := r.enter("tier-20", b)
				r.enter("tier-10", b)
				r.climb("c")
				r.publish()
				return []string{skip}
			},
			code: exit.Unhealthy, bad: []string{"refuted: never skipped/tier-20"},
		},
		"a configuration tree that was never below": {
			make: func(r *rig) []string {
				a := r.climb("a")
				r.publish()
				files := r.edited("tier-20", "configurations/production/kustomization.yaml", func(b []byte) []byte { return append(b, "# more\n"...) })
				return []string{r.release("tier-20", ann, a, files)}
			},
			code: exit.Unhealthy, bad: []string{"refuted: never skipped/tier-20", "refuted: runs what was below/tier-20"},
			says: "(never there: the configurations)",
		},
		"a merge commit with an equal tree": {
			make: func(r *rig) []string {
				a := r.climb("a")
				b := r.merge("b")
				r.enter("tier-0", b)
				r.enter("tier-10", b)
				merged := r.commit(r.apps, "tier-20", ann, "Merge tier-10 into tier-20", "", map[string][]byte{"kustomization.yaml": []byte("# b\n")}, a, b)
				r.release("tier-20", controller, merged, r.files["tier-20"])
				r.publish()
				return nil
			},
			args: []string{"-f", "testdata/fleet.yaml"},
		},
		"a merge commit with another tree": {
			make: func(r *rig) []string {
				a := r.climb("a")
				b := r.merge("b")
				r.enter("tier-0", b)
				r.enter("tier-10", b)
				r.publish()
				merged := r.commit(r.apps, "tier-20", ann, "Merge with a fix", "", map[string][]byte{"kustomization.yaml": []byte("# b and a fix\n")}, a, b)
				return []string{r.release("tier-20", ann, merged, r.files["tier-20"])}
			},
			code: exit.Unhealthy, bad: []string{"refuted: never skipped/tier-20", "refuted: runs what was below/tier-20"},
		},
		"an overlay edited by hand, twice": {
			make: func(r *rig) []string {
				a := r.climb("a")
				r.publish()
				first := r.commit(r.system, "tier-20", ann, "More pods for the sale", a, r.edited("tier-20", prodOverlay, replicas))
				r.commit(r.system, "tier-20", controller, "Render something else", a, r.edited("tier-20", prodOverlay, replicas))
				second := r.commit(r.system, "tier-20", "Bob", "And a note", a,
					r.edited("tier-20", prodOverlay, func(b []byte) []byte { return append(replicas(b), "# for the sale\n"...) }))
				return []string{first, second}
			},
			code: exit.Unhealthy, bad: []string{"refuted: files as rendered/tier-20"},
			says: prodOverlay + " was edited by hand",
		},
		"an overlay whose seal was taken off": {
			make: func(r *rig) []string {
				a := r.climb("a")
				r.publish()
				return []string{r.commit(r.system, "tier-20", ann, "My own", a, r.edited("tier-20", prodOverlay,
					func([]byte) []byte { return []byte("resources: [../../base]\n") }))}
			},
			args: []string{"-f", "testdata/fleet.yaml"},
			code: exit.Unhealthy, bad: []string{"refuted: files as rendered/tier-20", "refuted: files match objects/tier-20"},
		},
		"an overlay that somebody wrote, with its Application": {
			make: func(r *rig) []string {
				a := r.climb("a")
				r.publish()
				r.commit(r.system, "tier-20", ann, "A shop of my own", a,
					r.edited("tier-20", "overlays/own/kustomization.yaml", func([]byte) []byte { return []byte("resources: [../../base]\n") }))
				r.commit(r.system, "main", ann, "And its Application", "", r.edited("main", "argocd/a/own.yaml", func([]byte) []byte {
					return []byte("kind: Application\nmetadata: {name: own}\nspec: {source: {targetRevision: refs/heads/tier-20, path: ./overlays/own}}\n")
				}))
				return nil
			},
			says: "overlays/own/kustomization.yaml was written by hand, and never by ShopSet",
		},
		"a tier that was inserted later": {
			make: func(r *rig) []string {
				a := r.merge("a")
				r.enter("tier-0", a)
				r.enter("tier-20", a)
				r.enter("tier-10", a)
				r.climb("b")
				r.publish()
				return nil
			},
			args: []string{"-f", "testdata/fleet.yaml"},
		},
		"a lowest tier that was inserted later": {
			make: func(r *rig) []string {
				a := r.merge("a")
				r.release("tier-10", ann, a, r.files["tier-10"])
				r.move(r.apps, "tier-10", a)
				r.enter("tier-20", a)
				r.climb("b")
				r.publish()
				return nil
			},
			says: "older than every tier below",
		},
		"a tier that was retired": {
			make: func(r *rig) []string { r.retire(); return nil },
			args: []string{"--retired", "tier-5", "-f", "testdata/fleet.yaml"},
		},
		"a tier that has no object any more": {
			make: func(r *rig) []string { r.retire(); return nil },
			args: []string{"-f", "testdata/fleet.yaml"},
		},
		"a retired tier that nobody tells of": {
			make: func(r *rig) []string { return []string{r.retire()} },
			code: exit.Unhealthy, bad: []string{"refuted: never skipped/tier-10", "refuted: runs what was below/tier-10"},
		},
		"a rewritten branch with another past": {
			make: func(r *rig) []string {
				r.climb("a")
				b := r.climb("b")
				r.publish()
				blame := git(r.t, nil, "--git-dir="+r.system, "rev-list", "--reverse", "tier-10")
				r.commit(r.system, "tier-0", ann, "History, tidied up", b, r.files["tier-0"], git(r.t, []byte{}, "--git-dir="+r.system,
					"rev-list", "--max-parents=0", "tier-0"))
				return strings.Fields(blame)[1:]
			},
			code: exit.Unhealthy, bad: []string{"refuted: never skipped/tier-10", "refuted: runs what was below/tier-10"},
			says: "(it did 3h0m0s later)",
		},
		"a branch that was made anew": {
			make: func(r *rig) []string {
				a := r.climb("a")
				r.publish()
				git(r.t, nil, "--git-dir="+r.system, "update-ref", "-d", "refs/heads/tier-0")
				r.enter("tier-0", a)
				return []string{r.head(r.system, "tier-10")}
			},
			code: exit.Unhealthy, bad: []string{"refuted: never skipped/tier-10"},
			says: "it says that it came from tier dev, whose branch tier-0 begins only on",
		},
		"the lowest apps branch was rewritten": {
			make: func(r *rig) []string {
				r.climb("a")
				r.publish()
				git(r.t, nil, "--git-dir="+r.apps, "update-ref", "-d", "refs/heads/tier-0")
				return []string{r.merge("z")}
			},
			code: exit.Unhealthy, bad: []string{"refuted: apps branch agrees/tier-0"},
			says: "does not descend from",
		},
		"an apps branch with something of its own": {
			make: func(r *rig) []string {
				a := r.climb("a")
				r.publish()
				return []string{r.commit(r.apps, "tier-20", ann, "Quick fix", "", map[string][]byte{"kustomization.yaml": []byte("# fix\n")}, a)}
			},
			code: exit.Unhealthy, bad: []string{"refuted: apps branch agrees/tier-20"},
			says: "which tier beta has never run",
		},
		"an apps branch that is gone": {
			make: func(r *rig) []string {
				r.climb("a")
				r.publish()
				git(r.t, nil, "--git-dir="+r.apps, "update-ref", "-d", "refs/heads/tier-10")
				return nil
			},
			code: exit.Unhealthy, bad: []string{"refuted: apps branch agrees/tier-10"}, says: "has no branch tier-10",
		},
		"a gitlink to nowhere": {
			make: func(r *rig) []string {
				r.climb("a")
				r.publish()
				return []string{r.release("tier-0", ann, strings.Repeat("12", 20), r.files["tier-0"])}
			},
			code: exit.Unhealthy, bad: []string{"refuted: apps branch agrees/tier-0"},
			says: "apps commit " + strings.Repeat("12", 20) + ", which it names, does not exist",
		},
		"an overlay that nobody applies, and one applied twice, and Applications of nothing": {
			make: func(r *rig) []string {
				r.climb("a")
				main := r.edited("main", "argocd/a/p-1.yaml", func([]byte) []byte { return nil })
				main["argocd/a/again.yaml"] = []byte("---\n" + string(main["argocd/a/b-1.yaml"]))
				main["argocd/a/lost.yaml"] = []byte("kind: Application\nmetadata: {name: lost}\nspec: {source: {targetRevision: tier-10, path: overlays/lost}}\n")
				main["argocd/a/head.yaml"] = []byte("kind: Application\nmetadata: {name: head}\nspec: {source: {targetRevision: HEAD, path: overlays/p-1}}\n")
				r.commit(r.system, "main", controller, "Render", "", main)
				return nil
			},
			code: exit.Unhealthy, bad: []string{"refuted: applied once/tier-10", "refuted: applied once/tier-20", "refuted: applied once/main"},
			says: "overlays/b-1 is applied by 2 Applications: argocd/a/again.yaml, argocd/a/b-1.yaml",
		},
		"objects that have changed since": {
			make: func(r *rig) []string {
				a := r.climb("a")
				r.publish()
				r.commit(r.system, "tier-20", controller, "Render p-1", a, r.edited("tier-20", "overlays/gone/kustomization.yaml",
					func([]byte) []byte { return r.files["tier-10"]["overlays/b-1/kustomization.yaml"] }))
				return nil
			},
			args: []string{"-f", "testdata/fleet.yaml"},
			code: exit.Unhealthy, bad: []string{"refuted: applied once/tier-20", "refuted: files match objects/tier-20"},
			says: "overlays/gone/kustomization.yaml is there, and no object gives it",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			blamed := tc.make(r)
			slices.Sort(blamed)
			before := snapshot(t, r.apps, r.system)
			stdout, stderr, code := run(t, append([]string{"--system", r.system, "--apps", r.apps, "-o", "json"}, tc.args...)...)
			if diff := cmp.Diff(before, snapshot(t, r.apps, r.system)); diff != "" {
				t.Errorf("a clone was written to (-before +after):\n%s", diff)
			}
			var a answer
			if err := json.Unmarshal([]byte(stdout), &a); err != nil {
				t.Fatalf("%v: %s\n%s", err, stdout, stderr)
			}
			bad, messages, commits := a.bad()
			if code != tc.code {
				t.Errorf("exit code %d, want %d: %s", code, tc.code, stderr)
			}
			if diff := cmp.Diff(tc.bad, bad); diff != "" {
				t.Errorf("not proven (-want +got):\n%s\n%s", diff, messages)
			}
			if diff := cmp.Diff(blamed, commits); diff != "" {
				t.Errorf("commits to blame (-want +got):\n%s\n%s", diff, messages)
			}
			if !strings.Contains(messages, tc.says) {
				t.Errorf("the findings lack %q:\n%s", tc.says, messages)
			}
		})
	}
}

// snapshot lists every file below the folders with its size and time.
func snapshot(t *testing.T, dirs ...string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := e.Info()
			if err == nil {
				out[path] = info.ModTime().Format(time.RFC3339Nano)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestClones looks at the same repositories in all the ways that people have them.
func TestClones(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	r := newRig(t)
	r.climb("a")
	lost := r.climb("b")
	r.publish()
	// The commit of the second release loses its branches; only a pin keeps it.
	git(t, nil, "--git-dir="+r.apps, "update-ref", "refs/shopset/releases/"+lost, lost)
	folder := filepath.Join(t.TempDir(), "my clones")
	at := func(name string) string { return filepath.Join(folder, name) }
	for name, args := range map[string][]string{
		"system": {r.system}, "apps": {r.apps}, "system-mirror.git": {"--mirror", r.system}, "apps-mirror.git": {"--mirror", r.apps},
		"apps-without-files":   {"--filter=blob:none", "--no-checkout", "file://" + r.apps},
		"system-without-files": {"--filter=blob:none", "--no-checkout", "file://" + r.system},
		"system-shallow":       {"--depth=1", "--no-single-branch", "file://" + r.system},
	} {
		git(t, nil, "-C", r.apps, "config", "uploadpack.allowFilter", "true")
		git(t, nil, "-C", r.system, "config", "uploadpack.allowFilter", "true")
		git(t, nil, append(append([]string{"clone", "--quiet", "--no-recurse-submodules"}, args...), at(name))...)
	}
	// A local branch that is behind must not count.
	git(t, nil, "-C", at("system"), "branch", "--quiet", "tier-20", "origin/tier-20~1")
	git(t, nil, "-C", at("system"), "worktree", "add", "--quiet", at("worktree"), "tier-20")
	a := git(t, nil, "--git-dir="+r.apps, "rev-parse", "tier-0~1")
	gone := filepath.Join(folder, "apps-gone")
	for _, branch := range ladder {
		r.move(r.apps, branch, a)
	}
	git(t, nil, "clone", "--quiet", "file://"+r.apps, gone)
	git(t, nil, "clone", "--quiet", "--mirror", "file://"+r.apps, at("apps-pinned.git"))

	tests := map[string]struct {
		system, apps string
		code         exit.Code
		says         string // a part of stdout and stderr
	}{
		"clones":                            {system: at("system"), apps: at("apps"), says: "the branches of its remote origin"},
		"a work tree of a clone":            {system: at("worktree"), apps: at("apps")},
		"the .git of a clone":               {system: at("system/.git"), apps: at("apps/.git")},
		"mirrors":                           {system: at("system-mirror.git"), apps: at("apps-mirror.git")},
		"a URL":                             {system: "file://" + r.system, apps: at("apps")},
		"an apps clone without files":       {system: at("system"), apps: at("apps-without-files")},
		"a pin keeps a released commit":     {system: at("system"), apps: at("apps-pinned.git")},
		"a plain clone lacks the pins":      {system: at("system"), apps: gone, code: exit.Failure, says: "a plain clone lacks the release pins"},
		"a shallow clone":                   {system: at("system-shallow"), apps: at("apps"), code: exit.Failure, says: "fetch --unshallow"},
		"a system clone without files":      {system: at("system-without-files"), apps: at("apps"), code: exit.Failure, says: "object missing"},
		"not a clone":                       {system: folder, apps: at("apps"), code: exit.Usage, says: "is not a clone"},
		"no such folder":                    {system: at("nothing"), apps: at("apps"), code: exit.Usage, says: "no such folder"},
		"the two in each other's place":     {system: at("apps"), apps: at("system"), code: exit.Failure, says: "holds no release"},
		"something that has no tier branch": {system: at("system"), apps: at("apps"), code: exit.Failure, says: "no branch stage-<number>"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			args := []string{"--system", tc.system, "--apps", tc.apps, "-o", "wide"}
			if strings.Contains(tc.says, "stage-") {
				args = append(args, "--branch-prefix", "stage-")
			}
			before := snapshot(t, folder)
			stdout, stderr, code := run(t, args...)
			if code != tc.code || !strings.Contains(stdout+stderr, tc.says) {
				t.Errorf("exit code %d, want %d with %q:\n%s%s", code, tc.code, tc.says, stdout, stderr)
			}
			if diff := cmp.Diff(before, snapshot(t, folder)); diff != "" {
				t.Errorf("a clone was written to (-before +after):\n%s", diff)
			}
		})
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "shopctl-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestTable compares what people see with golden files, the object ids made anonymous.
func TestTable(t *testing.T) {
	r := newRig(t)
	a := r.climb("a")
	r.publish()
	b := r.merge("b")
	r.enter("tier-0", b)
	r.enter("tier-20", b)
	r.commit(r.system, "tier-10", "Mallory \x1b[2J", "More pods", a, r.edited("tier-10", "overlays/b-1/kustomization.yaml",
		func(b []byte) []byte { return append(b, "# more\n"...) }))
	goldens := map[string][]string{"table": nil, "wide": {"-o", "wide"}, "name": {"-o", "name"}, "yaml": {"-o", "yaml"}}
	ids := regexp.MustCompile(`\b[0-9a-f]{8,40}\b`)
	for _, name := range slices.Sorted(maps.Keys(goldens)) {
		stdout, stderr, code := run(t, append([]string{"--system", r.system, "--apps", r.apps}, goldens[name]...)...)
		if code != exit.Unhealthy {
			t.Errorf("%s: exit code %d: %s", name, code, stderr)
		}
		got := ids.ReplaceAllString(stdout+"--- stderr\n"+stderr, "<id>")
		file := filepath.Join("testdata", "refuted."+name+".golden")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

func TestUsage(t *testing.T) {
	for name, args := range map[string][]string{
		"no system":       {"--apps", "."},
		"no apps":         {"--system", "."},
		"a wrong format":  {"--apps", ".", "--system", ".", "-o", "xml"},
		"an empty prefix": {"--apps", ".", "--system", ".", "--branch-prefix", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if _, stderr, code := run(t, args...); code != exit.Usage || stderr == "" {
				t.Errorf("exit code %d: %s", code, stderr)
			}
		})
	}
}
