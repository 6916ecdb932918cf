package status

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/apitest"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/output"
)

var definitionKind = schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}

// kubeconfig writes a file with one context for each namespace.
func kubeconfig(t *testing.T, config *rest.Config, namespaces ...string) string {
	t.Helper()
	c := clientcmdapi.NewConfig()
	c.Clusters["test"] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	c.AuthInfos["test"] = &clientcmdapi.AuthInfo{ClientCertificateData: config.CertData, ClientKeyData: config.KeyData, Token: config.BearerToken}
	for _, n := range namespaces {
		c.Contexts[n] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "test", Namespace: n}
		c.CurrentContext = namespaces[0]
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*c, file); err != nil {
		t.Fatal(err)
	}
	return file
}

// written is output that is read while it is being written.
type written struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// run calls the verb.
func run(ctx context.Context, out, errs *written, args ...string) exit.Code {
	cmd := newCommand("kubectl shopset", output.Streams{Out: out, Err: errs, Getenv: func(string) string { return "" }}, clock.RealClock{})
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return exit.Report(errs, cmd.ExecuteContext(ctx))
}

// fill makes the fleet of four tiers in a namespace.
func fill(t *testing.T, server *apitest.Server, namespace string) {
	t.Helper()
	fleet, tiers, _ := fourTiers()
	fleet.Spec = v1alpha1.FleetSpec{Apps: v1alpha1.AppsRepository{Repository: v1alpha1.Repository{URL: "https://git.example/apps.git"}},
		System: v1alpha1.Repository{URL: "https://git.example/system.git"}}
	objects := []client.Object{fleet}
	for i := range tiers {
		objects = append(objects, &tiers[i])
	}
	for _, o := range objects {
		o.SetNamespace(namespace)
		withStatus, ok := o.DeepCopyObject().(client.Object)
		if !ok {
			t.Fatal("not an object")
		}
		if err := server.Client.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		withStatus.SetResourceVersion(o.GetResourceVersion())
		if err := server.Client.Status().Update(t.Context(), withStatus); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAgainstAnAPIServer asks a real API server, in good and in bad circumstances.
func TestAgainstAnAPIServer(t *testing.T) {
	server := apitest.Start(t)
	full, empty := server.Namespace(t, "full"), server.Namespace(t, "empty")
	fill(t, server, full)
	file := kubeconfig(t, server.Config, full, empty)
	nobody := rest.AnonymousClientConfig(server.Config)
	nobody.CAData = server.Config.CAData
	stranger := kubeconfig(t, nobody, full)
	withToken := rest.CopyConfig(nobody)
	withToken.BearerToken = "wrong"
	mistaken := kubeconfig(t, withToken, full)

	tests := map[string]struct {
		args           []string
		code           exit.Code
		stdout, stderr string // parts
	}{
		"the namespace of the context": {args: []string{"--kubeconfig", file},
			stdout: "prod        30      33333333   Degraded   1/2", stderr: "no controller has looked at tier beta-prod yet"},
		"another context":          {args: []string{"--kubeconfig", file, "--context", empty, "-n", full}, stdout: "33333333"},
		"unhealthy, and asked for": {args: []string{"--kubeconfig", file, "--exit-code"}, code: exit.Unhealthy, stdout: "33333333", stderr: "tier prod is Degraded"},
		"JSON":                     {args: []string{"--kubeconfig", file, "-o", "json"}, stdout: `"reason": "ShopSet b-1 on b is Degraded`},
		"no Fleet": {args: []string{"--kubeconfig", file, "--context", empty}, code: exit.Failure,
			stderr: "namespace " + empty + " has no Fleet; there is one in " + full + "\nNext:  kubectl shopset status -n " + full},
		"no rights":                {args: []string{"--kubeconfig", stranger}, code: exit.Failure, stderr: "Next:  kubectl auth can-i list tiers.shopset.dev -n " + full},
		"a wrong token":            {args: []string{"--kubeconfig", mistaken}, code: exit.Failure, stderr: "Next:  kubectl auth whoami"},
		"no such context":          {args: []string{"--kubeconfig", file, "--context", "nowhere"}, code: exit.Failure, stderr: "nowhere"},
		"no such file":             {args: []string{"--kubeconfig", "nowhere"}, code: exit.Failure, stderr: "Next:  kubectl config get-contexts"},
		"a watch has no exit code": {args: []string{"--kubeconfig", file, "--watch", "--exit-code"}, code: exit.Usage, stderr: "--watch"},
		"a watch has no YAML":      {args: []string{"--kubeconfig", file, "--watch", "-o", "yaml"}, code: exit.Usage, stderr: "-o yaml"},
		"no time at all":           {args: []string{"--kubeconfig", file, "--timeout", "0s"}, code: exit.Usage, stderr: "--timeout"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var out, errs written
			code := run(t.Context(), &out, &errs, tc.args...)
			if code != tc.code || !strings.Contains(out.String(), tc.stdout) || !strings.Contains(errs.String(), tc.stderr) {
				t.Errorf("exit code %d, want %d with %q and %q:\n%s%s", code, tc.code, tc.stdout, tc.stderr, out.String(), errs.String())
			}
		})
	}
	t.Run("watch", func(t *testing.T) { watch(t, server, full, file) })
	t.Run("without the kinds", func(t *testing.T) {
		remove(t, server)
		var out, errs written
		eventually(t, &errs, "kubectl apply --server-side -k config/crd", func() {
			if code := run(t.Context(), &out, &errs, "--kubeconfig", file); code != exit.Failure {
				t.Errorf("exit code %d", code)
			}
		})
	})
}

// watch changes a Tier while it is being watched, and interrupts.
func watch(t *testing.T, server *apitest.Server, namespace, file string) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out, errs written
	ended := make(chan exit.Code, 1)
	go func() { ended <- run(ctx, &out, &errs, "--kubeconfig", file, "--watch") }()
	defer func() { t.Log(errs.String()) }()
	eventually(t, &out, "tier/prod Degraded", nil)

	var tier v1alpha1.Tier
	if err := server.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "beta-prod"}, &tier); err != nil {
		t.Fatal(err)
	}
	at := metav1.NewMicroTime(time.Now())
	tier.Status.Phase, tier.Status.ShortRelease, tier.Status.Live, tier.Status.Since = v1alpha1.TierUpdating, "44444444", "0/2", &at
	tier.Status.Reason = "live on 0 of 2 ShopSets; a-1 on a: Progressing"
	if err := server.Client.Status().Update(t.Context(), &tier); err != nil {
		t.Fatal(err)
	}
	eventually(t, &out, "tier/beta-prod Updating release 44444444 live 0/2: live on 0 of 2 ShopSets; a-1 on a: Progressing", nil)
	if err := server.Client.Delete(t.Context(), &tier); err != nil {
		t.Fatal(err)
	}
	eventually(t, &out, "tier/beta-prod was deleted", nil)
	interrupt()
	select {
	case code := <-ended:
		if code != exit.OK {
			t.Errorf("an interrupted watch ends with %d: %s", code, errs.String())
		}
	case <-time.After(time.Minute):
		t.Fatal("the watch does not end")
	}
	if n := strings.Count(out.String(), "\n"); n != 6 {
		t.Errorf("%d lines, want 4 tiers, 1 change and 1 deletion:\n%s", n, out.String())
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("a file was taken for a terminal: %q", out.String())
	}
}

