package render

import (
	"bytes"
	"fmt"
	"path"

	"go.yaml.in/yaml/v3"

	"shopset.dev/shopset/api/v1alpha1"
)

// Settings are what every overlay of a tier shares.
type Settings struct {
	// Path of the kustomization in the apps repository; empty means its root.
	Path string `json:"path,omitempty" yaml:"path,omitempty"`
	// Namespaces is what becomes of the namespaces that the apps name.
	Namespaces v1alpha1.NamespacePolicy `json:"namespaces" yaml:"namespaces"`
	// NamespaceLabels are put on every ShopSet's namespace.
	NamespaceLabels map[string]string `json:"namespaceLabels,omitempty" yaml:"namespaceLabels,omitempty"`
}

// SettingsPath is where the settings are, inside platform/.
const SettingsPath = "settings.yaml"

// SettingsOf takes the settings out of a Fleet.
func SettingsOf(f *v1alpha1.Fleet) Settings {
	ns := f.Spec.Apps.Namespaces
	if ns == "" {
		ns = v1alpha1.NamespacePerShopSet
	}
	return Settings{Path: f.Spec.Apps.Path, Namespaces: ns, NamespaceLabels: f.Spec.NamespaceLabels}
}

// ParseSettings reads what Settings wrote.
func ParseSettings(content []byte) (Settings, error) {
	var s Settings
	d := yaml.NewDecoder(bytes.NewReader(content))
	d.KnownFields(true)
	if err := d.Decode(&s); err != nil {
		return Settings{}, fmt.Errorf("reading platform/%s: %w", SettingsPath, err)
	}
	return s, nil
}

// OverlayPath is where a ShopSet's overlay is in its tier's branch.
func OverlayPath(shopSet string) string {
	return path.Join("overlays", shopSet, "kustomization.yaml")
}

// clusterScoped are the kinds outside of namespaces which an application may bring and of which
// every ShopSet needs its own, so that two ShopSets fit on one cluster. Kustomize renames what
// refers to them.
var clusterScoped = []string{
	"ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration", "PersistentVolume", "PriorityClass", "StorageClass",
	"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
}

// shared are the kinds, as a regular expression, which all ShopSets of a cluster share: their
// names are not free, or are referred to where kustomize does not look.
const shared = "CustomResourceDefinition|IngressClass|RuntimeClass"

// sharedLabels take the ShopSet's labels off what all ShopSets of a cluster share: they must not
// quarrel about whose it is.
const sharedLabels = `apiVersion: builtin
kind: PatchTransformer
metadata:
  name: shared
target:
  kind: ` + shared + `
patch: |-
  - op: remove
    path: /metadata/labels/shopset.dev~1shopset
`

// Overlay renders one ShopSet, in its namespace: nothing but what is particular to it.
func Overlay(s *v1alpha1.ShopSet, ns string, set Settings) (File, error) {
	k := kustomization{
		APIVersion: "kustomize.config.k8s.io/v1beta1",
		Kind:       "Kustomization",
		Resources:  []string{path.Join("../../base", set.Path)},
		Components: []string{"../../configurations/" + s.Spec.Configuration, "../../platform"},
		Labels: []labels{{
			Pairs:            map[string]string{v1alpha1.LabelShopSet: s.Name},
			IncludeTemplates: true,
		}},
		Transformers: []string{sharedLabels},
	}
	if set.Namespaces == v1alpha1.NamespaceKeep {
		k.Patches = []patch{ownNamespace(ns)}
		k.Transformers = append(k.Transformers, unsetNamespaces(ns))
	} else {
		k.Namespace = ns
		k.Transformers = append(k.Transformers, ownNames(ns))
	}
	for _, r := range s.Spec.Scale {
		k.Replicas = append(k.Replicas, replicas{Name: r.Name, Count: r.Count})
	}
	body, err := marshal(k)
	if err != nil {
		return File{}, fmt.Errorf("rendering the overlay of ShopSet %q: %w", s.Name, err)
	}
	return sealed(fmt.Sprintf("ShopSet %s", s.Name), overlayInput{
		Name: s.Name, Namespace: ns, Configuration: s.Spec.Configuration, Scale: s.Spec.Scale,
	}, body)
}

// overlayInput is what of a ShopSet its overlay depends on. Settings are not in it: they climb.
type overlayInput struct {
	Name, Namespace, Configuration string
	Scale                          []v1alpha1.Replicas
}

// ownNames ends names with the namespace, which nobody else has on the cluster, in no fleet.
func ownNames(ns string) string {
	t := "apiVersion: builtin\nkind: SuffixTransformer\nmetadata:\n  name: own-names\nsuffix: -" + ns + "\nfieldSpecs:\n"
	for _, kind := range clusterScoped {
		t += "- kind: " + kind + "\n  path: metadata/name\n"
	}
	return t
}

func unsetNamespaces(ns string) string {
	return "apiVersion: builtin\nkind: NamespaceTransformer\nmetadata:\n  name: unset-namespaces\n  namespace: " + ns +
		"\nunsetOnly: true\n"
}

func ownNamespace(ns string) patch {
	return patch{
		Target:  &target{Kind: "Namespace", LabelSelector: ownNamespaceLabel + "=own"},
		Patch:   "- op: replace\n  path: /metadata/name\n  value: " + ns + "\n",
		Options: map[string]bool{"allowNameChange": true},
	}
}
