package workload_test

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/apitest"
	"shopset.dev/shopset/internal/edgestatus"
	"shopset.dev/shopset/internal/wiretest"
	"shopset.dev/shopset/internal/workload"
)

// watched is a cluster behind a line, seen through Observers.
type watched struct {
	t         *testing.T
	server    *apitest.Server
	line      *wiretest.Line
	observers *workload.Observers
	fleet     string // namespace with the Secret
	told      atomic.Int64
}

const patience = 30 * time.Second

func newWatched(t *testing.T, server *apitest.Server) *watched {
	t.Helper()
	target, err := url.Parse(server.Config.Host)
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{t: t, server: server, line: wiretest.New(t, target.Host), fleet: server.Namespace(t, "fleet")}
	w.secret(w.kubeconfig())
	w.observers = workload.New(workload.Config{
		Secrets: server.Client, Clock: clock.RealClock{}, Changed: func(string) { w.told.Add(1) },
		ProbeEvery: 50 * time.Millisecond, ProbeTimeout: 500 * time.Millisecond, ReadSecretEvery: 200 * time.Millisecond,
	})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.observers.Start(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return w
}

func (w *watched) kubeconfig() string {
	w.t.Helper()
	text, err := os.ReadFile(w.server.Kubeconfig)
	if err != nil {
		w.t.Fatal(err)
	}
	target, _ := url.Parse(w.server.Config.Host)
	return strings.ReplaceAll(string(text), target.Host, w.line.Address())
}

func (w *watched) secret(kubeconfig string) {
	w.t.Helper()
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.fleet, Name: "a"}, Data: map[string][]byte{"kubeconfig": []byte(kubeconfig)}}
	_ = w.server.Client.Delete(w.t.Context(), s.DeepCopy()) // there may be none
	if err := w.server.Client.Create(w.t.Context(), s); err != nil {
		w.t.Fatal(err)
	}
}

func (w *watched) seen() workload.Seen { return w.observers.Seen(w.fleet)["a"] }

// until waits for what is seen.
func (w *watched) until(what string, ok func(workload.Seen) bool) workload.Seen {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		if s := w.seen(); ok(s) {
			return s
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.t.Fatalf("%s is not seen; what is: %+v", what, w.seen())
	return workload.Seen{}
}

func (w *watched) entry(namespace, ip string) {
	w.t.Helper()
	ctx := w.t.Context()
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "lb"}, Spec: corev1.ServiceSpec{
		Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Name: "tls", Port: 443}, {Name: "http", Port: 8080}},
	}}
	if err := w.server.Client.Create(ctx, s); err != nil {
		w.t.Fatal(err)
	}
	s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: ip}}
	if err := w.server.Client.Status().Update(ctx, s); err != nil {
		w.t.Fatal(err)
	}
}