// eventually waits until a text was written; try is called before every look.
func eventually(t *testing.T, w *written, text string, try func()) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if try != nil {
			try()
		}
		if strings.Contains(w.String(), text) {
			return
		}
	}
	t.Fatalf("%q was never written:\n%s", text, w.String())
}

// remove takes the kinds away from the server.
func remove(t *testing.T, server *apitest.Server) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(server.Root, "config", "crd"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		plural, ok := strings.CutPrefix(strings.TrimSuffix(e.Name(), ".yaml"), "shopset.dev_")
		if !ok {
			continue
		}
		crd := &metav1.PartialObjectMetadata{}
		crd.SetGroupVersionKind(definitionKind)
		crd.SetName(plural + ".shopset.dev")
		if err := server.Client.Delete(t.Context(), crd); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSilentServer asks servers that give no answer.
func TestSilentServer(t *testing.T) {
	black, err := net.Listen("tcp", "127.0.0.1:0") // it accepts nothing
	if err != nil {
		t.Fatal(err)
	}
	defer black.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		host   string
		code   exit.Code
		stderr string
	}{
		"no answer":       {black.Addr().String(), exit.Timeout, "no answer from https://" + black.Addr().String() + " within 200ms\nNext:  kubectl cluster-info\n"},
		"nobody is there": {gone, exit.Failure, "does not answer"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var out, errs written
			file := kubeconfig(t, &rest.Config{Host: "https://" + tc.host}, "shop")
			if code := run(t.Context(), &out, &errs, "--kubeconfig", file, "--timeout", "200ms"); code != tc.code || !strings.Contains(errs.String(), tc.stderr) {
				t.Errorf("exit code %d, want %d with %q: %s", code, tc.code, tc.stderr, errs.String())
			}
		})
	}
}
