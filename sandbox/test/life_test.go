package test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/sandbox/internal/control"
	"shopset.dev/shopset/sandbox/internal/process"
)

const shop = `
apiVersion: v1
kind: ConfigMap
metadata: {name: keepsake}
data: {kept: "yes"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: "registry.example/shop:v1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {type: LoadBalancer, selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}
`

// TestLife follows one sandbox from its first start to its end.
func TestLife(t *testing.T) {
	b := newBox(t)
	b.must("up", "--clusters", "cluster-a")

	t.Run("all is ready when up returns", func(t *testing.T) { checkReady(box{t: t, dir: b.dir}) })
	t.Run("env leads to clusters and repositories", func(t *testing.T) { checkEnv(box{t: t, dir: b.dir}) })
	url := deployShop(b)
	t.Run("logs of a Pod come through the egress socket", func(t *testing.T) {
		b := box{t: t, dir: b.dir}
		eventually(t, "the Pod's log", func() error {
			out, err := b.kubectl("cluster-a", "", "logs", "deployment/shop")
			if err == nil && !strings.Contains(out, "serving hello") {
				err = fmt.Errorf("log is %q", out)
			}
			return err
		})
	})
	for _, mode := range control.Modes() {
		t.Run("after "+string(mode)+" and recover all is as before", func(t *testing.T) { checkFailure(box{t: t, dir: b.dir}, mode, url) })
	}
	t.Run("a cluster has one failure at a time", func(t *testing.T) { checkOneFailure(box{t: t, dir: b.dir}) })
	t.Run("up on a sandbox that is up does nothing", func(t *testing.T) {
		b := box{t: t, dir: b.dir}
		before := b.state()
		b.must("up")
		if diff := cmp.Diff(before, b.state()); diff != "" {
			t.Errorf("state changed (-before +after):\n%s", diff)
		}
	})
	t.Run("a process that ends is started again", func(t *testing.T) { checkRestart(box{t: t, dir: b.dir}) })
	t.Run("killed, it comes back with its data", func(t *testing.T) { checkKilledSupervisor(box{t: t, dir: b.dir}, url) })
	t.Run("half started and killed, it comes up", func(t *testing.T) { checkHalfStarted(box{t: t, dir: b.dir}, url) })
	t.Run("down leaves no process", func(t *testing.T) { checkDown(box{t: t, dir: b.dir}) })
}

func checkReady(b box) {
	status := b.status()
	if !status.Ready || len(status.Clusters) != 2 {
		b.t.Fatalf("status is %+v, want two clusters, ready", status)
	}
	for _, c := range status.Clusters {
		if c.Condition != control.Running || c.Nodes != 1 || !strings.HasPrefix(c.Version, "v1.") {
			b.t.Errorf("cluster is %+v, want it Running with a node", c)
		}
		if info, err := os.Stat(c.Kubeconfig); err != nil || info.Mode().Perm() != 0o600 {
			b.t.Errorf("kubeconfig of %s: %v, %v; want mode 0600", c.Name, info, err)
		}
	}
	if out, err := b.kubectl("cluster-a", "", "auth", "can-i", "get", "secrets", "--as", "system:serviceaccount:default:default"); err == nil {
		b.t.Errorf("any service account may read secrets: %q; RBAC is not in force", out)
	}
}

func checkEnv(b box) {
	script := `set -e
eval "$("$0" env --dir "$1" --parts "$2")"
test "$SHOPSET_SANDBOX_DIR" = "$1"
kubectl get namespace argocd -o name
kubectl --kubeconfig "$KUBECONFIG_CLUSTER_A" get nodes -o name
printf '#!/bin/sh\ncase $1 in Username*) echo "$SHOPSET_GIT_USERNAME";; *) cat "$SHOPSET_GIT_PASSWORD_FILE";; esac\n' >"$3/askpass"
chmod +x "$3/askpass"
GIT_ASKPASS="$3/askpass" git ls-remote "$SHOPSET_APPS_URL"
GIT_ASKPASS="$3/askpass" git ls-remote "$SHOPSET_SYSTEM_URL"
`
	cmd := exec.Command("sh", "-c", script, program, string(b.dir), parts, b.t.TempDir())
	out, err := cmd.CombinedOutput()
	if want := "namespace/argocd\nnode/cluster-a-node-1\n"; err != nil || string(out) != want {
		b.t.Errorf("got %q, %v; want %q", out, err, want)
	}
}

// deployShop runs a Pod with a program of its own and returns its load
// balancer's URL when that answers.
func deployShop(b box) string {
	self, err := os.Executable()
	if err != nil {
		b.t.Fatal(err)
	}
	b.must("image", "load", "registry.example/shop:v1", "--binary", self, "--env", serveVariable+"=hello")
	b.mustKubectl("cluster-a", shop, "apply", "-f", "-")
	var url string
	eventually(b.t, "the load balancer's address", func() error {
		address, err := b.kubectl("cluster-a", "", "get", "service", "shop", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}")
		if err == nil && net.ParseIP(address) == nil {
			err = fmt.Errorf("it is %q", address)
		}
		url = "http://" + address + "/"
		return err
	})
	waitShop(b, url)
	return url
}

func waitShop(b box, url string) {
	b.t.Helper()
	eventually(b.t, "the shop", func() error {
		body, err := get(url, silence)
		if err == nil && body != "hello" {
			err = fmt.Errorf("it says %q", body)
		}
		return err
	})
}

