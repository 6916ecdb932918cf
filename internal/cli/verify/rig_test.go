package verify_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shopset.dev/shopset/internal/cli/manifest"
	"shopset.dev/shopset/internal/plan/system"
)

const (
	controller = system.Actor
	ann        = "Ann"
)

var (
	ladder = []string{"tier-0", "tier-10", "tier-20"}
	tierOf = map[string]string{"tier-0": "dev", "tier-10": "beta", "tier-20": "prod"}
)

// rig is an apps and a system repository, made with the git program, in which every commit is an
// hour younger than the one before.
type rig struct {
	t            *testing.T
	apps, system string
	now          time.Time
	files        map[string]map[string][]byte // by branch, as rendered
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, apps: filepath.Join(t.TempDir(), "shopset-apps.git"), system: filepath.Join(t.TempDir(), "shopset-system.git"),
		now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), files: map[string]map[string][]byte{}}
	for _, dir := range []string{r.apps, r.system} {
		git(t, nil, "init", "--quiet", "--bare", "--initial-branch=main", dir)
	}
	in, err := manifest.FleetSource{Source: manifest.Source{Paths: []string{"testdata/fleet.yaml"}, Note: t.Logf}}.Input(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	desired, err := system.WhenClimbed(in)
	if err != nil || len(desired.Findings) > 0 {
		t.Fatal(err, desired.Findings)
	}
	for _, b := range desired.Branches {
		r.files[b.Branch] = b.Files
	}
	return r
}

// git runs the git program away from the machine's configuration.
func git(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_ALLOW_PROTOCOL=file"}
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// commit makes a commit of these files and moves the branch there. base is the gitlink, if any;
// parents default to the head of the branch.
func (r *rig) commit(repository, branch, author, message, base string, files map[string][]byte, parents ...string) string {
	r.t.Helper()
	r.now = r.now.Add(time.Hour)
	if head := r.head(repository, branch); len(parents) == 0 && head != "" {
		parents = []string{head}
	}
	var in bytes.Buffer
	fmt.Fprintf(&in, "commit refs/heads/%s\nauthor %[2]s <%[2]s@example.com> %[3]d +0000\ncommitter %[2]s <%[2]s@example.com> %[3]d +0000\n",
		branch, author, r.now.Unix())
	fmt.Fprintf(&in, "data %d\n%s\n", len(message), message)
	for i, p := range parents {
		fmt.Fprintf(&in, "%s %s\n", []string{"from", "merge"}[min(i, 1)], p)
	}
	in.WriteString("deleteall\n")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", name, len(files[name]), files[name])
	}
	if base != "" {
		fmt.Fprintf(&in, "M 160000 %s base\n", base)
	}
	git(r.t, in.Bytes(), "--git-dir="+repository, "fast-import", "--quiet", "--force")
	return r.head(repository, branch)
}

func (r *rig) head(repository, branch string) string {
	r.t.Helper()
	return git(r.t, nil, "--git-dir="+repository, "for-each-ref", "--format=%(objectname)", "refs/heads/"+branch)
}

func (r *rig) move(repository, branch, to string) {
	r.t.Helper()
	git(r.t, nil, "--git-dir="+repository, "update-ref", "refs/heads/"+branch, to)
}

// merge puts a commit onto the lowest tier's apps branch.
func (r *rig) merge(content string) string {
	r.t.Helper()
	return r.commit(r.apps, "tier-0", ann, "Change "+content, "", map[string][]byte{"kustomization.yaml": []byte("# " + content + "\n")})
}

// enter lets a release into a tier as the controller does: the apps branch first.
func (r *rig) enter(branch, apps string) string {
	r.t.Helper()
	if branch != "tier-0" {
		r.move(r.apps, branch, apps)
	}
	return r.release(branch, controller, apps, r.files[branch])
}

// release makes the commit that begins a tenure.
func (r *rig) release(branch, author, apps string, files map[string][]byte) string {
	r.t.Helper()
	message := fmt.Sprintf("Release %.8s to %s", apps, tierOf[branch])
	if author == controller {
		message += fmt.Sprintf("\n\n%s: %s\n%s: %s", system.TrailerTier, tierOf[branch], system.TrailerActor, system.Actor)
		if i := slices.Index(ladder, branch); i > 0 {
			message += fmt.Sprintf("\n%s: %s", system.TrailerFromTier, tierOf[ladder[i-1]])
		}
	}
	return r.commit(r.system, branch, author, message, apps, files)
}

// climb merges a change and lets it climb all tiers.
func (r *rig) climb(content string) string {
	r.t.Helper()
	apps := r.merge(content)
	for _, branch := range ladder {
		r.enter(branch, apps)
	}
	return apps
}

// retire lets a release climb through tier-5, which is gone when the next one climbs. It gives
// the commit that brought the next one to tier-10.
func (r *rig) retire() string {
	r.t.Helper()
	a := r.merge("a")
	r.enter("tier-0", a)
	r.files["tier-5"] = maps.Clone(r.files["tier-0"])
	delete(r.files["tier-5"], "overlays/d-1/kustomization.yaml")
	r.enter("tier-5", a)
	r.enter("tier-10", a)
	r.enter("tier-20", a)
	b := r.merge("b")
	r.enter("tier-0", b)
	skip := r.enter("tier-10", b)
	r.enter("tier-20", b)
	r.publish()
	return skip
}

// publish writes branch main.
func (r *rig) publish() string {
	r.t.Helper()
	return r.commit(r.system, "main", controller, "Render the Applications", "", r.files["main"])
}

// edited are a branch's files with one of them changed.
func (r *rig) edited(branch, path string, change func([]byte) []byte) map[string][]byte {
	files := maps.Clone(r.files[branch])
	if files[path] = change(files[path]); files[path] == nil {
		delete(files, path)
	}
	return files
}
