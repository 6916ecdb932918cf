package fleet

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/apitest"
	"shopset.dev/shopset/internal/githost"
)

// What the controller may cost while nothing happens, on 1,000 ShopSets in 100 clusters.
const (
	mostCores  = 0.05
	mostMemory = 300 << 20
	window     = time.Minute
)

// BenchmarkSteadyState runs the real controller against a real API server with 1,000 ShopSets
// whose Applications are written as Argo CD would write them (a hundred clusters do not fit on
// one machine), waits until the first release is proven on every tier, and then measures the
// process for a minute in which Argo CD's usual bookkeeping goes on. It runs once.
func BenchmarkSteadyState(b *testing.B) {
	server := apitest.Start(b)
	server.InstallArgoCDKinds(b)
	host, err := githost.New(githost.Config{Root: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	git := httptest.NewServer(host)
	b.Cleanup(git.Close)
	for _, name := range []string{"apps", "system"} {
		if err := host.Create(name); err != nil {
			b.Fatal(err)
		}
	}
	pushApps(b, git.URL+"/apps.git")
	createFleet(b, server.Client, git.URL)

	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	pid := startController(b, server.Kubeconfig)
	argo := &applier{client: newApplierClient(b, server), systemURL: git.URL + "/system.git", dir: b.TempDir()}
	done := make(chan error, 1)
	go func() { done <- argo.run(ctx) }()
	waitProven(b, server.Client)

	before, start := cpuSeconds(b, pid), time.Now()
	for b.Loop() {
		time.Sleep(window)
	}
	cores := (cpuSeconds(b, pid) - before) / time.Since(start).Seconds()
	memory := residentBytes(b, pid)
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(cores*100, "%core")
	b.ReportMetric(float64(memory)/(1<<20), "MiB")
	b.ReportMetric(float64(argo.touched), "application-writes")
	if cores > mostCores || memory > mostMemory {
		b.Errorf("steady state takes %.1f %% of a core and %d MiB, more than %.0f %% and %d MiB", cores*100, memory>>20, mostCores*100, mostMemory>>20)
	}
	if argo.touched == 0 {
		b.Error("no Application was written during the measurement: it measured nothing")
	}
}

// createFleet makes the objects of the large fleet.
func createFleet(b *testing.B, c client.Client, gitURL string) {
	b.Helper()
	f, o := largeFleet(gitURL+"/apps.git", gitURL+"/system.git")
	list := []client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: f.Namespace}}}
	for i := range o.FailureDomains {
		list = append(list, &o.FailureDomains[i])
	}
	for i := range o.Configurations {
		list = append(list, &o.Configurations[i])
	}
	for i := range o.Tiers {
		list = append(list, &o.Tiers[i])
	}
	for i := range o.WorkloadClusters {
		list = append(list, &o.WorkloadClusters[i])
	}
	for i := range o.ShopSets {
		list = append(list, &o.ShopSets[i])
	}
	for _, obj := range append(list, f) {
		obj.SetUID("")
		obj.SetGeneration(0)
		if err := c.Create(b.Context(), obj); err != nil {
			b.Fatalf("creating %s: %v", obj.GetName(), err)
		}
	}
}

// startController builds and runs the controller, and gives its process id.
func startController(b *testing.B, kubeconfig string) int {
	b.Helper()
	dir := b.TempDir()
	binary := filepath.Join(dir, "shopset-controller")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", binary, "shopset.dev/shopset/cmd/shopset-controller").CombinedOutput(); err != nil {
		b.Fatalf("building the controller: %v\n%s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(binary, "--admission=false", "--push-event-port=0", "--probe-port=0", "--metrics-port=0", "--dir", filepath.Join(dir, "git"))
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil {
			b.Errorf("stopping the controller: %v", err)
		}
		_ = cmd.Wait() // it was killed
		if b.Failed() {
			text, _ := os.ReadFile(log.Name()) // for people, as far as there is any
			b.Logf("the controller's log ends:\n%s", text[max(0, len(text)-4000):])
		}
	})
	return cmd.Process.Pid
}

// waitProven waits until every tier has proven the first release.
func waitProven(b *testing.B, c client.Client) {
	b.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		var list v1alpha1.TierList
		if err := c.List(b.Context(), &list); err != nil {
			b.Fatal(err)
		}
		var state []string
		proven := 0
		for _, t := range list.Items {
			state = append(state, fmt.Sprintf("%s %s %s: %s", t.Name, t.Status.Phase, t.Status.Live, t.Status.Reason))
			if t.Status.Phase == v1alpha1.TierProven && t.Status.Live == fmt.Sprintf("%d/%d", shopSets/tiers, shopSets/tiers) {
				proven++
			}
		}
		if proven == tiers {
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("the first release is not proven everywhere:\n%s", strings.Join(state, "\n"))
		}
		time.Sleep(time.Second)
	}
}

// cpuSeconds is the processor time of a process so far.
func cpuSeconds(b *testing.B, pid int) float64 {
	b.Helper()
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+2:]))
	total := 0.0
	for _, f := range fields[11:15] { // utime, stime, and those of git processes waited for
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			b.Fatal(err)
		}
		total += n
	}
	const ticks = 100 // per second, on every Linux that Go supports
	return total / ticks
}

// residentBytes is the memory of a process.
func residentBytes(b *testing.B, pid int) int {
	b.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		b.Fatal(err)
	}
	for _, line := range strings.Split(string(status), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				b.Fatal(err)
			}
			return kb << 10
		}
	}
	b.Fatal("the process says nothing of its memory")
	return 0
}
