package node_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/sandbox/internal/node/address"
	"shopset.dev/shopset/sandbox/internal/node/podrun"
)

// TestAgent runs workloads on a real cluster with one node.
func TestAgent(t *testing.T) {
	c := startCluster(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *cluster)
	}{
		{"a node registers and is ready", testNode},
		{"a deployment becomes ready and is served by every way to it", testDeployment},
		{"a changed ConfigMap reaches a mounted volume", testLiveVolume},
		{"a service account reaches the API server", testServiceAccount},
		{"logs and exec work through the API server", testLogsAndExec},
		{"a black hole stalls and resumes the load balancer only", testBlackHole},
		{"a crash loop is shown as one", testCrashLoop},
		{"a failed liveness probe restarts the container", testLiveness},
		{"a stateful set keeps its volume and its name", testStatefulSet},
		{"a job completes, real or simulated", testJob},
		{"an image that is not here is simulated, a missing tag is not", testImages},
		{"init containers and sidecars run in order", testInit},
		{"a killed agent takes its pods along and its successor starts them", testRestart},
		{"a deletion asks, waits and leaves nothing", testDeletion},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, c) })
	}
	log, err := os.ReadFile(filepath.Join(filepath.Dir(c.config.Dir), "agent.log"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(log), "DATA RACE") || strings.Contains(string(log), "panic:") {
		t.Error("the agent had a data race or a panic")
	}
	if t.Failed() {
		t.Logf("the agent's log:\n%s", log)
	}
}

func testNode(t *testing.T, c *cluster) {
	eventually(t, "the node to be ready", func(ctx context.Context) error {
		found, err := c.client.CoreV1().Nodes().Get(ctx, "test-node-1", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if _, err := c.client.CoordinationV1().Leases("kube-node-lease").Get(ctx, found.Name, metav1.GetOptions{}); err != nil {
			return err
		}
		for _, condition := range found.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
				return nil
			}
		}
		return errors.New("not ready")
	})
}

const deployment = `
apiVersion: v1
kind: ConfigMap
metadata: {name: cart}
data: {GREETING: hello, page: "first"}
---
apiVersion: v1
kind: Service
metadata: {name: cart}
spec:
  type: LoadBalancer
  selector: {app: cart}
  ports: [{name: http, port: 80, targetPort: http}, {name: alt, port: 8080, targetPort: http}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart}
spec:
  replicas: 2
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart, tier: "0"}}
    spec:
      containers:
      - name: cart
        image: registry.test/server:v1
        args: [serve, "--page=/etc/cart/page"]
        ports: [{name: http, containerPort: 8080}]
        envFrom: [{configMapRef: {name: cart}}]
        env:
        - {name: PORT, value: "8080"}
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        - {name: TIER, valueFrom: {fieldRef: {fieldPath: "metadata.labels['tier']"}}}
        - {name: MY_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: CPU, valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: 1m}}}
        - {name: URL, value: "http://$(MY_IP):$(PORT)/$(TIER)"}
        - {name: PAGE, value: /etc/cart/page}
        - {name: SCRATCH, value: /tmp/scratch}
        resources: {requests: {cpu: 250m}}
        readinessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 1}
        volumeMounts: [{name: config, mountPath: /etc/cart}, {name: scratch, mountPath: /tmp}]
      volumes: [{name: config, configMap: {name: cart}}, {name: scratch, emptyDir: {}}]
`

