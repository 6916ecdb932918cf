package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"shopset.dev/shopset/sandbox/internal/gitserver"
)

// TestArgoCDSyncsAnOverlayOfASubmodule is the design's path of a release: the
// system repository holds the apps repository at base, by relative URL.
func TestArgoCDSyncsAnOverlayOfASubmodule(t *testing.T) {
	b := newBox(t)
	b.must("up", "--clusters", "cluster-b")
	w := workshop{box: b, home: t.TempDir()}
	git := b.state().Git

	apps := w.repository("apps", map[string]string{
		"kustomization.yaml": "resources: [config.yaml]\n",
		"config.yaml":        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cart}\ndata: {release: one}\n",
	})
	w.git(apps, "push", "-q", git.Repository(gitserver.Apps), "HEAD:refs/heads/tier-0")
	system := w.repository("system", map[string]string{
		".gitmodules":                          "[submodule \"base\"]\n\tpath = base\n\turl = ../" + gitserver.Apps + ".git\n",
		"overlays/shopset1/kustomization.yaml": "namespace: shopset1\nresources: [../../base]\n",
	})
	w.release(system, apps, git.Repository(gitserver.System))
	b.mustKubectl("mgmt", fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shopset1, namespace: argocd}
spec:
  project: default
  destination: {name: cluster-b, namespace: shopset1}
  source: {repoURL: %q, targetRevision: tier-0, path: overlays/shopset1}
  syncPolicy: {automated: {selfHeal: true, prune: true}, syncOptions: [CreateNamespace=true]}
`, git.Repository(gitserver.System)), "apply", "-f", "-")
	w.waitRelease("one")

	w.write(apps, "config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cart}\ndata: {release: two}\n")
	w.git(apps, "commit", "-q", "-a", "-m", "two")
	w.git(apps, "push", "-q", git.Repository(gitserver.Apps), "HEAD:refs/heads/tier-0")
	w.release(system, apps, git.Repository(gitserver.System))
	b.mustKubectl("mgmt", "", "-n", "argocd", "annotate", "application", "shopset1", "argocd.argoproj.io/refresh=normal", "--overwrite")
	w.waitRelease("two")
}

// workshop makes repositories and pushes them to the sandbox.
type workshop struct {
	box
	home string
}

func (w workshop) repository(name string, files map[string]string) string {
	w.t.Helper()
	dir := filepath.Join(w.home, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	w.git(dir, "init", "-q", "-b", "tier-0")
	for path, content := range files {
		w.write(dir, path, content)
	}
	w.git(dir, "add", "-A")
	w.git(dir, "commit", "-q", "-m", name)
	return dir
}

func (w workshop) write(dir, path, content string) {
	w.t.Helper()
	path = filepath.Join(dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// release points base at the apps repository's commit and pushes.
func (w workshop) release(system, apps, url string) {
	w.t.Helper()
	w.git(system, "update-index", "--add", "--cacheinfo", "160000,"+w.git(apps, "rev-parse", "HEAD")+",base")
	w.git(system, "commit", "-q", "-m", "release")
	w.git(system, "push", "-q", url, "HEAD:refs/heads/tier-0")
}

func (w workshop) git(dir string, args ...string) string {
	w.t.Helper()
	askpass := filepath.Join(w.home, "askpass")
	script := "#!/bin/sh\ncase $1 in Username*) echo " + gitserver.Username + ";; *) cat \"$PASSWORD_FILE\";; esac\n"
	if err := os.WriteFile(askpass, []byte(script), 0o700); err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.home, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=test", "GIT_AUTHOR_EMAIL=test@example.com",
		"GIT_COMMITTER_NAME=test", "GIT_COMMITTER_EMAIL=test@example.com",
		"GIT_ASKPASS=" + askpass, "PASSWORD_FILE=" + w.dir.GitPassword(),
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %s: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// waitRelease waits until a release is on the workload cluster and Argo CD says so.
func (w workshop) waitRelease(release string) {
	w.t.Helper()
	eventually(w.t, "release "+release, func() error {
		application, err := w.kubectl("mgmt", "", "-n", "argocd", "get", "application", "shopset1",
			"-o", "jsonpath={.status.sync.status} {.status.health.status} {.status.conditions}")
		if err != nil {
			return fmt.Errorf("%w: %s", err, application)
		}
		got, err := w.kubectl("cluster-b", "", "-n", "shopset1", "get", "configmap", "cart", "-o", "jsonpath={.data.release}")
		if err != nil || got != release || strings.TrimSpace(application) != "Synced Healthy" {
			return fmt.Errorf("release on the cluster is %q, %w; the Application is %q", got, err, application)
		}
		return nil
	})
}
