// Package edge_test installs the edge's manifests on a real API server and asks it what an edge
// may and may not do.
package edge_test

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/internal/apitest"
)

const namespace = "shopset-edge"

func TestInstall(t *testing.T) {
	server := apitest.Start(t)
	for _, arguments := range [][]string{
		{"create", "namespace", namespace},
		{"apply", "--server-side", "--force-conflicts", "--dry-run=server", "-k", "config/edge"},
		{"apply", "--server-side", "--force-conflicts", "-k", "config/edge"},
		{"apply", "--server-side", "-k", "config/edge"},
		{"apply", "--dry-run=server", "-k", "config/edge"},
		{"create", "configmap", "shopset-routes-index", "-n", namespace},
		{"create", "configmap", "elsewhere", "-n", "default"},
	} {
		if output, err := server.Kubectl(t, arguments...); err != nil {
			t.Fatalf("kubectl %s: %v\n%s", strings.Join(arguments, " "), err, output)
		}
	}
	t.Run("an edge's pods are restricted", func(t *testing.T) { testPod(t, server) })
	t.Run("an edge writes its own status only", func(t *testing.T) { testWrites(t, server) })
}

func testPod(t *testing.T, server *apitest.Server) {
	deployment := &appsv1.Deployment{}
	if err := server.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "shopset-edge"}, deployment); err != nil {
		t.Fatal(err)
	}
	template := deployment.Spec.Template
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Namespace, pod.Name = namespace, "edge"
	if err := server.Client.Create(t.Context(), pod); err != nil {
		t.Errorf("the API server refuses the Deployment's pod: %v", err)
	}
}

// asEdge is a client with the token that Kubernetes gives to a pod of the Deployment.
func asEdge(t *testing.T, server *apitest.Server, pod string) client.Client {
	t.Helper()
	config := server.As("system:serviceaccount:shopset-edge:shopset-edge", "system:serviceaccounts", "system:serviceaccounts:shopset-edge")
	if pod != "" {
		config.Impersonate.Extra = map[string][]string{"authentication.kubernetes.io/pod-name": {pod}}
	}
	c, err := client.New(config, client.Options{Scheme: server.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func testWrites(t *testing.T, server *apitest.Server) {
	edge := asEdge(t, server, "shopset-edge-abc")
	status := func(name, in string) *corev1.ConfigMap {
		return &corev1.ConfigMap{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: in},
			Data:       map[string]string{"status.json": "{}"},
		}
	}
	write := func(c client.Client, name, in string) error {
		return c.Patch(t.Context(), status(name, in), client.Apply, client.FieldOwner("shopset-edge"), client.ForceOwnership) //nolint:staticcheck // one object, as the edge does it
	}
	// The policy takes effect a moment after it was made.
	deadline := time.Now().Add(30 * time.Second)
	for write(edge, "shopset-routes-index", namespace) == nil {
		if time.Now().After(deadline) {
			t.Fatal("an edge may change the routing tables")
		}
		time.Sleep(100 * time.Millisecond)
	}
	for name, test := range map[string]struct {
		writer       client.Client
		object, in   string
		mayBeWritten bool
	}{
		"its status":                   {edge, "shopset-edge-status-shopset-edge-abc", namespace, true},
		"its status again":             {edge, "shopset-edge-status-shopset-edge-abc", namespace, true},
		"another edge's status":        {edge, "shopset-edge-status-shopset-edge-xyz", namespace, false},
		"a table":                      {edge, "shopset-routes-index", namespace, false},
		"an override":                  {edge, "shopset-routes-override", namespace, false},
		"something elsewhere":          {edge, "elsewhere", "default", false},
		"a token that is no pod's":     {asEdge(t, server, ""), "shopset-edge-status-", namespace, false},
		"a person, who may do as ever": {server.Client, "shopset-routes-override", namespace, true},
	} {
		t.Run(name, func(t *testing.T) {
			err := write(test.writer, test.object, test.in)
			if (err == nil) != test.mayBeWritten {
				t.Errorf("writing %s in %s: %v, want it allowed: %t", test.object, test.in, err, test.mayBeWritten)
			}
		})
	}
	var all corev1.ConfigMapList
	if err := edge.List(t.Context(), &all, client.InNamespace(namespace)); err != nil {
		t.Errorf("an edge cannot read the tables: %v", err)
	}
	if err := edge.List(t.Context(), &all, client.InNamespace("default")); err == nil {
		t.Error("an edge may read what is elsewhere")
	}
	if err := edge.Delete(t.Context(), status("shopset-routes-index", namespace)); err == nil {
		t.Error("an edge may delete a table")
	}
	var secrets corev1.SecretList
	if err := edge.List(t.Context(), &secrets, client.InNamespace(namespace)); err == nil {
		t.Error("an edge may read secrets")
	}
}
