package render

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"shopset.dev/shopset/api/v1alpha1"
)

// ownNamespaceLabel tells the ShopSet's own namespace from those that the apps bring.
const ownNamespaceLabel = "shopset.dev/namespace"

// deleteNamespaces drops the namespaces which the apps bring: their objects move to the ShopSet's.
const deleteNamespaces = "$patch: delete\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: any\n"

// keepShared keeps what all ShopSets of a cluster share, such as a CustomResourceDefinition and so
// all objects of its kind, when the one that brings it goes away or leaves that to another.
const keepShared = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: any
  annotations:
    argocd.argoproj.io/compare-options: IgnoreExtraneous
    argocd.argoproj.io/sync-options: Prune=false,Delete=false,ServerSideApply=true
`

// replaceJobs lets a release change a Job: a Job's pod template is immutable. A Job that deleted
// itself when done would be missed, made again and run again, for ever.
const replaceJobs = `apiVersion: batch/v1
kind: Job
metadata:
  name: any
  annotations:
    argocd.argoproj.io/sync-options: Force=true,Replace=true
spec:
  ttlSecondsAfterFinished: null
`

// leaveOutShared drops what another ShopSet of the cluster brings.
func leaveOutShared() patch {
	return patch{Target: &target{Kind: shared}, Patch: "$patch: delete\napiVersion: any\nkind: any\nmetadata:\n  name: any\n"}
}

// Platform renders platform/: the Component with what ShopSet adds to every ShopSet.
// additions are further resources by file name, for example monitors, chosen by who runs the
// controller; they climb like everything else.
func Platform(set Settings, additions map[string][]byte) (Tree, error) {
	ns := map[string]string{ownNamespaceLabel: "own", "app.kubernetes.io/managed-by": "shopset"}
	maps.Copy(ns, set.NamespaceLabels)
	parts := map[string]any{
		SettingsPath: set,
		"namespace.yaml": map[string]any{
			"apiVersion": "v1", "kind": "Namespace",
			"metadata": map[string]any{"name": "shopset", "labels": ns},
		},
	}
	k := kustomization{
		APIVersion: "kustomize.config.k8s.io/v1alpha1", Kind: "Component",
		Resources: []string{"namespace.yaml"},
		Labels: []labels{{
			Pairs: map[string]string{"app.kubernetes.io/managed-by": "shopset"},
		}},
		Patches: []patch{
			{Target: &target{Kind: shared}, Patch: keepShared},
			{Target: &target{Kind: "Job"}, Patch: replaceJobs},
		},
	}
	if set.Namespaces != v1alpha1.NamespaceKeep {
		k.Patches = append(k.Patches, patch{
			Target: &target{Kind: "Namespace", LabelSelector: ownNamespaceLabel + "!=own"},
			Patch:  deleteNamespaces,
		})
	}
	t := Tree{}
	for _, name := range slices.Sorted(maps.Keys(additions)) {
		if path.Base(name) != name || !strings.HasSuffix(name, ".yaml") || parts[name] != nil || name == "kustomization.yaml" {
			return nil, fmt.Errorf("adding %q to platform/: the name must be a new file name ending in .yaml", name)
		}
		k.Resources = append(k.Resources, name)
		f, err := sealed("the controller's platform additions", string(additions[name]), additions[name])
		if err != nil {
			return nil, err
		}
		t[name] = f
	}
	parts["kustomization.yaml"] = k
	return t, addSealed(t, "the Fleet and the version of ShopSet", parts)
}

// Configurations renders configurations/: one Component per Configuration.
func Configurations(list []v1alpha1.Configuration) (Tree, error) {
	t := Tree{}
	readme, err := sealed("the Configuration objects", "", []byte("# One kustomize Component per Configuration. A change enters at the lowest tier and climbs.\n"))
	if err != nil {
		return nil, err
	}
	t["README"] = readme
	for i := range list {
		c := &list[i]
		body, err := marshal(component(c))
		if err != nil {
			return nil, fmt.Errorf("rendering Configuration %q: %w", c.Name, err)
		}
		f, err := sealed("Configuration "+c.Name, c.Spec, body)
		if err != nil {
			return nil, err
		}
		t[path.Join(c.Name, "kustomization.yaml")] = f
	}
	return t, nil
}

func component(c *v1alpha1.Configuration) kustomization {
	k := kustomization{APIVersion: "kustomize.config.k8s.io/v1alpha1", Kind: "Component", GeneratorOptions: &generator{}}
	for _, l := range c.Spec.Literals {
		m := configMap{Name: l.ConfigMap, Behavior: "merge"}
		for _, key := range slices.Sorted(maps.Keys(l.Values)) {
			m.Literals = append(m.Literals, key+"="+l.Values[key])
		}
		k.ConfigMapGenerator = append(k.ConfigMapGenerator, m)
	}
	for _, p := range c.Spec.Patches {
		k.Patches = append(k.Patches, patch{Target: (*target)(p.Target), Patch: p.Patch})
	}
	for _, e := range c.Spec.SecretEnv {
		k.Patches = append(k.Patches, secretEnv(e))
	}
	return k
}

func secretEnv(e v1alpha1.SecretEnv) patch {
	kind := e.Kind
	if kind == "" {
		kind = "Deployment"
	}
	return patch{
		Target: &target{Kind: kind, Name: e.Workload},
		Patch: fmt.Sprintf("apiVersion: apps/v1\nkind: %s\nmetadata:\n  name: %s\nspec:\n  template:\n    spec:\n"+
			"      containers:\n      - name: %s\n        env:\n        - name: %s\n          valueFrom:\n"+
			"            secretKeyRef:\n              name: %q\n              key: %q\n",
			kind, e.Workload, e.Container, e.Env, e.Secret, e.Key),
	}
}

// addSealed marshals parts and adds them to a tree.
func addSealed(t Tree, source string, parts map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		body, err := marshal(parts[name])
		if err != nil {
			return fmt.Errorf("rendering %s: %w", name, err)
		}
		if t[name], err = sealed(source, parts[name], body); err != nil {
			return err
		}
	}
	return nil
}
