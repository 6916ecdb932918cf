package apps

import (
	"fmt"
	"strings"
	"testing"

	"shopset.dev/shopset/api/v1alpha1"
)

const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %[1]s.definitions.example.com}
spec:
  group: definitions.example.com
  scope: Namespaced
  names: {kind: %[2]s, plural: %[1]s}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              size: {type: integer}
`

// bigDefinition has a schema that does not fit into the annotation of a client-side apply.
func bigDefinition() string {
	var b strings.Builder
	fmt.Fprintf(&b, definition, "warehouses", "Warehouse")
	for i := range 400 {
		fmt.Fprintf(&b, "              field%d: {type: string, description: %q}\n", i, strings.Repeat("What this field is good for. ", 28))
	}
	return b.String()
}

const ingressClass = "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: definitions}\nspec: {controller: example.com/%s}\n"

// TestDefinitions brings definitions, objects of them and other things that a cluster has once.
// While the tiers differ, the two ShopSets on the cluster want them differently.
func TestDefinitions(t *testing.T) {
	cart := func(spec string) string {
		return "apiVersion: definitions.example.com/v1\nkind: Cart\nmetadata: {name: default}\nspec: {" + spec + "}\n"
	}
	application{
		plan: plan{name: "definitions"},
		first: map[string]string{
			"kustomization.yaml": "resources: [cart.yaml, definitions/cart.yaml, definitions/warehouse.yaml, class.yaml, warehouse.yaml]\n",
			"cart.yaml":          cart("size: 1"), "class.yaml": fmt.Sprintf(ingressClass, "one"),
			"warehouse.yaml":             "apiVersion: definitions.example.com/v1\nkind: Warehouse\nmetadata: {name: default}\nspec: {field7: full}\n",
			"definitions/cart.yaml":      fmt.Sprintf(definition, "carts", "Cart"),
			"definitions/warehouse.yaml": bigDefinition(),
		},
		second: map[string]string{
			"cart.yaml": cart("size: 2, colour: red"), "class.yaml": strings.Replace(fmt.Sprintf(ingressClass, "one"), "definitions}", "definitions, annotations: {release: two}}", 1),
			"definitions/cart.yaml":      fmt.Sprintf(definition, "carts", "Cart") + "              colour: {type: string}\n",
			"definitions/warehouse.yaml": bigDefinition() + "              added: {type: string}\n",
		},
		then: all(map[string]map[string]string{
			"definitions.example.com/v1/Cart/default":        {".spec.size": "1"},
			"definitions.example.com/v1/Warehouse/default":   {".spec.field7": "full"},
			".networking.k8s.io/v1/IngressClass/definitions": {".metadata.annotations.release": ""},
		}),
		finally: all(map[string]map[string]string{
			"definitions.example.com/v1/Cart/default":        {".spec.size": "2", ".spec.colour": "red"},
			".networking.k8s.io/v1/IngressClass/definitions": {".metadata.annotations.release": "two"},
			".apiextensions.k8s.io/v1/CustomResourceDefinition/warehouses.definitions.example.com": {
				".spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.added.type": "string"},
		}),
		hand: []string{"--server-side"}, runs: 2,
	}.climbs(t)
}

func job(name, annotations, more, command string) string {
	return fmt.Sprintf(`apiVersion: batch/v1
kind: Job
metadata: {name: %s, annotations: {%s}}
spec:
  %s
  template:
    spec: {restartPolicy: Never, containers: [{name: job, image: "shop/job:v1", command: [%s]}]}
---
`, name, annotations, more, command)
}

// TestJobs has Jobs that change with a release, one that wants to delete itself, and hooks.
func TestJobs(t *testing.T) {
	files := func(release string) map[string]string {
		return map[string]string{"jobs.yaml": job("migrate", "", "backoffLimit: 3", "migrate, "+release) +
			job("report", "", "ttlSecondsAfterFinished: 2", "report, same") +
			job("prepare", "argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/hook-delete-policy: BeforeHookCreation", "backoffLimit: 1", "prepare, "+release) +
			job("announce", "argocd.argoproj.io/hook: PostSync, argocd.argoproj.io/hook-delete-policy: HookSucceeded", "backoffLimit: 1", "announce, "+release)}
	}
	first := files("one")
	first["kustomization.yaml"] = "resources: [jobs.yaml]\n"
	const second = ".spec.template.spec.containers[0].command[1]"
	application{
		plan: plan{name: "jobs"}, first: first, second: files("two"),
		then: all(map[string]map[string]string{
			"batch/v1/Job/migrate": {second: "one", ".status.succeeded": "1"}, "batch/v1/Job/prepare": {second: "one", ".status.succeeded": "1"},
		}),
		finally: all(map[string]map[string]string{
			"batch/v1/Job/migrate": {second: "two", ".status.succeeded": "1"}, "batch/v1/Job/prepare": {second: "two", ".status.succeeded": "1"},
			"batch/v1/Job/report": {second: "same", ".status.succeeded": "1"},
		}),
	}.climbs(t)
}

const statefulSet = `apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: stateful-fast}
provisioner: example.com/none
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "shop/db:v1", env: [{name: RELEASE, value: "%s"}], volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`

// TestStatefulSets changes a StatefulSet whose claims must stay as they are.
func TestStatefulSets(t *testing.T) {
	kustomization := "resources: [db.yaml]\nlabels: [{pairs: {app.kubernetes.io/part-of: shop}, includeTemplates: true}]\n"
	claim := map[string]string{`.metadata.labels.shopset\.dev/shopset`: "SHOPSET", ".status.phase": "Bound"}
	application{
		plan: plan{name: "stateful", shopSets: map[string]v1alpha1.ShopSetSpec{
			"s0": {Tier: "t0", Configuration: "main", Cluster: workload},
			"s1": {Tier: "t1", Configuration: "main", Cluster: workload, Scale: []v1alpha1.Replicas{{Name: "db", Count: 2}}},
		}},
		first:  map[string]string{"kustomization.yaml": kustomization, "db.yaml": fmt.Sprintf(statefulSet, "one")},
		second: map[string]string{"db.yaml": fmt.Sprintf(statefulSet, "two")},
		then: all(map[string]map[string]string{
			"apps/v1/StatefulSet/db": {".spec.template.spec.containers[0].env[0].value": "one"}, "/v1/PersistentVolumeClaim/data-db-0": claim,
			".storage.k8s.io/v1/StorageClass/stateful-fast-NS": {".provisioner": "example.com/none"},
		}),
		finally: all(map[string]map[string]string{
			"apps/v1/StatefulSet/db": {".spec.template.spec.containers[0].env[0].value": "two"}, "/v1/PersistentVolumeClaim/data-db-0": claim,
			"/v1/Pod/db-0": {".spec.containers[0].env[0].value": "two"},
		}),
	}.climbs(t)
}
