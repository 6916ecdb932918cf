package apps

import (
	"strings"
	"testing"
)

// rendered is what `helm template` prints.
const rendered = `---
# Source: shop/templates/rbac.yaml
apiVersion: v1
kind: ServiceAccount
metadata: {name: my-shop, namespace: production, labels: {helm.sh/chart: shop-VERSION, app.kubernetes.io/managed-by: Helm}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: my-shop, labels: {helm.sh/chart: shop-VERSION}}
rules: [{apiGroups: [""], resources: [nodes], verbs: [VERB]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: my-shop, labels: {helm.sh/chart: shop-VERSION}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: my-shop}
subjects: [{kind: ServiceAccount, name: my-shop, namespace: production}]
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: my-shop-high}
value: 1000
---
apiVersion: v1
kind: Service
metadata: {name: my-shop-webhook, namespace: production}
spec: {selector: {app: my-shop}, ports: [{port: 443, targetPort: 8443}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: my-shop, namespace: production, labels: {helm.sh/chart: shop-VERSION}}
spec:
  replicas: 1
  selector: {matchLabels: {app: my-shop}}
  template:
    metadata: {labels: {app: my-shop}}
    spec: {serviceAccountName: my-shop, priorityClassName: my-shop-high, containers: [{name: shop, image: "shop/web:VERSION"}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: my-shop}
webhooks:
- name: carts.example.com
  clientConfig: {service: {name: my-shop-webhook, namespace: production, path: /validate}}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
  objectSelector: {matchLabels: {only-in: VERSION}}
  failurePolicy: Ignore
  sideEffects: None
  admissionReviewVersions: [v1]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: my-shop}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]}
  matchConditions: [{name: never, expression: "false"}]
  validations: [{expression: "true"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: my-shop}
spec: {policyName: my-shop, validationActions: [Deny]}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: my-shop-migrate
  namespace: production
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-weight: "-5", helm.sh/hook-delete-policy: before-hook-creation}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: "shop/migrate:VERSION"}]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: my-shop-test, namespace: production, annotations: {helm.sh/hook: test}}
spec: {restartPolicy: Never, containers: [{name: test, image: "shop/test:VERSION"}]}
`

// TestHelm has the output of Helm as its only resource.
func TestHelm(t *testing.T) {
	chart := func(version, verb string) string {
		return strings.NewReplacer("VERSION", version, "VERB", verb).Replace(rendered)
	}
	application{
		plan:   plan{name: "helm"},
		first:  map[string]string{"kustomization.yaml": "resources: [all.yaml]\n", "all.yaml": chart("v1", "get")},
		second: map[string]string{"all.yaml": chart("v2", "list")},
		then: all(map[string]map[string]string{
			"apps/v1/Deployment/my-shop":   {image: "shop/web:v1", ".spec.template.spec.priorityClassName": "my-shop-high-NS", ".status.readyReplicas": "1"},
			"batch/v1/Job/my-shop-migrate": {image: "shop/migrate:v1", ".status.succeeded": "1"},
		}),
		finally: all(map[string]map[string]string{
			"apps/v1/Deployment/my-shop":                           {image: "shop/web:v2", ".status.readyReplicas": "1"},
			"batch/v1/Job/my-shop-migrate":                         {image: "shop/migrate:v2", ".status.succeeded": "1"},
			".rbac.authorization.k8s.io/v1/ClusterRole/my-shop-NS": {".rules[0].verbs[0]": "list"},
			".rbac.authorization.k8s.io/v1/ClusterRoleBinding/my-shop-NS": {
				".roleRef.name": "my-shop-NS", ".subjects[0].namespace": "NS", ".subjects[0].name": "my-shop"},
			".admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration/my-shop-NS": {
				".webhooks[0].clientConfig.service.namespace": "NS", ".webhooks[0].objectSelector.matchLabels.only-in": "v2"},
			".admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding/my-shop-NS": {".spec.policyName": "my-shop-NS"},
		}),
	}.climbs(t)
}
