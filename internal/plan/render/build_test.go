package render_test

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/plan/render"
)

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web:1, envFrom: [{configMapRef: {name: environment}}]}]}
`

const twoNamespaces = `apiVersion: v1
kind: Namespace
metadata: {name: front}
---
apiVersion: v1
kind: Namespace
metadata: {name: data}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: front}
spec: {ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: data}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: db:1}]}
`

// helmRendered is what `helm template` prints: hard-coded namespace, hooks, cluster-wide rights.
const helmRendered = `---
# Source: web/templates/rbac.yaml
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: release, labels: {helm.sh/chart: web-1.0.0}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: web}
rules: [{apiGroups: [""], resources: [nodes], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: web}
subjects: [{kind: ServiceAccount, name: web, namespace: release}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, namespace: release, annotations: {helm.sh/hook: pre-upgrade}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: m:1}]}}}
`

const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: carts.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Cart, plural: carts}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
---
apiVersion: example.com/v1
kind: Cart
metadata: {name: default}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: edge}
spec: {controller: example.com/edge}
`

const stateful = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: example.com/disk
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high}
value: 1000
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {priorityClassName: high, containers: [{name: db, image: db:1}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {storageClassName: fast, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`

func kustomize(resources ...string) string {
	return "resources: [" + strings.Join(resources, ", ") + "]\n"
}

// TestOverlayBuilds renders an overlay for applications of many shapes and builds it with kustomize.
func TestOverlayBuilds(t *testing.T) {
	withMap := func(resources ...string) string {
		return kustomize(resources...) + "configMapGenerator: [{name: environment, literals: [ENVIRONMENT=none, KEEP=1]}]\n"
	}
	tests := map[string]struct {
		files map[string]string
		fleet v1alpha1.FleetSpec
		cfg   v1alpha1.ConfigurationSpec
		scale []v1alpha1.Replicas
		want  []string // kind namespace/name of every object
	}{
		"one Deployment with a generated ConfigMap, merged and scaled": {
			files: map[string]string{"kustomization.yaml": withMap("web.yaml"), "web.yaml": deployment},
			cfg: v1alpha1.ConfigurationSpec{
				Literals:  []v1alpha1.Literals{{ConfigMap: "environment", Values: map[string]string{"ENVIRONMENT": "production"}}},
				SecretEnv: []v1alpha1.SecretEnv{{Workload: "web", Container: "web", Env: "DB", Secret: "db", Key: "url"}},
			},
			scale: []v1alpha1.Replicas{{Name: "web", Count: 3}},
			want:  []string{"ConfigMap a-1/environment-*", "Deployment a-1/web", "Namespace /a-1"},
		},
		"nested bases below a path that is not the root": {
			files: map[string]string{
				"deploy/all/kustomization.yaml": kustomize("../web", "../db"),
				"deploy/web/kustomization.yaml": withMap("web.yaml"), "deploy/web/web.yaml": deployment,
				"deploy/db/kustomization.yaml": kustomize("db.yaml"), "deploy/db/db.yaml": strings.ReplaceAll(deployment, "web", "db"),
			},
			fleet: v1alpha1.FleetSpec{Apps: v1alpha1.AppsRepository{Path: "deploy/all"}},
			want:  []string{"ConfigMap a-1/environment-*", "Deployment a-1/db", "Deployment a-1/web", "Namespace /a-1"},
		},
		"its own two namespaces become the ShopSet's": {
			files: map[string]string{"kustomization.yaml": kustomize("all.yaml"), "all.yaml": twoNamespaces},
			want:  []string{"Namespace /a-1", "Service a-1/web", "StatefulSet a-1/db"},
		},
		"its own two namespaces are kept where the Fleet says so": {
			files: map[string]string{"kustomization.yaml": kustomize("all.yaml", "web.yaml"), "all.yaml": twoNamespaces, "web.yaml": deployment},
			fleet: v1alpha1.FleetSpec{Apps: v1alpha1.AppsRepository{Namespaces: v1alpha1.NamespaceKeep}},
			want: []string{"Deployment a-1/web", "Namespace /a-1", "Namespace /data", "Namespace /front",
				"Service front/web", "StatefulSet data/db"},
		},
		"Helm's output: hooks, a hard-coded namespace, cluster-wide rights get names of their own": {
			files: map[string]string{"kustomization.yaml": kustomize("all.yaml"), "all.yaml": helmRendered},
			want: []string{"ClusterRole /web-a-1", "ClusterRoleBinding /web-a-1", "Job a-1/migrate", "Namespace /a-1",
				"ServiceAccount a-1/web"},
		},
		"its own definitions and objects of them": {
			files: map[string]string{"kustomization.yaml": kustomize("crd.yaml"), "crd.yaml": definition},
			want: []string{"Cart a-1/default", "CustomResourceDefinition /carts.example.com", "IngressClass /edge",
				"Namespace /a-1"},
		},
		"what a cluster has once and what refers to it get names of their own": {
			files: map[string]string{"kustomization.yaml": kustomize("db.yaml"), "db.yaml": stateful},
			want:  []string{"Namespace /a-1", "PriorityClass /high-a-1", "StatefulSet a-1/db", "StorageClass /fast-a-1"},
		},
		"a kustomization of another name, without apiVersion": {
			files: map[string]string{"kustomization.yml": "kind: Kustomization\n" + withMap("web.yaml"), "web.yaml": deployment},
			want:  []string{"ConfigMap a-1/environment-*", "Deployment a-1/web", "Namespace /a-1"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			m := build(t, tc.files, tc.fleet, tc.cfg, tc.scale, nil)
			if diff := cmp.Diff(tc.want, listed(m)); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
			for _, r := range m.Resources() {
				shared := r.GetKind() == "CustomResourceDefinition" || r.GetKind() == "IngressClass"
				if got := r.GetLabels()[v1alpha1.LabelShopSet]; (got == "a-1") == shared {
					t.Errorf("%s: label of the ShopSet is %q", r.CurId(), got)
				}
			}
		})
	}
}

// TestConfigurationReachesThePods checks that a Configuration's three means really arrive.
func TestConfigurationReachesThePods(t *testing.T) {
	m := build(t, map[string]string{
		"kustomization.yaml": kustomize("web.yaml") + "configMapGenerator: [{name: environment, literals: [ENVIRONMENT=none, KEEP=1]}]\n",
		"web.yaml":           deployment,
	}, v1alpha1.FleetSpec{}, v1alpha1.ConfigurationSpec{
		Literals:  []v1alpha1.Literals{{ConfigMap: "environment", Values: map[string]string{"ENVIRONMENT": "production"}}},
		SecretEnv: []v1alpha1.SecretEnv{{Workload: "web", Container: "web", Env: "DB", Secret: "db", Key: "url"}},
		Patches: []v1alpha1.Patch{{
			Target: &v1alpha1.PatchTarget{Kind: "Deployment"},
			Patch:  "- op: add\n  path: /metadata/annotations\n  value: {world: production}\n",
		}},
	}, []v1alpha1.Replicas{{Name: "web", Count: 3}}, map[string][]byte{
		"monitor.yaml": []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: monitor}\n"),
	})
	yaml, err := m.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ENVIRONMENT: production", "KEEP: \"1\"", "replicas: 3", "world: production", "key: url", "name: monitor",
		"app.kubernetes.io/managed-by: shopset"} {
		if !strings.Contains(string(yaml), want) {
			t.Errorf("the built overlay lacks %q:\n%s", want, yaml)
		}
	}
}

// TestReleasesThatFollowEachOther looks at what decides whether a second release can be applied over
// the first: immutable fields stay, Jobs are replaced and never run again by themselves.
func TestReleasesThatFollowEachOther(t *testing.T) {
	job := "apiVersion: batch/v1\nkind: Job\nmetadata: {name: report}\nspec: {ttlSecondsAfterFinished: 5, backoffLimit: 1, " +
		"template: {spec: {restartPolicy: Never, containers: [{name: r, image: r:1}]}}}\n"
	built := func(release string) string {
		t.Helper()
		m := build(t, map[string]string{"kustomization.yaml": kustomize("db.yaml", "job.yaml"),
			"db.yaml": strings.ReplaceAll(stateful, "db:1", release), "job.yaml": job}, v1alpha1.FleetSpec{}, v1alpha1.ConfigurationSpec{}, nil, nil)
		out, err := m.AsYaml()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	first, second := built("db:1"), built("db:2")
	if diff := cmp.Diff(strings.ReplaceAll(first, "db:1", "db:2"), second); diff != "" {
		t.Errorf("more than the image has changed (-want +got):\n%s", diff)
	}
	for _, want := range []string{"storageClassName: fast-a-1", "priorityClassName: high-a-1", "sync-options: Force=true,Replace=true", "backoffLimit: 1"} {
		if !strings.Contains(first, want) {
			t.Errorf("the built overlay lacks %q:\n%s", want, first)
		}
	}
	if strings.Contains(first, "ttlSecondsAfterFinished") {
		t.Errorf("a Job would delete itself, and be made and run again:\n%s", first)
	}
}

// TestArgoCDLeavesOutWhatAnotherBrings builds an overlay as Argo CD does for a ShopSet whose
// Application brings nothing shared: with the Application's patches added to the overlay's own.
func TestArgoCDLeavesOutWhatAnotherBrings(t *testing.T) {
	f := &v1alpha1.Fleet{Spec: v1alpha1.FleetSpec{BranchPrefix: "tier-"}}
	s := &v1alpha1.ShopSet{ObjectMeta: metav1.ObjectMeta{Name: "a-1"}, Spec: v1alpha1.ShopSetSpec{Tier: "prod", Configuration: "production", Cluster: "a"}}
	file, err := render.Application(f, s, &v1alpha1.Tier{}, &v1alpha1.WorkloadCluster{ObjectMeta: metav1.ObjectMeta{Name: "a"}}, false)
	if err != nil {
		t.Fatal(err)
	}
	var app struct {
		Spec struct {
			Source struct {
				Kustomize struct {
					Patches []any `json:"patches"`
				} `json:"kustomize"`
			} `json:"source"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(file.Body, &app); err != nil {
		t.Fatal(err)
	}
	patches, err := yaml.Marshal(map[string]any{"patches": app.Spec.Source.Kustomize.Patches})
	if err != nil {
		t.Fatal(err)
	}
	m := build(t, map[string]string{"kustomization.yaml": kustomize("crd.yaml") + string(patches), "crd.yaml": definition},
		v1alpha1.FleetSpec{}, v1alpha1.ConfigurationSpec{}, nil, nil)
	if diff := cmp.Diff([]string{"Cart a-1/default", "Namespace /a-1"}, listed(m)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	withoutAny := build(t, map[string]string{"kustomization.yaml": kustomize("web.yaml") + string(patches), "web.yaml": deployment},
		v1alpha1.FleetSpec{}, v1alpha1.ConfigurationSpec{}, nil, nil)
	if diff := cmp.Diff([]string{"Deployment a-1/web", "Namespace /a-1"}, listed(withoutAny)); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

func TestMissingMergeTargetIsAnError(t *testing.T) {
	_, err := tryBuild(map[string]string{"kustomization.yaml": kustomize("web.yaml"), "web.yaml": deployment},
		v1alpha1.FleetSpec{}, v1alpha1.ConfigurationSpec{
			Literals: []v1alpha1.Literals{{ConfigMap: "nowhere", Values: map[string]string{"A": "1"}}},
		}, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("want an error that names the ConfigMap, got %v", err)
	}
}

func build(t *testing.T, files map[string]string, fleet v1alpha1.FleetSpec, cfg v1alpha1.ConfigurationSpec,
	scale []v1alpha1.Replicas, additions map[string][]byte,
) resmap.ResMap {
	t.Helper()
	m, err := tryBuild(files, fleet, cfg, scale, additions)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// tryBuild lays a tier branch out in memory, the apps as base, and builds one ShopSet's overlay.
func tryBuild(files map[string]string, fleet v1alpha1.FleetSpec, cfg v1alpha1.ConfigurationSpec,
	scale []v1alpha1.Replicas, additions map[string][]byte,
) (resmap.ResMap, error) {
	fs := filesys.MakeFsInMemory()
	for p, content := range files {
		if err := fs.WriteFile(path.Join("/base", p), []byte(content)); err != nil {
			return nil, err
		}
	}
	f := &v1alpha1.Fleet{Spec: fleet}
	set := render.SettingsOf(f)
	platform, err := render.Platform(set, additions)
	if err != nil {
		return nil, err
	}
	configurations, err := render.Configurations([]v1alpha1.Configuration{{ObjectMeta: metav1.ObjectMeta{Name: "production"}, Spec: cfg}})
	if err != nil {
		return nil, err
	}
	ss := &v1alpha1.ShopSet{ObjectMeta: metav1.ObjectMeta{Name: "a-1"}, Spec: v1alpha1.ShopSetSpec{
		Tier: "prod", Configuration: "production", Cluster: "cluster-a", Scale: scale}}
	overlay, err := render.Overlay(ss, "a-1", set)
	if err != nil {
		return nil, err
	}
	for dir, tree := range map[string]render.Tree{
		"/platform": platform, "/configurations": configurations, "/": {render.OverlayPath("a-1"): overlay},
	} {
		for p, file := range tree {
			if err := fs.WriteFile(path.Join(dir, p), file.Body); err != nil {
				return nil, err
			}
		}
	}
	return krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fs, "/overlays/a-1")
}

func listed(m resmap.ResMap) []string {
	seen := map[string]bool{}
	for _, r := range m.Resources() {
		name := r.GetName()
		if strings.HasPrefix(name, "environment-") {
			name = "environment-*"
		}
		seen[r.GetKind()+" "+r.GetNamespace()+"/"+name] = true
	}
	return slices.Sorted(maps.Keys(seen))
}
