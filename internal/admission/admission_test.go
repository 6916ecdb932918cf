package admission_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"shopset.dev/shopset/internal/admission"
	"shopset.dev/shopset/internal/apitest"
)

const (
	// liveness bounds waiting; nothing is measured with it.
	liveness = 2 * time.Minute
	system   = "shopset-system"
	identity = "system:serviceaccount:shopset-system:shopset-controller"
)

// startWebhook installs the manifests and runs the webhook with the rights of the controller's
// ServiceAccount and no other. The API server reaches it through its Service, over TLS, with
// the certificate that the webhook made itself.
func startWebhook(t *testing.T, server *apitest.Server) {
	t.Helper()
	server.Install(t)
	port := freePort(t)
	redirectService(t, server, port)
	run(t, server, port)
	waitForWebhook(t, server)
}

func run(t *testing.T, server *apitest.Server, port int) {
	t.Helper()
	config := server.As(identity, "system:serviceaccounts", "system:serviceaccounts:"+system)
	mgr, err := manager.New(config, manager.Options{
		Scheme: server.Scheme, Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
	})
	if err != nil {
		t.Fatalf("making a manager: %v", err)
	}
	if err := admission.Setup(mgr, admission.Options{Host: "127.0.0.1", Port: port}); err != nil {
		t.Fatalf("setting the webhook up: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("running the manager: %v", err)
		}
	})
}

// redirectService lets the Service lead to this process: there are no pods here.
func redirectService(t *testing.T, server *apitest.Server, port int) {
	t.Helper()
	key := client.ObjectKey{Namespace: system, Name: "shopset-webhook"}
	service := &corev1.Service{}
	if err := server.Client.Get(t.Context(), key, service); err != nil {
		t.Fatalf("reading the webhook's Service: %v", err)
	}
	service.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"}
	if err := server.Client.Update(t.Context(), service); err != nil {
		t.Fatalf("redirecting the webhook's Service: %v", err)
	}
	configuration := webhookConfiguration(t, server)
	configuration.Webhooks[0].ClientConfig.Service.Port = new(int32)
	*configuration.Webhooks[0].ClientConfig.Service.Port = int32(port)
	if err := server.Client.Update(t.Context(), configuration); err != nil {
		t.Fatalf("setting the webhook's port: %v", err)
	}
}

func webhookConfiguration(t *testing.T, server *apitest.Server) *admissionregistrationv1.ValidatingWebhookConfiguration {
	t.Helper()
	configuration := &admissionregistrationv1.ValidatingWebhookConfiguration{}
	if err := server.Client.Get(t.Context(), client.ObjectKey{Name: "shopset-validating"}, configuration); err != nil {
		t.Fatalf("reading the webhook's configuration: %v", err)
	}
	return configuration
}

// waitForWebhook asks until the webhook answers: the API server ignores it before.
func waitForWebhook(t *testing.T, server *apitest.Server) {
	t.Helper()
	namespace := server.Namespace(t, "probe")
	document := "{kind: WorkloadCluster, metadata: {name: probe}, spec: {failureDomain: none}}"
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, liveness, true,
		func(ctx context.Context) (bool, error) {
			err := server.Client.Create(ctx, object(t, namespace, document), client.DryRunAll)
			return err != nil && strings.Contains(err.Error(), "there is no FailureDomain"), nil
		})
	if err != nil {
		t.Fatalf("waiting for the webhook to refuse something: %v", err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// object reads a document of group shopset.dev.
func object(t *testing.T, namespace, document string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(document), &o.Object); err != nil {
		t.Fatalf("reading %s: %v", document, err)
	}
	o.SetAPIVersion("shopset.dev/v1alpha1")
	o.SetNamespace(namespace)
	return o
}

func create(t *testing.T, server *apitest.Server, namespace string, documents ...string) {
	t.Helper()
	for _, document := range documents {
		if err := server.Client.Create(t.Context(), object(t, namespace, document)); err != nil {
			t.Fatalf("creating %s: %v", document, err)
		}
	}
}

func patch(t *testing.T, server *apitest.Server, namespace, kind, name, text string, options ...client.PatchOption) error {
	t.Helper()
	o := object(t, namespace, fmt.Sprintf("{kind: %s, metadata: {name: %s}}", kind, name))
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatalf("reading %s: %v", text, err)
	}
	return server.Client.Patch(t.Context(), o, client.RawPatch("application/merge-patch+json", raw), options...)
}

func remove(t *testing.T, server *apitest.Server, namespace, kind, name string) error {
	t.Helper()
	return server.Client.Delete(t.Context(), object(t, namespace, fmt.Sprintf("{kind: %s, metadata: {name: %s}}", kind, name)))
}

// fleetOf is a fleet in order, whose namePrefix and repository are those of its namespace.
func fleetOf(namespace string) []string {
	return []string{
		fmt.Sprintf("{kind: Fleet, metadata: {name: fleet}, spec: {apps: {url: 'https://h/a'}, system: {url: 'https://h/%s'}, namePrefix: %s}}",
			namespace, namespace),
		"{kind: FailureDomain, metadata: {name: earth}, spec: {level: planet}}",
		"{kind: FailureDomain, metadata: {name: site-a}, spec: {level: site, parent: earth}}",
		"{kind: WorkloadCluster, metadata: {name: a}, spec: {failureDomain: site-a}}",
		"{kind: WorkloadCluster, metadata: {name: b}, spec: {failureDomain: site-a}}",
		"{kind: Tier, metadata: {name: dev}, spec: {level: 0}}",
		"{kind: Tier, metadata: {name: prod}, spec: {level: 10}}",
		"{kind: Configuration, metadata: {name: staging}, spec: {}}",
		"{kind: ShopSet, metadata: {name: a-1}, spec: {tier: dev, configuration: staging, cluster: a}}",
	}
}

// check compares the API server's answer with part of what it should say; empty is acceptance.
func check(t *testing.T, got error, want string) {
	t.Helper()
	switch {
	case want == "" && got != nil:
		t.Errorf("refused: %v", got)
	case want != "" && got == nil:
		t.Errorf("accepted, want a refusal with %q", want)
	case got != nil && !strings.Contains(got.Error(), want):
		t.Errorf("refused with\n%v\nwant\n%s", got, want)
	}
}

// namespaceGoing makes a namespace that can never quite go: nothing here finalizes it.
func namespaceGoing(t *testing.T, server *apitest.Server, name string) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := server.Client.Delete(t.Context(), namespace); err != nil {
		t.Fatalf("deleting namespace %s: %v", name, err)
	}
}
