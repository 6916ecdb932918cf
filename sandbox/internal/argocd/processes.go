package argocd

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/utils/clock"

	"shopset.dev/shopset/sandbox/internal/controlplane"
	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/process"
	"shopset.dev/shopset/sandbox/internal/state"
)

// Names of the two processes.
const (
	RepoServer = "argocd-repo-server"
	Controller = "argocd-application-controller"
)

// ArgoCD is the Argo CD of one sandbox.
type ArgoCD struct {
	SandboxID   string
	Management  controlplane.Cluster
	Workload    []controlplane.Cluster
	Ports       state.ArgoCD
	Git         state.Git
	GitPassword string
	// RedisPassword is what both processes give to Redis.
	RedisPassword string
}

// Prepare makes the directories that the processes work in.
func (a ArgoCD) Prepare() error {
	dir := a.Management.Dir
	for _, path := range []string{dir.ArgoCD("tmp"), dir.ArgoCD("tls"), dir.ArgoCD("ssh"), dir.ArgoCD("plugins")} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return fmt.Errorf("preparing Argo CD: %w", err)
		}
	}
	// The repo-server keeps clones under random names and forgets them when it
	// ends; what an earlier one left is of no use.
	if err := layout.RemoveAll(dir.ArgoCD("tmp", "_argocd-repo")); err != nil {
		return fmt.Errorf("preparing Argo CD: %w", err)
	}
	return nil
}

// Specs are the two processes, the repo-server first.
func (a ArgoCD) Specs() []process.Spec {
	redis := loopback(a.Ports.Redis)
	return []process.Spec{
		a.part(RepoServer,
			"--address=127.0.0.1", "--port="+strconv.Itoa(a.Ports.RepoServer),
			"--metrics-address=127.0.0.1", "--metrics-port="+strconv.Itoa(a.Ports.RepoServerMetrics),
			"--redis="+redis, "--disable-tls", "--client-ca-path=",
			"--logformat=text", "--loglevel=warn",
		),
		a.part(Controller,
			"--kubeconfig="+a.Management.DirectKubeconfig(), "--namespace="+Namespace,
			"--redis="+redis, "--repo-server="+loopback(a.Ports.RepoServer), "--repo-server-plaintext",
			"--metrics-port="+strconv.Itoa(a.Ports.ControllerMetrics),
			"--app-resync="+resync, "--app-resync-jitter=0",
			"--logformat=text", "--loglevel=info",
		),
	}
}

func (a ArgoCD) part(name string, args ...string) process.Spec {
	dir := a.Management.Dir
	return process.Spec{
		Name: name,
		Path: filepath.Join(a.Management.Parts, name),
		Args: args,
		Nice: controlplane.YieldMore,
		Env: controlplane.Environment(a.Management.Parts, dir.ArgoCD(), a.Management.Mark,
			"REDIS_PASSWORD="+a.RedisPassword,
			// Argo CD takes the management cluster for the one it runs in.
			"ARGOCD_FAKE_IN_CLUSTER=true", "KUBECONFIG="+a.Management.DirectKubeconfig(),
			"ARGOCD_RECONCILIATION_TIMEOUT="+resync+"s",
			"ARGOCD_GPG_ENABLED=false",
			"ARGOCD_TLS_DATA_PATH="+dir.ArgoCD("tls"), "ARGOCD_SSH_DATA_PATH="+dir.ArgoCD("ssh"),
			"ARGOCD_PLUGINSOCKFILEPATH="+dir.ArgoCD("plugins"),
			"ARGOCD_ASK_PASS_SOCK="+dir.AskPassSocket(),
		),
		Dir:   dir.ArgoCD(),
		Log:   dir.Log(name),
		Grace: 2 * time.Second,
	}
}

// WaitReady waits until both processes say they are healthy.
func (a ArgoCD) WaitReady(ctx context.Context, clk clock.Clock) error {
	for _, check := range []struct {
		name string
		port int
	}{{RepoServer, a.Ports.RepoServerMetrics}, {Controller, a.Ports.ControllerMetrics}} {
		url := "http://" + loopback(check.port) + "/healthz"
		err := controlplane.Poll(ctx, clk, check.name, func(ctx context.Context) error {
			return controlplane.Healthy(ctx, http.DefaultClient, url)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
