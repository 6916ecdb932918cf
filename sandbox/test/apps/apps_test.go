package apps

import (
	"fmt"
	"strings"
	"testing"

	"shopset.dev/shopset/api/v1alpha1"
)

// deployment of one container; image is that of its release.
func deployment(name, image string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s}
spec:
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {containers: [{name: %[1]s, image: %[2]q}]}
`, name, image)
}

func service(name string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata: {name: %[1]s}\nspec: {selector: {app: %[1]s}, ports: [{port: 80}]}\n", name)
}

const image = ".spec.template.spec.containers[0].image"

// TestNested has components in nested bases, below a path, with all that kustomize offers, on
// three tiers with gaps and with a branch prefix of its own.
func TestNested(t *testing.T) {
	all1 := `kind: Kustomization
resources: [../web, ../api]
images: [{name: shop/web, newTag: "%s"}]
configMapGenerator: [{name: environment, literals: [GREETING=%s, WORLD=none]}]
replacements:
- source: {kind: ConfigMap, name: environment, fieldPath: data.GREETING}
  targets: [{select: {kind: Deployment, name: web}, fieldPaths: [metadata.annotations.greeting]}]
patches:
- target: {kind: Deployment, name: api}
  patch: |-
    - {op: replace, path: /spec/replicas, value: 2}
