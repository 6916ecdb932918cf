package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/sandbox/internal/demo/command"
	"shopset.dev/shopset/sandbox/internal/demo/console"
	"shopset.dev/shopset/sandbox/internal/demo/fleet"
	"shopset.dev/shopset/sandbox/internal/demo/repos"
	"shopset.dev/shopset/sandbox/internal/demo/sandbox"
)

const (
	// namespace is the fleet's, as in examples/fleet.
	namespace = "storefront"
	system    = "shopset-system"
	// warmStart is how long the sandbox should take at most once its programs are built.
	warmStart = 45
)

// Releases of the shop, in the order they appear. All are the same program; what differs is the
// tag, and for the bad one that its api crashes.
const (
	firstTag  = "1.0.0"
	secondTag = "1.1.0"
	badTag    = "1.2.0-bad"
	goodTag   = "1.3.0"
	handTag   = "1.4.0"
)

// install starts the sandbox and puts ShopSet on it as a person would, with kubectl.
func (d *demo) install(ctx context.Context) error {
	d.out.Say("Four Kubernetes clusters start on this machine as plain processes: one for management, and " +
		"cluster-a, cluster-b and cluster-c for shops; with them a Git server and Argo CD. All of them are real. " +
		"Pods run as processes of this machine.")
	d.out.Command("shopset-sandbox up --dir " + d.Dir)
	begun := d.clock.Now()
	if err := d.sandbox.Up(ctx); err != nil {
		return err
	}
	took := d.clock.Since(begun)
	versions, err := d.sandbox.Versions()
	if err != nil {
		return err
	}
	d.report.Versions = versions
	d.act.Figure("sandbox start", took.Seconds(), "s", warmStart)
	d.out.Event("the sandbox is ready, %.1f s after its start", took.Seconds())
	for _, step := range []func(context.Context) error{d.connect, d.loadImages, d.applyInstall, d.letObserve, d.seed, d.hook} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// connect prepares what talks to the clusters and to Git.
func (d *demo) connect(context.Context) error {
	d.fleet = fleet.Fleet{Namespace: namespace, Clusters: map[string]client.Client{}}
	var err error
	if d.fleet.Management, err = fleet.Connect(d.sandbox.Dir.Kubeconfig(sandbox.Management)); err != nil {
		return err
	}
	for _, cluster := range clusters() {
		if d.fleet.Clusters[cluster], err = fleet.Connect(d.sandbox.Dir.Kubeconfig(cluster)); err != nil {
			return err
		}
	}
	git, err := d.sandbox.Git()
	if err != nil {
		return err
	}
	env, err := d.gitAccess(git, "A Developer", "developer@shop.example")
	if err != nil {
		return err
	}
	d.repos = repos.Repos{
		Git: command.Runner{Env: env}, AppsURL: git.AppsURL, SystemURL: git.SystemURL,
		Dir: d.sandbox.Work("clones"), Branch: branch(0),
	}
	return nil
}

// branch is the name of the branches of the tier at a level. The levels of examples/fleet have
// no gaps.
func branch(level int) string { return fmt.Sprintf("tier-%d", level) }

func clusters() []string { return []string{"cluster-a", "cluster-b", "cluster-c"} }

func (d *demo) gitAccess(git sandbox.Git, author, email string) ([]string, error) {
	return repos.Access{
		Username: git.Username, PasswordFile: git.PasswordFile, Dir: d.sandbox.Work(), Author: author, Email: email,
	}.Environment()
}

// loadImages tells the sandbox which program stands for which image.
func (d *demo) loadImages(ctx context.Context) error {
	for _, tag := range []string{firstTag, secondTag, badTag, goodTag, handTag} {
		// Small heaps are collected all the time, which two processors have no time for.
		if err := d.sandbox.Load(ctx, "storefront:"+tag, filepath.Join(d.Bin, "storefront"), "GOGC=400"); err != nil {
			return err
		}
	}
	if err := d.sandbox.Load(ctx, "shopset-controller:dev", filepath.Join(d.Bin, "shopset-controller")); err != nil {
		return err
	}
	d.out.Event("images are loaded: five releases of a sample shop, and the controller")
	return nil
}

// kubectl runs kubectl on the management cluster, showing the command.
func (d *demo) kubectl(ctx context.Context, args ...string) (string, error) {
	d.out.Command(console.Quoted("kubectl", args...))
	return d.sandbox.Kubectl(sandbox.Management).In(d.Root).Run(ctx, filepath.Join(d.sandbox.Parts, "kubectl"), args...)
}

func (d *demo) applyInstall(ctx context.Context) error {
	d.out.Say("ShopSet is installed with kubectl: its kinds, a controller, and the rights to see Argo CD's " +
		"Applications and the Secrets of one namespace. That namespace is to become a fleet.")
	secrets, err := d.secretFiles()
	if err != nil {
		return err
	}
	for _, args := range [][]string{
		{"apply", "--server-side", "-k", "config/"},
		{"apply", "-n", "argocd", "-k", "config/argocd-access"},
		{"create", "namespace", namespace},
		{"apply", "-n", namespace, "-k", "config/fleet-access"},
		{"-n", namespace, "create", "secret", "generic", "git-credentials", "--from-file=" + secrets},
		{"-n", namespace, "create", "secret", "generic", "push-webhook", "--from-file=secret=" + d.webhookSecret()},
		{"-n", system, "rollout", "status", "deployment/shopset-controller", "--timeout=120s"},
	} {
		if _, err := d.kubectl(ctx, args...); err != nil {
			return err
		}
	}
	d.out.Event("the controller runs")
	return nil
}

// secretFiles writes the Git credentials as files for kubectl, without the line's end, and gives
// their folder. It also makes up the secret that signs push events.
func (d *demo) secretFiles() (string, error) {
	git, err := d.sandbox.Git()
	if err != nil {
		return "", err
	}
	password, err := os.ReadFile(git.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("reading the Git password: %w", err)
	}
	dir := d.sandbox.Work("git-credentials")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("preparing the Git credentials: %w", err)
	}
	for _, file := range []struct{ path, content string }{
		{filepath.Join(dir, "username"), git.Username},
		{filepath.Join(dir, "password"), strings.TrimSpace(string(password))},
		{d.webhookSecret(), rand.Text()},
	} {
		if err := os.WriteFile(file.path, []byte(file.content), 0o600); err != nil {
			return "", fmt.Errorf("writing a secret's file: %w", err)
		}
	}
	return dir, nil
}

func (d *demo) webhookSecret() string { return d.sandbox.Work("push-webhook") }

// seed makes the sample shop the apps repository.
func (d *demo) seed(ctx context.Context) error {
	commit, err := d.repos.Seed(ctx, filepath.Join(d.Root, "examples", "storefront"))
	if err != nil {
		return err
	}
	d.tag, d.commit = firstTag, commit
	d.out.Event("the apps repository has its first commit, %.8s, on branch %s: the sample shop %s", commit, branch(0), firstTag)
	return nil
}

// hook makes the Git server tell the controller of every push.
func (d *demo) hook(ctx context.Context) error {
	base, err := fleet.ServiceURL(ctx, d.fleet.Management, system, "shopset-events")
	if err != nil {
		return err
	}
	url := base + "/push/" + namespace
	if err := d.sandbox.TellOfPushes(url, d.webhookSecret()); err != nil {
		return err
	}
	d.out.Event("the Git server tells the controller of pushes, at %s", url)
	return nil
}
