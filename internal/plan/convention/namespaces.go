package convention

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"shopset.dev/shopset/api/v1alpha1"
)

// namespaces checks where the ShopSets live on their clusters.
func namespaces(o Objects) []Finding {
	fleet, _ := EffectiveFleet(o.Fleets)
	type place struct{ cluster, namespace string }
	first := make(map[place]string, len(o.ShopSets))
	var found []Finding
	for _, s := range o.ShopSets {
		field, namespace := "spec.namespace", EffectiveNamespace(fleet.Spec, s)
		if s.Spec.Namespace == "" {
			field = "metadata.name"
		}
		if f, bad := badNamespace(fleet.Spec, s.Name, field, namespace); bad {
			found = append(found, f)
		}
		here := place{s.Spec.Cluster, namespace}
		older, taken := first[here]
		if !taken {
			first[here] = s.Name
			continue
		}
		found = append(found, newFinding(KindShopSet, s.Name, field, CodeNamespaceTaken,
			fmt.Sprintf("namespace %s on cluster %s belongs to the older ShopSet %s", namespace, s.Spec.Cluster, older),
			"create the ShopSet under another name, with another spec.namespace or on another cluster"))
	}
	return found
}

func badNamespace(fleet v1alpha1.FleetSpec, shopSet, field, namespace string) (Finding, bool) {
	if len(namespace) > validation.DNS1123LabelMaxLength {
		return newFinding(KindShopSet, shopSet, field, CodeNamespaceInvalid,
			fmt.Sprintf("namespace %s has %d characters, and %d are allowed",
				namespace, len(namespace), validation.DNS1123LabelMaxLength),
			"create the ShopSet with a shorter name or a spec.namespace"), true
	}
	if reserved(fleet, namespace) {
		return newFinding(KindShopSet, shopSet, field, CodeNamespaceInvalid,
			fmt.Sprintf("namespace %s belongs to the system", namespace),
			"create the ShopSet with another name or another spec.namespace"), true
	}
	return Finding{}, false
}

// reserved names are those of Kubernetes, Argo CD and ShopSet itself: an Application that
// prunes must never own one of them.
func reserved(fleet v1alpha1.FleetSpec, namespace string) bool {
	switch namespace {
	case "default", "argocd", "shopset-system", fleet.ArgoCD.Namespace:
		return true
	}
	return strings.HasPrefix(namespace, "kube-")
}

// keptNamespaces holds fleets whose apps name their own namespaces to one ShopSet a cluster.
func keptNamespaces(o Objects) []Finding {
	fleet, ok := EffectiveFleet(o.Fleets)
	if !ok || fleet.Spec.Apps.Namespaces != v1alpha1.NamespaceKeep {
		return nil
	}
	first := make(map[string]string, len(o.ShopSets))
	var found []Finding
	for _, s := range o.ShopSets {
		older, taken := first[s.Spec.Cluster]
		if !taken {
			first[s.Spec.Cluster] = s.Name
			continue
		}
		found = append(found, newFinding(KindShopSet, s.Name, "spec.cluster", CodeClusterTaken,
			fmt.Sprintf("Fleet %s keeps the namespaces of its apps (spec.apps.namespaces: Keep), "+
				"so they fit once on cluster %s, and ShopSet %s is there", fleet.Name, s.Spec.Cluster, older),
			"create the ShopSet on another cluster, or let the Fleet use PerShopSet"))
	}
	return found
}