func checkFailure(b box, mode control.Mode, url string) {
	b.must("fail", "cluster-a", "--mode", string(mode))
	want, _ := mode.Condition()
	if is := b.condition("cluster-a"); is != want {
		b.t.Errorf("cluster-a is %s, want %s", is, want)
	}
	if is := b.condition("mgmt"); is != control.Running {
		b.t.Errorf("mgmt is %s, want it Running", is)
	}
	cluster, _ := b.state().Cluster("cluster-a")
	for name, target := range map[string]string{"API server": cluster.PublicURL(), "load balancer": url} {
		_, err := get(target, silence)
		refused, silent := errors.Is(err, syscall.ECONNREFUSED), os.IsTimeout(err)
		if mode == control.Kill && !refused || mode != control.Kill && !silent {
			b.t.Errorf("%s under %s: %v; want it refused when killed, else silent", name, mode, err)
		}
	}
	if mode == control.Partition {
		if _, err := net.DialTimeout("tcp", strings.TrimPrefix(cluster.DirectURL(), "https://"), silence); err != nil {
			b.t.Errorf("inside the partition: %v; want the API server there", err)
		}
	}
	b.must("recover", "cluster-a")
	if got := b.mustKubectl("cluster-a", "", "get", "configmap", "keepsake", "-o", "jsonpath={.data.kept}"); got != "yes" {
		b.t.Errorf("after recovery the keepsake is %q", got)
	}
	waitShop(b, url)
	if status := b.status(); !status.Ready {
		b.t.Errorf("after recovery the status is %+v", status.Clusters)
	}
}

func checkOneFailure(b box) {
	b.must("fail", "cluster-a", "--mode", "partition")
	if _, messages, code := b.run("fail", "cluster-a", "--mode", "kill"); code != 1 || !strings.Contains(messages, "recover it first") {
		b.t.Errorf("a second failure: exit code %d, %q", code, messages)
	}
	if _, messages, code := b.run("fail", "cluster-z"); code != 1 || !strings.Contains(messages, "cluster-a") {
		b.t.Errorf("an unknown cluster: exit code %d, %q; want one that names those known", code, messages)
	}
	if _, _, code := b.run("status"); code != 4 {
		b.t.Errorf("status of a failed cluster: exit code %d, want 4", code)
	}
	b.must("recover", "cluster-a")
}

func checkRestart(b box) {
	before := find(b, "cluster-a", "kube-scheduler")
	before.Signal(syscall.SIGKILL)
	eventually(b.t, "another scheduler", func() error {
		if after := find(b, "cluster-a", "kube-scheduler"); after == before || !after.Alive() {
			return fmt.Errorf("process is %+v", after)
		}
		return nil
	})
}

func find(b box, cluster, name string) process.ID {
	for _, p := range b.state().Processes {
		if p.Cluster == cluster && p.Name == name {
			return p.ID
		}
	}
	b.t.Fatalf("%s of %s is not in the state", name, cluster)
	return process.ID{}
}

func checkKilledSupervisor(b box, url string) {
	before := b.state()
	before.Supervisor.Signal(syscall.SIGKILL)
	eventually(b.t, "the end of all processes", func() error {
		if left := b.processes(); len(left) > 0 {
			return fmt.Errorf("%d run: %v", len(left), left)
		}
		return nil
	})
	if _, messages, code := b.run("status"); code != 4 || !strings.Contains(messages, "shopset-sandbox up") {
		b.t.Errorf("status: exit code %d, %q; want 4 and the next command", code, messages)
	}
	b.must("up")
	after := b.state()
	if diff := cmp.Diff(before.Clusters, after.Clusters); diff != "" {
		b.t.Errorf("clusters changed (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(before.Git, after.Git); diff != "" {
		b.t.Errorf("Git changed (-before +after):\n%s", diff)
	}
	if got := b.mustKubectl("cluster-a", "", "get", "configmap", "keepsake", "-o", "jsonpath={.data.kept}"); got != "yes" {
		b.t.Errorf("after the crash the keepsake is %q", got)
	}
	waitShop(b, url)
}

func checkHalfStarted(b box, url string) {
	b.must("down")
	up := b.command("up")
	if err := up.Start(); err != nil {
		b.t.Fatal(err)
	}
	eventually(b.t, "the first processes", func() error {
		if n := len(b.state().Processes); n < 2 {
			return fmt.Errorf("%d run", n)
		}
		return nil
	})
	b.state().Supervisor.Signal(syscall.SIGKILL)
	if err := up.Wait(); err == nil {
		b.t.Error("up says that all went well, and its supervisor was killed")
	}
	b.must("up")
	if !b.status().Ready {
		b.t.Errorf("status is %+v", b.status())
	}
	waitShop(b, url)
}

func checkDown(b box) {
	if len(b.processes()) == 0 {
		b.t.Fatal("no process runs before down: this test would see nothing")
	}
	recorded := b.state().Processes
	b.must("down")
	if left := b.processes(); len(left) > 0 {
		b.t.Errorf("%d processes are left: %v", len(left), left)
	}
	for _, p := range recorded {
		if p.Alive() {
			b.t.Errorf("%s of %s is left as %d", p.Name, p.Cluster, p.PID)
		}
	}
	b.must("down") // again: nothing to do
}