func (w *watched) status(namespace string, s edgestatus.Status) {
	w.t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		w.t.Fatal(err)
	}
	c := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: edgestatus.NamePrefix + s.Edge,
		Labels: map[string]string{edgestatus.LabelKey: "true"}}, Data: map[string]string{edgestatus.DataKey: string(text)}}
	if err := w.server.Client.Update(w.t.Context(), c); err != nil {
		if err := w.server.Client.Create(w.t.Context(), c); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestObservers(t *testing.T) {
	server := apitest.Start(t)
	t.Run("addresses are seen, and stay while the cluster is cut off", func(t *testing.T) { testAddresses(t, server) })
	t.Run("a frozen cluster does not answer, and answers again", func(t *testing.T) { testFrozen(t, server) })
	t.Run("edges' statuses are received", func(t *testing.T) { testStatuses(t, server) })
	t.Run("what is wrong on our side is local", func(t *testing.T) { testLocal(t, server) })
}

func testAddresses(t *testing.T, server *apitest.Server) {
	w := newWatched(t, server)
	one, two := server.Namespace(t, "one"), server.Namespace(t, "two")
	w.entry(one, "10.1.2.3")
	w.observers.Observe(w.fleet, []workload.Target{{Cluster: "a", Secret: "a", EntryService: "lb"}})
	w.until("the address", func(s workload.Seen) bool { return cmp.Equal(s.Addresses[one], []string{"10.1.2.3:8080"}) })
	told := w.told.Load()
	w.line.Cut()
	cut := w.until("silence", func(s workload.Seen) bool { return !s.At.IsZero() && !s.Reachable && s.InARow > 2 })
	if cut.Local != "" || !strings.Contains(cut.Problem, "connection refused") {
		t.Errorf("problem %q, local %q", cut.Problem, cut.Local)
	}
	if !cmp.Equal(cut.Addresses[one], []string{"10.1.2.3:8080"}) || w.told.Load() == told {
		t.Errorf("addresses %v, told %d times", cut.Addresses, w.told.Load()-told)
	}
	w.entry(two, "10.4.5.6")
	w.line.Mend(t)
	back := w.until("the address that came meanwhile", func(s workload.Seen) bool { return s.Reachable && len(s.Addresses[two]) == 1 })
	if !cmp.Equal(back.Addresses[one], []string{"10.1.2.3:8080"}) || !back.Since.After(cut.Since) {
		t.Errorf("after the return: %+v", back)
	}
}

func testFrozen(t *testing.T, server *apitest.Server) {
	w := newWatched(t, server)
	w.observers.Observe(w.fleet, []workload.Target{{Cluster: "a", Secret: "a", EntryService: "lb"}})
	w.until("an answer", func(s workload.Seen) bool { return s.Reachable && s.Listed })
	w.line.Freeze()
	frozen := w.until("silence", func(s workload.Seen) bool { return !s.Reachable })
	if frozen.Local != "" || !strings.Contains(frozen.Problem, "no answer in time") {
		t.Errorf("problem %q, local %q", frozen.Problem, frozen.Local)
	}
	namespace := server.Namespace(t, "frozen")
	w.entry(namespace, "10.7.8.9")
	w.line.Mend(t)
	w.until("what came meanwhile", func(s workload.Seen) bool { return s.Reachable && len(s.Addresses[namespace]) == 1 })
}

func testStatuses(t *testing.T, server *apitest.Server) {
	w := newWatched(t, server)
	edges := server.Namespace(t, "edges")
	old := time.Now().Add(-time.Hour)
	w.status(edges, edgestatus.Status{Edge: "e1", Time: old, Ready: true, ShopSets: []edgestatus.ShopSetStatus{{Name: "a-1", Healthy: true}}})
	w.observers.Observe(w.fleet, []workload.Target{{Cluster: "a", Secret: "a", EntryService: "lb", EdgeNamespace: edges}})
	first := w.until("a status", func(s workload.Seen) bool { return len(s.Edges) == 1 })
	if age := time.Since(first.Edges[0].Received); age < 59*time.Minute {
		t.Errorf("a status that was lying there for an hour counts as %s old", age)
	}
	told := w.told.Load()
	w.status(edges, edgestatus.Status{Edge: "e1", Time: old.Add(time.Minute), Ready: true, ShopSets: []edgestatus.ShopSetStatus{{Name: "a-1"}}})
	second := w.until("its change", func(s workload.Seen) bool { return len(s.Edges) == 1 && !s.Edges[0].Status.ShopSets[0].Healthy })
	if age := time.Since(second.Edges[0].Received); age > patience || w.told.Load() == told {
		t.Errorf("a status that just came counts as %s old; told %d times", age, w.told.Load()-told)
	}
	w.line.Cut()
	cut := w.until("silence", func(s workload.Seen) bool { return !s.Reachable })
	if len(cut.Edges) != 1 || !cut.Edges[0].Received.Equal(second.Edges[0].Received) {
		t.Errorf("edges while the cluster is cut off: %+v", cut.Edges)
	}
}

func testLocal(t *testing.T, server *apitest.Server) {
	good := newWatched(t, server).kubeconfig()
	tests := map[string]struct{ kubeconfig, problem string }{
		"a name that is not resolved":      {replaceHost(good, "nowhere.invalid:6443"), "no such host"},
		"a certificate of another CA":      {dropCA(good), "certificate"},
		"a kubeconfig that runs a program": {strings.Replace(good, "user:\n    ", "user:\n    exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}\n    ", 1), "would run the program"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWatched(t, server)
			w.secret(tc.kubeconfig)
			w.observers.Observe(w.fleet, []workload.Target{{Cluster: "a", Secret: "a", EntryService: "lb"}})
			s := w.until("a problem", func(s workload.Seen) bool { return s.Problem != "" })
			if s.Local == "" || !strings.Contains(s.Local, tc.problem) {
				t.Errorf("local %q, want one with %q", s.Local, tc.problem)
			}
			w.secret(w.kubeconfig())
			w.until("an answer once the Secret is right", func(s workload.Seen) bool { return s.Reachable && s.Local == "" })
		})
	}
}

func replaceHost(kubeconfig, host string) string {
	var out []string
	for line := range strings.Lines(kubeconfig) {
		if before, _, found := strings.Cut(line, "server: "); found {
			line = before + "server: https://" + host + "\n"
		}
		out = append(out, line)
	}
	return strings.Join(out, "")
}

func dropCA(kubeconfig string) string {
	var out []string
	for line := range strings.Lines(kubeconfig) {
		if !strings.Contains(line, "certificate-authority-data") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}
