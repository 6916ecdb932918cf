// Package config_test installs the manifests on a real API server and asks it what the
// controller may and may not do.
package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"shopset.dev/shopset/internal/apitest"
)

const controller = "system:serviceaccount:shopset-system:shopset-controller"

func TestKustomizationListsEveryCRD(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("crd", "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var kustomization struct{ Resources []string }
	if err := yaml.Unmarshal(text, &kustomization); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("crd/shopset.dev_*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("CRDs: %v, %v", files, err)
	}
	for _, file := range files {
		if !slices.Contains(kustomization.Resources, filepath.Base(file)) {
			t.Errorf("crd/kustomization.yaml does not list %s", file)
		}
	}
}

func TestInstall(t *testing.T) {
	server := apitest.Start(t)
	for _, arguments := range [][]string{
		{"create", "namespace", "shopset-system"},
		{"apply", "--server-side", "--force-conflicts", "--dry-run=server", "-k", "config"},
		{"apply", "--server-side", "--force-conflicts", "-k", "config"},
		{"apply", "--server-side", "-k", "config"},
		{"create", "namespace", "argocd"},
		{"create", "namespace", "shop"},
		{"create", "namespace", "other"},
		{"apply", "-n", "argocd", "-k", "config/argocd-access"},
		{"apply", "-n", "shop", "-k", "config/fleet-access"},
	} {
		output, err := server.Kubectl(t, arguments...)
		if err != nil {
			t.Fatalf("kubectl %s: %v\n%s", strings.Join(arguments, " "), err, output)
		}
	}
	t.Run("a plain client-side apply works, too", func(t *testing.T) {
		if output, err := server.Kubectl(t, "apply", "--dry-run=server", "-k", "config"); err != nil {
			t.Errorf("%v\n%s", err, output)
		}
	})
	t.Run("rights of the controller", func(t *testing.T) { testRights(t, server) })
	t.Run("the controller's pods are restricted", func(t *testing.T) { testPods(t, server) })
	t.Run("rights of people", func(t *testing.T) { testPeople(t, server) })
}

func testRights(t *testing.T, server *apitest.Server) {
	groups := []string{"system:serviceaccounts", "system:serviceaccounts:shopset-system", "system:authenticated"}
	for question, want := range map[string]bool{
		"list shopset.dev/fleets":                                               true,
		"watch shopset.dev/shopsets":                                            true,
		"update shopset.dev/tiers/status":                                       true,
		"patch shopset.dev/workloadclusters/status":                             true,
		"update shopset.dev/configurations/finalizers":                          true,
		"patch shopset.dev/shopsets":                                            true,
		"create shopset.dev/promotions in shop":                                 true,
		"delete shopset.dev/promotions in shop":                                 true,
		"create shopset.dev/shopsets in shop":                                   true,
		"delete shopset.dev/shopsets in shop":                                   true,
		"create shopset.dev/shopsets in other":                                  false,
		"delete shopset.dev/shopsets in other":                                  false,
		"watch shopset.dev/shops":                                               true,
		"patch shopset.dev/shops/status":                                        true,
		"patch shopset.dev/shops":                                               false,
		"create shopset.dev/shops in shop":                                      false,
		"patch shopset.dev/shopclasses/status":                                  true,
		"patch shopset.dev/clustermaintenances/status":                          true,
		"patch shopset.dev/clustermaintenances in shop":                         true,
		"create shopset.dev/clustermaintenances in shop":                        false,
		"delete shopset.dev/fleets in shop":                                     false,
		"create events in shop":                                                 true,
		"create events.k8s.io/events in shop":                                   true,
		"get namespaces":                                                        true,
		"list namespaces":                                                       false,
		"delete namespaces":                                                     false,
		"get secrets in shop named git":                                         true,
		"list secrets in shop":                                                  false,
		"watch secrets in shop":                                                 false,
		"update secrets in shop named git":                                      false,
		"get secrets in other named git":                                        false,
		"get secrets in kube-system named token":                                false,
		"get secrets in argocd named argocd-secret":                             false,
		"list secrets":                                                          false,
		"get secrets in shopset-system named shopset-webhook-cert":              true,
		"update secrets in shopset-system named shopset-webhook-cert":           true,
		"get secrets in shopset-system named other":                             false,
		"create secrets in shopset-system":                                      true,
		"create coordination.k8s.io/leases in shopset-system":                   true,
		"update coordination.k8s.io/leases in shopset-system named shopset":     true,
		"update coordination.k8s.io/leases in kube-system named kube-scheduler": false,
		"list argoproj.io/applications in argocd":                               true,
		"watch argoproj.io/applications in argocd":                              true,
		"patch argoproj.io/applications in argocd named shop-a-1":               true,
		"delete argoproj.io/applications in argocd named shop-a-1":              false,
		"create argoproj.io/applications in argocd":                             false,
		"list argoproj.io/applications":                                         false,
		"update admissionregistration.k8s.io/validatingwebhookconfigurations named shopset-validating": true,
		"update admissionregistration.k8s.io/validatingwebhookconfigurations named other":              false,
		"create apps/deployments in shop": false,
		"get configmaps in kube-system":   false,
	} {
		if got := allowed(t, server, controller, groups, question); got != want {
			t.Errorf("the controller may %s: %t, want %t", question, got, want)
		}
	}
}

// testPeople binds a person to each role in namespace shop.
func testPeople(t *testing.T, server *apitest.Server) {
	for _, role := range []string{"shopset-viewer", "shopset-admin"} {
		if output, err := server.Kubectl(t, "create", "rolebinding", role, "-n", "shop", "--clusterrole="+role, "--user="+role); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	}
	for question, want := range map[string][2]bool{
		"list shopset.dev/shopsets in shop":       {true, true},
		"get shopset.dev/tiers/status in shop":    {true, true},
		"create shopset.dev/promotions in shop":   {false, true},
		"patch shopset.dev/tiers in shop":         {false, true},
		"delete shopset.dev/shopsets in shop":     {false, true},
		"patch shopset.dev/tiers/status in shop":  {false, false},
		"get secrets in shop named git":           {false, false},
		"list shopset.dev/shopsets in other":      {false, false},
		"create shopset.dev/promotions in argocd": {false, false},
	} {
		for i, user := range []string{"shopset-viewer", "shopset-admin"} {
			if got := allowed(t, server, user, []string{"system:authenticated"}, question); got != want[i] {
				t.Errorf("a person with %s may %s: %t, want %t", user, question, got, want[i])
			}
		}
	}
}

// allowed asks the API server: "<verb> [group/]resource[/subresource] [in <namespace>] [named <name>]".
func allowed(t *testing.T, server *apitest.Server, user string, groups []string, question string) bool {
	t.Helper()
	words := strings.Fields(question)
	attributes := &authorizationv1.ResourceAttributes{Verb: words[0]}
	steps := strings.Split(words[1], "/")
	if strings.Contains(steps[0], ".") || steps[0] == "apps" {
		attributes.Group, steps = steps[0], steps[1:]
	}
	attributes.Resource = steps[0]
	if len(steps) > 1 {
		attributes.Subresource = steps[1]
	}
	for i := 2; i+1 < len(words); i += 2 {
		switch words[i] {
		case "in":
			attributes.Namespace = words[i+1]
		case "named":
			attributes.Name = words[i+1]
		}
	}
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user, Groups: groups, ResourceAttributes: attributes,
	}}
	if err := server.Client.Create(t.Context(), review); err != nil {
		t.Fatalf("asking whether %s may %s: %v", user, question, err)
	}
	return review.Status.Allowed
}

// testPods holds the Deployment to the Pod Security Standard of its namespace.
func testPods(t *testing.T, server *apitest.Server) {
	deployment := &appsv1.Deployment{}
	key := client.ObjectKey{Namespace: "shopset-system", Name: "shopset-controller"}
	if err := server.Client.Get(t.Context(), key, deployment); err != nil {
		t.Fatal(err)
	}
	template := deployment.Spec.Template
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Namespace, pod.Name = "shopset-system", "controller"
	if err := server.Client.Create(t.Context(), pod); err != nil {
		t.Errorf("the API server refuses the Deployment's pod: %v", err)
	}
}
