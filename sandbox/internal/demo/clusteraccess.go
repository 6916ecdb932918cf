package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/sandbox/internal/demo/console"
)

const (
	// As in examples/fleet/cluster-access.
	observerNamespace, observerSecret = "shopset-observer", "observer-token"
	// tokenLimit bounds the wait for Kubernetes to put a token into a Secret.
	tokenLimit = 30 * time.Second
)

// letObserve lets the controller see the workload clusters, as a user that may do nothing else.
func (d *demo) letObserve(ctx context.Context) error {
	edges, _, err := d.sandbox.Edges()
	if err != nil {
		return err
	}
	var sources []string
	for _, e := range edges {
		sources = append(sources, e.Cluster)
	}
	for _, cluster := range clusters() {
		folder := "examples/fleet/cluster-access/cluster"
		if slices.Contains(sources, cluster) {
			folder += "-with-edges"
		}
		if _, err := d.kubectlOn(ctx, cluster, "apply", "-k", folder); err != nil {
			return err
		}
		file, err := d.observerKubeconfig(ctx, cluster)
		if err != nil {
			return err
		}
		if _, err := d.kubectl(ctx, "-n", namespace, "create", "secret", "generic", cluster, "--from-file=kubeconfig="+file); err != nil {
			return err
		}
	}
	d.out.Event("the controller may see on each cluster where its ShopSets are entered, and nothing else")
	return nil
}

// observerKubeconfig writes a kubeconfig with the observer's token and gives its path.
func (d *demo) observerKubeconfig(ctx context.Context, cluster string) (string, error) {
	admin, err := clientcmd.LoadFromFile(d.sandbox.Dir.Kubeconfig(cluster))
	if err != nil {
		return "", fmt.Errorf("reading the kubeconfig of %s: %w", cluster, err)
	}
	token, err := d.observerToken(ctx, cluster)
	if err != nil {
		return "", err
	}
	config := clientcmdapi.NewConfig()
	config.Clusters[cluster] = admin.Clusters[admin.Contexts[admin.CurrentContext].Cluster]
	config.AuthInfos["observer"] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts[cluster] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: "observer"}
	config.CurrentContext = cluster
	file := d.sandbox.Work("observers", cluster)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", fmt.Errorf("preparing the observer's kubeconfig: %w", err)
	}
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		return "", fmt.Errorf("writing the observer's kubeconfig: %w", err)
	}
	return file, nil
}

func (d *demo) observerToken(ctx context.Context, cluster string) (string, error) {
	var secret corev1.Secret
	err := d.await(ctx, "the observer's token on "+cluster, tokenLimit, func(ctx context.Context) (string, bool, error) {
		key := client.ObjectKey{Namespace: observerNamespace, Name: observerSecret}
		if err := d.fleet.Clusters[cluster].Get(ctx, key, &secret); err != nil {
			return "", false, err
		}
		return "the Secret has none", len(secret.Data[corev1.ServiceAccountTokenKey]) > 0, nil
	})
	return string(secret.Data[corev1.ServiceAccountTokenKey]), err
}

// kubectlOn runs kubectl on a workload cluster, showing the command.
func (d *demo) kubectlOn(ctx context.Context, cluster string, args ...string) (string, error) {
	d.out.Command(console.Quoted("kubectl", append([]string{"--context", cluster}, args...)...))
	return d.sandbox.Kubectl(cluster).In(d.Root).Run(ctx, filepath.Join(d.sandbox.Parts, "kubectl"), args...)
}