func testDeployment(t *testing.T, c *cluster) {
	c.apply(t, deployment)
	if out, err := c.kubectl("", "rollout", "status", "deployment/cart", "--timeout=90s"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	service := c.service(t, "cart")
	gets(t, direct(), "http://"+service.Spec.ClusterIP+"/env?name=GREETING", "hello")
	gets(t, direct(), "http://"+service.Spec.ClusterIP+":8080/env?name=TIER", "0")
	gets(t, direct(), "http://"+service.Spec.ClusterIP+"/env?name=CPU", "250")
	gets(t, direct(), c.balancer(t, "cart")+"/env?name=GREETING", "hello")

	proxied := c.proxied(t, "default")
	for _, name := range []string{"cart", "cart:8080", "cart.default", "cart.default.svc", "cart.default.svc.cluster.local", "cart.default.svc.cluster.local."} {
		gets(t, proxied, "http://"+name+"/env?name=GREETING", "hello")
	}
	pod := c.pods(t, "app=cart")[0]
	local := "127" + strings.TrimPrefix(pod.Status.PodIP, "10")
	gets(t, direct(), "http://"+local+":8080/env?name=URL", "http://"+local+":8080/0")
	gets(t, proxied, "http://"+pod.Status.PodIP+":8080/env?name=POD_NAME", pod.Name)
	gets(t, direct(), "http://"+local+":8080/fetch?url="+url.QueryEscape("http://cart/env?name=GREETING"), "hello")
	if _, err := get(t.Context(), c.proxied(t, "elsewhere"), "http://cart/env?name=GREETING"); err == nil {
		t.Error("a client in another namespace reached the service by its short name")
	}
}

func testLiveVolume(t *testing.T, c *cluster) {
	at := c.balancer(t, "cart") + "/file?path=/etc/cart/page"
	gets(t, direct(), at, "first")
	c.apply(t, strings.Replace(strings.SplitN(deployment, "---", 2)[0], `"first"`, `"second"`, 1))
	gets(t, direct(), at, "second")
}

func testServiceAccount(t *testing.T, c *cluster) {
	// The cluster is below /tmp, as is a volume of the pod: its own files are found all the same.
	gets(t, direct(), c.balancer(t, "cart")+"/whoami", "system:serviceaccount:default:default")
}

func testLogsAndExec(t *testing.T, c *cluster) {
	pod := c.pods(t, "app=cart")[0].Name
	if out, err := c.kubectl("", "logs", pod); err != nil || !strings.Contains(out, "serving on 127.") {
		t.Errorf("logs: %v, %s", err, out)
	}
	if out, err := c.kubectl("", "exec", pod, "--", "server", "hello"); err != nil || out != "hello from "+pod+"\n" {
		t.Errorf("exec: %v, %s", err, out)
	}
	if out, err := c.kubectl("", "exec", pod, "--", "server", "exit", "7"); err == nil || !strings.Contains(out, "exit code 7") {
		t.Errorf("exec of a failing command: %v, %s", err, out)
	}
}

func testBlackHole(t *testing.T, c *cluster) {
	at := c.balancer(t, "cart") + "/env?name=GREETING"
	kept := &http.Client{Transport: &http.Transport{}}
	gets(t, kept, at, "hello") // leaves a connection open
	c.signal(t, syscall.SIGUSR1)
	eventually(t, "the black hole", func(ctx context.Context) error {
		for _, client := range []*http.Client{direct(), kept} {
			short, cancel := context.WithTimeout(ctx, direct().Timeout/10)
			_, err := get(short, client, at)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				return fmt.Errorf("want no answer, got %w", err)
			}
		}
		return nil
	})
	gets(t, direct(), "http://"+c.service(t, "cart").Spec.ClusterIP+"/env?name=GREETING", "hello")
	c.signal(t, syscall.SIGUSR2)
	gets(t, direct(), at, "hello")
}

func testCrashLoop(t *testing.T, c *cluster) {
	c.apply(t, podManifest("crash", `args: [exit, "3"]`, ""))
	c.containerBecomes(t, "crash", "a crash loop", func(status corev1.ContainerStatus) bool {
		last := status.LastTerminationState.Terminated
		return status.State.Waiting != nil && status.State.Waiting.Reason == "CrashLoopBackOff" &&
			status.RestartCount >= 2 && last != nil && last.ExitCode == 3
	})
	if pod := c.pod(t, "crash"); pod.Status.Phase != corev1.PodRunning {
		t.Errorf("phase %s, want Running", pod.Status.Phase)
	}
	c.remove(t, "pod", "crash")
}

func testLiveness(t *testing.T, c *cluster) {
	c.apply(t, podManifest("live", `args: [serve]`,
		`livenessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1, failureThreshold: 3}
    startupProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1, failureThreshold: 60}`))
	c.containerBecomes(t, "live", "ready", func(status corev1.ContainerStatus) bool { return status.Ready })
	before := c.pod(t, "live")
	local := "127" + strings.TrimPrefix(before.Status.PodIP, "10")
	gets(t, direct(), "http://"+local+":8080/sicken", "")
	c.containerBecomes(t, "live", "restarted", func(status corev1.ContainerStatus) bool {
		return status.Ready && status.RestartCount > before.Status.ContainerStatuses[0].RestartCount
	})
	c.remove(t, "pod", "live")
}

