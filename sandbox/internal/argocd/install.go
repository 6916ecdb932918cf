package argocd

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/sandbox/internal/controlplane"
)

const (
	fieldOwner = client.FieldOwner("shopset-sandbox")
)

// Install puts Argo CD's definitions, configuration and credentials on the
// management cluster. It is repeatable, and takes back what others changed in
// the fields it sets.
func (a ArgoCD) Install(ctx context.Context, clk clock.Clock) error {
	config, err := clientcmd.BuildConfigFromFlags("", a.Management.DirectKubeconfig())
	if err != nil {
		return fmt.Errorf("installing Argo CD: %w", err)
	}
	config.QPS, config.Burst = 100, 200
	api, err := client.New(config, client.Options{})
	if err != nil {
		return fmt.Errorf("installing Argo CD: %w", err)
	}
	definitions, configuration, err := shipped(a.Management.Parts, a.SandboxID)
	if err != nil {
		return err
	}
	credentials, err := a.credentials()
	if err != nil {
		return err
	}
	if err := apply(ctx, api, append(definitions, namespace())); err != nil {
		return err
	}
	if err := apply(ctx, api, append(configuration, credentials...)); err != nil {
		return err
	}
	for _, definition := range definitions {
		if err := waitEstablished(ctx, api, clk, definition.GetName()); err != nil {
			return err
		}
	}
	return applyProject(ctx, api, clk)
}

// applyProject waits until discovery knows the kind: an established definition
// is served a moment before it is listed.
func applyProject(ctx context.Context, api client.Client, clk clock.Clock) error {
	var refused error
	waited := controlplane.Poll(ctx, clk, "default AppProject", func(ctx context.Context) error {
		err := apply(ctx, api, []*unstructured.Unstructured{project()})
		if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
			return err
		}
		refused = err
		return nil
	})
	return errors.Join(waited, refused)
}

func (a ArgoCD) credentials() ([]*unstructured.Unstructured, error) {
	credentials := []*unstructured.Unstructured{repositoryCredentials(a.Git.URL(), a.Git.Username, a.GitPassword)}
	for _, cluster := range a.Workload {
		secret, err := clusterSecret(cluster)
		if err != nil {
			return nil, err
		}
		credentials = append(credentials, secret)
	}
	return credentials, nil
}

func apply(ctx context.Context, api client.Client, objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		configuration := client.ApplyConfigurationFromUnstructured(object)
		if err := api.Apply(ctx, configuration, fieldOwner, client.ForceOwnership); err != nil {
			return fmt.Errorf("installing Argo CD: applying %s %q: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// waitEstablished waits until the API server serves a custom resource.
func waitEstablished(ctx context.Context, api client.Client, clk clock.Clock, name string) error {
	definition := object("apiextensions.k8s.io/v1", crdKind, "", name, nil)
	return controlplane.Poll(ctx, clk, "custom resource "+name, func(ctx context.Context) error {
		if err := api.Get(ctx, client.ObjectKeyFromObject(definition), definition); err != nil {
			return err
		}
		conditions, _, _ := unstructured.NestedSlice(definition.Object, "status", "conditions")
		for _, c := range conditions {
			if c, ok := c.(map[string]any); ok && c["type"] == "Established" && c["status"] == "True" {
				return nil
			}
		}
		return errors.New("not established yet")
	})
}
