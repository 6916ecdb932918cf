package node_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/sandbox/internal/controlplane"
	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/node"
	"shopset.dev/shopset/sandbox/internal/node/image"
	"shopset.dev/shopset/sandbox/internal/node/process"
	"shopset.dev/shopset/sandbox/internal/pki"
	"shopset.dev/shopset/sandbox/internal/state"
)

// patience bounds every wait; it is reached only by what never happens.
const patience = 90 * time.Second

const (
	serverImage  = "registry.test/server:v1"
	missingImage = "registry.test/server:v2"
	alienImage   = "registry.elsewhere/anything:v1"
)

// cluster is a real control plane and a node agent.
type cluster struct {
	t          *testing.T
	client     kubernetes.Interface
	kubeconfig string
	parts      string
	config     node.Config
	agent      *process.Process
	launcher   *process.Launcher
	self       string
}

// partsDir is where the programs of a cluster are, or the test is skipped.
func partsDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SANDBOX_PARTS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "bin", "sandbox-parts")
	}
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Skipf("the programs of a cluster are not built (sandbox/build.sh): %v", err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("a whole cluster is not short")
	}
	parts := partsDir(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "node") // short: a Unix socket is in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			os.RemoveAll(dir)
			return
		}
		t.Logf("the cluster's files are kept in %s", dir)
	})
	plane := controlplane.Cluster{Cluster: addresses(t), Dir: layout.Dir(dir), Parts: parts, Self: self, Mark: "NODE_TEST=1"}
	if err := plane.Prepare(time.Now()); err != nil {
		t.Fatal(err)
	}
	launching, stopLaunching := context.WithCancel(context.Background())
	t.Cleanup(stopLaunching)
	c := &cluster{t: t, launcher: process.NewLauncher(launching), kubeconfig: plane.DirectKubeconfig(), parts: parts, self: self, config: node.Config{
		Cluster: plane.Name, Kubeconfig: filepath.Join(plane.Dir.Cluster(plane.Name), pki.NodeAgent+".kubeconfig"),
		Dir: filepath.Join(dir, "n"), ImagesDir: filepath.Join(dir, "images"),
		PodCIDR: plane.PodCIDR, ServiceCIDR: plane.ServiceCIDR, LoadBalancerCIDR: plane.LoadBalancerCIDR,
		EgressSocket: plane.Dir.EgressSocket(plane.Name), PublicServer: plane.DirectURL(),
		CAFile: plane.Certificates().Certificate(pki.CA),
	}}
	for i, spec := range append(plane.Storage(), plane.Managers()...) {
		if spec.Name == controlplane.NodeAgent {
			continue
		}
		c.startPart(spec.Path, spec.Args, spec.Env, spec.Dir, filepath.Join(dir, spec.Name+".log"))
		if i == len(plane.Storage())-1 {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			if err := plane.WaitAPI(ctx, clock.RealClock{}); err != nil {
				t.Fatal(err)
			}
			cancel()
		}
	}
	c.putImage(serverImage, map[string]string{roleVariable: "server"})
	c.startAgent()
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	if c.client, err = kubernetes.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	c.eventually("the default service account", func(ctx context.Context) error {
		_, err := c.client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err
	})
	return c
}

// addresses are a cluster's addresses, above those that sandboxes are given.
func addresses(t *testing.T) state.Cluster {
	t.Helper()
	octet := 240 + 3*(os.Getpid()%5)
	address := fmt.Sprintf("127.%d.255.254", octet+1)
	port := func() int {
		listener, err := net.Listen("tcp", address+":0")
		if err != nil {
			t.Skipf("this machine has no loopback address %s: %v", address, err)
		}
		defer listener.Close()
		return listener.Addr().(*net.TCPAddr).Port
	}
	return state.Cluster{
		Name: "test", Platform: "here",
		ServiceCIDR:      fmt.Sprintf("127.%d.0.0/16", octet),
		PodCIDR:          fmt.Sprintf("10.%d.0.0/16", octet+1),
		LoadBalancerCIDR: fmt.Sprintf("127.%d.0.0/24", octet+2),
		Address:          address, AdvertiseAddress: fmt.Sprintf("10.%d.255.254", octet+1),
		Ports: state.ClusterPorts{
			Public: port(), APIServer: port(), Etcd: port(), EtcdPeer: port(), ControllerManager: port(), Scheduler: port(),
		},
	}
}

// startPart starts a program that ends with the test, however that ends.
func (c *cluster) startPart(path string, args, env []string, dir, log string) *process.Process {
	c.t.Helper()
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		c.t.Fatal(err)
	}
	started, err := c.launcher.Start(process.Spec{
		Path: path, Args: append([]string{path}, args...), Env: env, Dir: dir, Stdout: file, Stderr: file,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		started.Terminate()
		timer := time.AfterFunc(15*time.Second, started.Kill)
		<-started.Done()
		timer.Stop()
		file.Close()
	})
	return started
}

func (c *cluster) startAgent() {
	c.t.Helper()
	data, err := json.Marshal(struct {
		node.Config
		Logger any `json:",omitempty"`
	}{Config: c.config})
	if err != nil {
		c.t.Fatal(err)
	}
	file := filepath.Join(filepath.Dir(c.config.Dir), "node.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		c.t.Fatal(err)
	}
	env := []string{roleVariable + "=agent", "PATH=" + os.Getenv("PATH"), "HOME=" + c.config.Dir}
	c.agent = c.startPart(c.self, []string{file}, env, "", filepath.Join(filepath.Dir(c.config.Dir), "agent.log"))
}

func (c *cluster) putImage(ref string, env map[string]string) {
	c.t.Helper()
	dir := filepath.Join(c.config.ImagesDir, image.Key(ref))
	data, err := json.Marshal(image.Image{Ref: ref, Env: env})
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "image.json"), data, 0o644)
	}
	if err == nil {
		err = os.Symlink(c.self, filepath.Join(dir, "binary"))
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// kubectl runs kubectl and returns what it writes.
func (c *cluster) kubectl(input string, args ...string) (string, error) {
	cmd := exec.CommandContext(c.t.Context(), filepath.Join(c.parts, "kubectl"), append([]string{"--kubeconfig", c.kubeconfig}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

func (c *cluster) apply(t *testing.T, manifest string) {
	t.Helper()
	if out, err := c.kubectl(manifest, "apply", "-f", "-"); err != nil {
		t.Fatalf("applying: %v\n%s", err, out)
	}
}

func (c *cluster) eventually(what string, check func(context.Context) error) {
	c.t.Helper()
	eventually(c.t, what, check)
}

// eventually waits until check passes.
func eventually(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waiting for %s: %v", what, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// get fetches a URL on a new connection.
func get(ctx context.Context, client *http.Client, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, response.Status, body)
	}
	return string(body), err
}

func direct() *http.Client {
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
}

// gets waits until a URL answers want.
func gets(t *testing.T, client *http.Client, url, want string) {
	t.Helper()
	eventually(t, url, func(ctx context.Context) error {
		got, err := get(ctx, client, url)
		if err == nil && strings.TrimSpace(got) != want {
			err = fmt.Errorf("got %q, want %q", got, want)
		}
		return err
	})
}