func testStatefulSet(t *testing.T, c *cluster) {
	c.apply(t, statefulSet)
	if out, err := c.kubectl("", "rollout", "status", "statefulset/db", "--timeout=90s"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	proxied := c.proxied(t, "default")
	gets(t, proxied, "http://db-1.db:8080/env?name=HOSTNAME", "db-1")
	gets(t, proxied, "http://db-0.db.default.svc.cluster.local:8080/env?name=HOSTNAME", "db-0")
	before := c.pod(t, "db-0")
	c.remove(t, "pod", "db-0")
	eventually(t, "the next db-0", func(ctx context.Context) error {
		pod, err := c.client.CoreV1().Pods("default").Get(ctx, "db-0", metav1.GetOptions{})
		if err == nil && (pod.UID == before.UID || !isReady(pod)) {
			err = errors.New("not there yet")
		}
		return err
	})
	gets(t, proxied, "http://db-0.db:8080/file?path=/data/journal", "start\nhook\nstop\nstart")
	c.remove(t, "statefulset", "db")
	c.remove(t, "pvc", "--all")
	eventually(t, "the volumes to be gone", func(context.Context) error {
		left, err := os.ReadDir(filepath.Join(c.config.Dir, "volumes"))
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("%d left", len(left))
		}
		return err
	})
}

