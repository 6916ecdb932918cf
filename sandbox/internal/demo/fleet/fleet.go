// Package fleet reads, from the API servers of the sandbox, how far a change has come: the
// objects of ShopSet on the management cluster, and Pods and Services on the others.
package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/sandbox/internal/demo/ladder"
)

// Fleet is one fleet and the clusters it runs on.
type Fleet struct {
	Namespace  string
	Management client.Client
	// Clusters are the workload clusters by name.
	Clusters map[string]client.Client
}

// Connect makes a client for the cluster of a kubeconfig.
func Connect(kubeconfig string) (client.Client, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading kubeconfig %s: %w", kubeconfig, err)
	}
	config.QPS, config.Burst = 200, 400
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("preparing a client: %w", err)
		}
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("connecting with kubeconfig %s: %w", kubeconfig, err)
	}
	return c, nil
}

// Tiers gives the Tiers, the lowest first.
func (f Fleet) Tiers(ctx context.Context) ([]v1alpha1.Tier, error) {
	var list v1alpha1.TierList
	if err := f.list(ctx, &list); err != nil {
		return nil, err
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.Tier) int { return cmp.Compare(a.Spec.Level, b.Spec.Level) })
	return list.Items, nil
}

// ShopSets gives the ShopSets by name.
func (f Fleet) ShopSets(ctx context.Context) ([]v1alpha1.ShopSet, error) {
	var list v1alpha1.ShopSetList
	if err := f.list(ctx, &list); err != nil {
		return nil, err
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.ShopSet) int { return cmp.Compare(a.Name, b.Name) })
	return list.Items, nil
}

// Ladder gives the Tiers with their ShopSets.
func (f Fleet) Ladder(ctx context.Context) (ladder.Ladder, error) {
	tiers, err := f.Tiers(ctx)
	if err != nil {
		return nil, err
	}
	shopSets, err := f.ShopSets(ctx)
	if err != nil {
		return nil, err
	}
	var out ladder.Ladder
	for i := range tiers {
		rung := ladder.Rung{Tier: tiers[i].Name}
		for j := range shopSets {
			if shopSets[j].Spec.Tier == rung.Tier {
				rung.ShopSets = append(rung.ShopSets, shopSets[j].Name)
			}
		}
		out = append(out, rung)
	}
	return out, nil
}

// Promotion finds the record of how a release came to a Tier, the newest if there are several.
func (f Fleet) Promotion(ctx context.Context, tier string, release v1alpha1.Release) (*v1alpha1.Promotion, error) {
	var list v1alpha1.PromotionList
	if err := f.list(ctx, &list); err != nil {
		return nil, err
	}
	var found *v1alpha1.Promotion
	for i := range list.Items {
		p := &list.Items[i]
		if p.Spec.Tier != tier || p.Status.Release == nil || *p.Status.Release != release || p.Status.PushedAt == nil {
			continue
		}
		if found == nil || found.Status.PushedAt.Before(p.Status.PushedAt) {
			found = p
		}
	}
	return found, nil
}

func (f Fleet) list(ctx context.Context, list client.ObjectList) error {
	if err := f.Management.List(ctx, list, client.InNamespace(f.Namespace)); err != nil {
		return fmt.Errorf("listing the objects of fleet %s: %w", f.Namespace, err)
	}
	return nil
}