`
	web := strings.Replace(deployment("web", "shop/web:none"), "metadata: {name: web}", "metadata: {name: web, annotations: {greeting: none}}", 1)
	web = strings.Replace(web, `image: "shop/web:none"`, `image: "shop/web:none", envFrom: [{configMapRef: {name: environment}}]`, 1)
	application{
		plan: plan{name: "nested", levels: []int32{0, 10, 20},
			change: func(s *v1alpha1.FleetSpec) { s.BranchPrefix, s.Apps.Path = "env/", "deploy/all" },
			configuration: v1alpha1.ConfigurationSpec{
				Literals: []v1alpha1.Literals{{ConfigMap: "environment", Values: map[string]string{"WORLD": "production"}}},
			}},
		first: map[string]string{
			"deploy/all/kustomization.yml":            fmt.Sprintf(all1, "v1", "hello"),
			"deploy/web/Kustomization":                "resources: [web.yaml, ../parts/service]\nnamePrefix: \"\"\n",
			"deploy/web/web.yaml":                     web,
			"deploy/parts/service/service.yaml":       service("web"),
			"deploy/parts/service/kustomization.yaml": "kind: Kustomization\nresources: [service.yaml]\n",
			"deploy/api/kustomization.yaml":           "resources: [api.yaml]\ncomponents: [extra]\n",
			"deploy/api/api.yaml":                     strings.Replace(deployment("api", "shop/api:v1"), "spec:\n  selector", "spec:\n  replicas: 1\n  selector", 1),
			"deploy/api/extra/kustomization.yaml":     "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {extra: \"yes\"}\n",
		},
		second: map[string]string{"deploy/all/kustomization.yml": fmt.Sprintf(all1, "v2", "welcome")},
		then: all(map[string]map[string]string{
			"apps/v1/Deployment/web": {image: "shop/web:v1", ".metadata.annotations.greeting": "hello", ".status.readyReplicas": "1"},
			"apps/v1/Deployment/api": {".spec.replicas": "2", ".metadata.annotations.extra": "yes", ".status.readyReplicas": "2"},
			"/v1/Service/web":        {".spec.ports[0].port": "80"},
		}),
		finally: all(map[string]map[string]string{
			"apps/v1/Deployment/web": {image: "shop/web:v2", ".metadata.annotations.greeting": "welcome", ".status.readyReplicas": "1",
				`.spec.template.metadata.labels.shopset\.dev/shopset`: "SHOPSET"},
		}),
	}.climbs(t)
}

const ownNamespaces = `apiVersion: v1
kind: Namespace
metadata: {name: front}
---
apiVersion: v1
kind: Namespace
metadata: {name: data}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: front}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: data}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: data}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: web, namespace: front}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: data}
data: {release: "%s"}
`

// TestOwnNamespace brings one Namespace object, of the same name as everywhere, and its repository
// is far from the system repository on the same server.
func TestOwnNamespace(t *testing.T) {
	files := func(tag string) map[string]string {
		return map[string]string{"all.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n" + deployment("web", "shop/web:"+tag)}
	}
	first := files("v1")
	first["kustomization.yaml"] = "namespace: shop\nresources: [all.yaml]\n"
	repository := sandboxRemote(t, "group/sub/far/apps")
	application{
		plan:    plan{name: "own-namespace", apps: &repository, change: func(s *v1alpha1.FleetSpec) { s.NamespaceLabels = map[string]string{"team": "shop"} }},
		first:   first,
		second:  files("v2"),
		then:    all(map[string]map[string]string{"apps/v1/Deployment/web": {image: "shop/web:v1"}, "./v1/Namespace/NS": {".metadata.labels.team": "shop"}}),
		finally: all(map[string]map[string]string{"apps/v1/Deployment/web": {image: "shop/web:v2"}}),
	}.climbs(t)
}

// TestOwnNamespaces brings two; what is in them meets in the ShopSet's own.
func TestOwnNamespaces(t *testing.T) {
	subject := map[string]string{".subjects[0].namespace": "NS"}
	application{
		plan:    plan{name: "own-namespaces"},
		first:   map[string]string{"kustomization.yaml": "resources: [all.yaml]\n", "all.yaml": fmt.Sprintf(ownNamespaces, "one")},
		second:  map[string]string{"all.yaml": fmt.Sprintf(ownNamespaces, "two")},
		then:    all(map[string]map[string]string{"/v1/ConfigMap/settings": {".data.release": "one"}, "rbac.authorization.k8s.io/v1/RoleBinding/reader": subject}),
		finally: all(map[string]map[string]string{"/v1/ConfigMap/settings": {".data.release": "two"}}),
	}.climbs(t)
}

// TestMoved moves the kustomization to another folder, and the Fleet's path with it.
func TestMoved(t *testing.T) {
	application{
		plan:  plan{name: "moved", change: func(s *v1alpha1.FleetSpec) { s.Apps.Path = "old" }},
		first: map[string]string{"old/kustomization.yaml": "resources: [web.yaml]\n", "old/web.yaml": deployment("web", "shop/web:v1")},
		second: map[string]string{
			"old/kustomization.yaml": "", "old/web.yaml": "",
			"new/place/kustomization.yaml": "resources: [web.yaml]\n", "new/place/web.yaml": deployment("web", "shop/web:v2"),
		},
		moved:   func(s *v1alpha1.FleetSpec) { s.Apps.Path = "new/place" },
		then:    all(map[string]map[string]string{"apps/v1/Deployment/web": {image: "shop/web:v1"}}),
		finally: all(map[string]map[string]string{"apps/v1/Deployment/web": {image: "shop/web:v2"}}),
	}.climbs(t)
}

// TestKeep leaves objects in the namespaces that the apps name, once on each of two clusters.
func TestKeep(t *testing.T) {
	set := func(tier, cluster string) v1alpha1.ShopSetSpec {
		return v1alpha1.ShopSetSpec{Tier: tier, Configuration: "main", Cluster: cluster}
	}
	files := func(release string) map[string]string {
		return map[string]string{"all.yaml": fmt.Sprintf(ownNamespaces, release), "web.yaml": deployment("web", "shop/web:"+release)}
	}
	kept := func(release string) check {
		return func(c cluster) error {
			in := func(namespace string) cluster { return cluster{c.t, c.client, namespace, c.shopSet} }
			if err := in("data").look("/v1/ConfigMap/settings", map[string]string{".data.release": release}); err != nil {
				return err
			}
			if err := in("data").look("rbac.authorization.k8s.io/v1/RoleBinding/reader", map[string]string{".subjects[0].namespace": "front"}); err != nil {
				return err
			}
			return c.look("apps/v1/Deployment/web", map[string]string{image: "shop/web:" + release})
		}
	}
	first := files("one")
	first["kustomization.yaml"] = "resources: [all.yaml, web.yaml]\n"
	application{
		plan: plan{name: "keep", shopSets: map[string]v1alpha1.ShopSetSpec{"s0": set("t0", workload), "s1": set("t1", otherCluster)},
			change: func(s *v1alpha1.FleetSpec) { s.Apps.Namespaces = v1alpha1.NamespaceKeep }},
		first: first, second: files("two"), then: kept("one"), finally: kept("two"),
	}.climbs(t)
}

// TestPrivate has two private repositories on two servers, each written by a user of its own. Argo
// CD and people read both with one user: Git has one for a repository and its submodules.
func TestPrivate(t *testing.T) {
	reader := account{"argo", "reads-all"}
	apps := ownRemote(t, "web/shop/apps", account{"apps-writer", "one"}, reader)
	system := ownRemote(t, "platform/system", account{"system-writer", "two"}, reader)
	argoCredentials(t, "private", reader, apps.url, system.url)
	application{
		plan:    plan{name: "private", apps: &apps, system: &system, person: &reader},
		first:   map[string]string{"kustomization.yaml": "resources: [web.yaml]\n", "web.yaml": deployment("web", "shop/web:v1")},
		second:  map[string]string{"web.yaml": deployment("web", "shop/web:v2")},
		then:    all(map[string]map[string]string{"apps/v1/Deployment/web": {image: "shop/web:v1"}}),
		finally: all(map[string]map[string]string{"apps/v1/Deployment/web": {image: "shop/web:v2"}}),
	}.climbs(t)
}