func testJob(t *testing.T, c *cluster) {
	for name, image := range map[string]string{"real": serverImage, "fake": alienImage} {
		c.apply(t, fmt.Sprintf(job, name, image))
		if out, err := c.kubectl("", "wait", "--for=condition=complete", "job/"+name, "--timeout=90s"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

func testImages(t *testing.T, c *cluster) {
	c.apply(t, strings.ReplaceAll(podManifest("alien", "", ""), serverImage, alienImage))
	c.containerBecomes(t, "alien", "ready", func(status corev1.ContainerStatus) bool { return status.Ready })
	if got := c.pod(t, "alien").Annotations[podrun.SimulatedAnnotation]; got != "true" {
		t.Errorf("annotation %s is %q", podrun.SimulatedAnnotation, got)
	}
	c.remove(t, "pod", "alien")
	c.apply(t, strings.ReplaceAll(podManifest("missing", "args: [serve]", ""), serverImage, missingImage))
	c.containerBecomes(t, "missing", "ImagePullBackOff", func(status corev1.ContainerStatus) bool {
		return status.State.Waiting != nil && status.State.Waiting.Reason == "ImagePullBackOff"
	})
	c.putImage(missingImage, map[string]string{roleVariable: "server"})
	c.containerBecomes(t, "missing", "ready", func(status corev1.ContainerStatus) bool { return status.Ready })
	c.remove(t, "pod", "missing")
}

func testInit(t *testing.T, c *cluster) {
	c.apply(t, initPod)
	c.containerBecomes(t, "steps", "the end", func(status corev1.ContainerStatus) bool {
		return status.State.Terminated != nil && status.State.Terminated.ExitCode == 0
	})
	eventually(t, "the pod to succeed", func(context.Context) error {
		if phase := c.pod(t, "steps").Status.Phase; phase != corev1.PodSucceeded {
			return fmt.Errorf("phase %s", phase)
		}
		return nil
	})
	for _, status := range c.pod(t, "steps").Status.InitContainerStatuses {
		if status.State.Terminated == nil {
			t.Errorf("init container %s did not end", status.Name)
		}
	}
	c.remove(t, "pod", "steps")
}

func testRestart(t *testing.T, c *cluster) {
	before := c.pods(t, "app=cart")
	c.agent.Kill()
	<-c.agent.Done()
	for _, pod := range before {
		eventually(t, "the processes to be gone", func(context.Context) error { return gone(&pod) })
	}
	at := c.balancer(t, "cart")
	c.startAgent()
	for _, pod := range before {
		eventually(t, pod.Name+" to be back", func(ctx context.Context) error {
			now, err := c.client.CoreV1().Pods("default").Get(ctx, pod.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			status := now.Status.ContainerStatuses[0]
			if now.Status.PodIP != pod.Status.PodIP || status.RestartCount != pod.Status.ContainerStatuses[0].RestartCount+1 || !isReady(now) {
				return fmt.Errorf("address %s, restarts %d, ready %v", now.Status.PodIP, status.RestartCount, status.Ready)
			}
			return nil
		})
	}
	gets(t, direct(), at+"/env?name=GREETING", "hello")
}

func testDeletion(t *testing.T, c *cluster) {
	pods := c.pods(t, "app=cart")
	c.remove(t, "deployment", "cart")
	for _, pod := range pods {
		eventually(t, pod.Name+" to be gone", func(ctx context.Context) error {
			if _, err := c.client.CoreV1().Pods("default").Get(ctx, pod.Name, metav1.GetOptions{}); err == nil {
				return errors.New("it is still in the API")
			}
			if _, err := os.Stat(filepath.Join(c.config.Dir, "pods", string(pod.UID))); err == nil {
				return errors.New("its directory is still there")
			}
			return gone(&pod)
		})
	}
	eventually(t, "the service to refuse connections", func(ctx context.Context) error {
		_, err := get(ctx, direct(), "http://"+c.service(t, "cart").Spec.ClusterIP)
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return fmt.Errorf("want it refused, got %w", err)
		}
		return nil
	})
	left, err := os.ReadDir(filepath.Join(c.config.Dir, "pods"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, pod := range c.pods(t, "") {
		known[string(pod.UID)] = true
	}
	for _, entry := range left {
		if !known[entry.Name()] {
			t.Errorf("the directory of pod %s was left", entry.Name())
		}
	}
}

// gone tells whether the processes of a pod, as it was, have ended.
func gone(pod *corev1.Pod) error {
	for _, status := range pod.Status.ContainerStatuses {
		pid, err := strconv.Atoi(strings.TrimPrefix(status.ContainerID, "process://"))
		if err != nil {
			return fmt.Errorf("container id %q: %w", status.ContainerID, err)
		}
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("process %d is there: %w", pid, err)
		}
	}
	return nil
}

func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func (c *cluster) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(c.agent.PID(), signal); err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) pod(t *testing.T, name string) *corev1.Pod {
	t.Helper()
	pod, err := c.client.CoreV1().Pods("default").Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return pod
}

func (c *cluster) pods(t *testing.T, selector string) []corev1.Pod {
	t.Helper()
	list, err := c.client.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func (c *cluster) service(t *testing.T, name string) *corev1.Service {
	t.Helper()
	service, err := c.client.CoreV1().Services("default").Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// balancer is the URL of a Service's load balancer.
func (c *cluster) balancer(t *testing.T, name string) string {
	t.Helper()
	var at string
	eventually(t, "a load balancer", func(context.Context) error {
		ingress := c.service(t, name).Status.LoadBalancer.Ingress
		if len(ingress) == 0 || len(ingress[0].Ports) == 0 {
			return errors.New("none is shown")
		}
		at = "http://" + net.JoinHostPort(ingress[0].IP, strconv.Itoa(int(ingress[0].Ports[0].Port)))
		return nil
	})
	return at
}

// proxied is a client as in a pod of namespace.
func (c *cluster) proxied(t *testing.T, namespace string) *http.Client {
	t.Helper()
	plan, err := address.NewPlan(c.config.PodCIDR)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &url.URL{Scheme: "http", User: url.User(namespace), Host: plan.Local(plan.Node()).String() + ":3128"}
	return &http.Client{Timeout: direct().Timeout, Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
}

func (c *cluster) containerBecomes(t *testing.T, pod, what string, is func(corev1.ContainerStatus) bool) {
	t.Helper()
	eventually(t, "pod "+pod+": "+what, func(context.Context) error {
		statuses := c.pod(t, pod).Status.ContainerStatuses
		if len(statuses) == 0 || !is(statuses[0]) {
			return fmt.Errorf("statuses %+v", statuses)
		}
		return nil
	})
}

func (c *cluster) remove(t *testing.T, kind, name string) {
	t.Helper()
	if out, err := c.kubectl("", "delete", kind, name, "--timeout=60s"); err != nil {
		t.Errorf("deleting %s %s: %v\n%s", kind, name, err, out)
	}
}
