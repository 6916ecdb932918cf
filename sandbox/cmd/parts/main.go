// Command parts holds every program that a sandbox is made of in one binary:
// etcd, the Kubernetes control plane, kubectl, kustomize and the two halves of
// Argo CD that sync. Which one runs is decided by the name it is called by, so
// the build links each shared dependency once and a directory of symlinks
// looks like an ordinary directory of binaries.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	appcontroller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	gitaskpass "github.com/argoproj/argo-cd/v3/cmd/argocd-git-ask-pass/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kustomize "sigs.k8s.io/kustomize/kustomize/v5/commands"

	_ "k8s.io/component-base/metrics/prometheus/clientgo" // kube-* publish client-go's metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // and their version
)

func main() {
	name := filepath.Base(os.Args[0])
	parts := parts()
	run, ok := parts[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "%q is no part of the sandbox; call this binary by one of: %s\n", name, strings.Join(names(parts), ", "))
		os.Exit(2)
	}
	os.Exit(run())
}

// parts maps the name a part is called by to what runs it and returns its exit
// code. Commands are built only when run: some register flags globally.
func parts() map[string]func() int {
	return map[string]func() int{
		"etcd":                          runEtcd,
		"kube-apiserver":                kubernetes(apiserver.NewAPIServerCommand),
		"kube-controller-manager":       kubernetes(controllermanager.NewControllerManagerCommand),
		"kube-scheduler":                kubernetes(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
		"kubectl":                       kubernetes(kubectl.NewDefaultKubectlCommand),
		"kustomize":                     plain(kustomize.NewDefaultCommand),
		"argocd-application-controller": plain(appcontroller.NewCommand),
		"argocd-repo-server":            plain(reposerver.NewCommand),
		// The repo-server gives git "argocd" as its GIT_ASKPASS; nothing else
		// in a sandbox calls it by that name.
		"argocd": plain(gitaskpass.NewCommand),
	}
}

func runEtcd() int {
	etcdmain.Main(os.Args)
	return 0
}

func kubernetes(newCommand func() *cobra.Command) func() int {
	return func() int { return cli.Run(newCommand()) }
}

func plain(newCommand func() *cobra.Command) func() int {
	return func() int {
		if err := newCommand().Execute(); err != nil {
			return 1
		}
		return 0
	}
}

func names(parts map[string]func() int) []string {
	var names []string
	for name := range parts {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
