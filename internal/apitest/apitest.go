// Package apitest starts a real kube-apiserver with ShopSet's kinds for tests.
package apitest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"shopset.dev/shopset/api/v1alpha1"
)

// Server is a running API server and a client with every right on it.
type Server struct {
	Config *rest.Config
	Client client.Client
	Scheme *runtime.Scheme
	// Root is the folder of the module.
	Root string

	// Kubeconfig is a file with every right on the server.
	Kubeconfig string

	kubectl, assets string
}

// Start runs an API server with the kinds of config/crd until the test ends. Its binaries come
// from $KUBEBUILDER_ASSETS or from bin/sandbox-parts; without them the test is skipped.
func Start(t testing.TB) *Server {
	t.Helper()
	// Once, for libraries that would otherwise complain about its absence in the middle of a test.
	logf.SetLogger(logr.Discard())
	root := moduleRoot(t)
	assets := assets(t, root)
	environment := &envtest.Environment{
		CRDDirectoryPaths:        []string{filepath.Join(root, "config", "crd")},
		ErrorIfCRDPathMissing:    true,
		BinaryAssetsDirectory:    assets,
		ControlPlaneStartTimeout: 2 * time.Minute,
		ControlPlaneStopTimeout:  time.Minute,
	}
	config, err := environment.Start()
	t.Cleanup(func() {
		if err := environment.Stop(); err != nil {
			t.Errorf("stopping the API server: %v", err)
		}
	})
	if err != nil {
		t.Fatalf("starting the API server of %s: %v", assets, err)
	}
	// Tests ask as fast as they can; a client's politeness would only slow them down.
	config.QPS, config.Burst = 1000, 1000
	scheme := Scheme(t)
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatalf("making a client: %v", err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, environment.KubeConfig, 0o600); err != nil {
		t.Fatalf("writing the kubeconfig: %v", err)
	}
	return &Server{
		Config: config, Client: c, Scheme: scheme, Root: root,
		Kubeconfig: kubeconfig, kubectl: filepath.Join(assets, "kubectl"), assets: assets,
	}
}

// Kubectl runs kubectl in the module's folder with every right and gives what it printed.
func (s *Server) Kubectl(t testing.TB, arguments ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), s.kubectl, arguments...)
	command.Dir = s.Root
	command.Env = append(os.Environ(), "KUBECONFIG="+s.Kubeconfig)
	output, err := command.CombinedOutput()
	return string(output), err
}

// Install does what `make install` does.
func (s *Server) Install(t testing.TB) {
	t.Helper()
	if output, err := s.Kubectl(t, "apply", "--server-side", "--force-conflicts", "-k", "config"); err != nil {
		t.Fatalf("installing: %v\n%s", err, output)
	}
}

// InstallArgoCDKinds defines Argo CD's kinds and makes its namespace, without Argo CD.
func (s *Server) InstallArgoCDKinds(t testing.TB) {
	t.Helper()
	if output, err := s.Kubectl(t, "create", "namespace", "argocd"); err != nil {
		t.Fatalf("creating Argo CD's namespace: %v\n%s", err, output)
	}
	crd := filepath.Join(s.assets, "argocd-manifests", "application-crd.yaml")
	if output, err := s.Kubectl(t, "apply", "--server-side", "-f", crd); err != nil {
		t.Fatalf("defining Argo CD's Application: %v\n%s", err, output)
	}
	for { // `kubectl wait` fails on a definition that has no conditions yet
		if _, err := s.Kubectl(t, "get", "applications.argoproj.io", "-A"); err == nil {
			return
		}
		select {
		case <-t.Context().Done():
			t.Fatal("Argo CD's Application is not served")
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// As gives the configuration of another user, for example
// system:serviceaccount:shopset-system:shopset-controller.
func (s *Server) As(user string, groups ...string) *rest.Config {
	config := rest.CopyConfig(s.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: append(groups, "system:authenticated")}
	return config
}

// Scheme knows the kinds of Kubernetes and of ShopSet.
func Scheme(t testing.TB) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		t.Fatalf("adding the kinds of Kubernetes: %v", err)
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatalf("adding the kinds of ShopSet: %v", err)
	}
	return scheme
}

// Namespace makes a new namespace whose name begins with the prefix.
func (s *Server) Namespace(t testing.TB, prefix string) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: prefix + "-"}}
	if err := s.Client.Create(t.Context(), namespace); err != nil {
		t.Fatalf("creating namespace %s: %v", prefix, err)
	}
	return namespace.Name
}

func assets(t testing.TB, root string) string {
	t.Helper()
	folder := os.Getenv("KUBEBUILDER_ASSETS")
	if folder == "" {
		folder = filepath.Join(root, "bin", "sandbox-parts")
	}
	if _, err := os.Stat(filepath.Join(folder, "kube-apiserver")); err != nil {
		t.Skipf("no kube-apiserver in %s: run `make test`, which builds it", folder)
	}
	return folder
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "config", "crd")); err == nil {
			return folder
		}
		above := filepath.Dir(folder)
		if above == folder {
			t.Fatal("config/crd is in no folder above this test")
		}
		folder = above
	}
}
