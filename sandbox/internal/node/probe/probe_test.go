package probe

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestCounter(t *testing.T) {
	const good, bad = true, false
	for name, test := range map[string]struct {
		counter Counter
		results []bool
		want    []Verdict
	}{
		"one success is enough by default": {Counter{Failures: 3}, []bool{good}, []Verdict{Passing}},
		"failures must be in a row": {
			Counter{Failures: 3}, []bool{bad, bad, good, bad, bad, bad},
			[]Verdict{Undecided, Undecided, Passing, Undecided, Undecided, Failing},
		},
		"so must successes": {
			Counter{Successes: 2, Failures: 1}, []bool{good, bad, good, good},
			[]Verdict{Undecided, Failing, Undecided, Passing},
		},
		"a verdict is repeated while it holds": {
			Counter{Successes: 1, Failures: 2}, []bool{bad, bad, bad}, []Verdict{Undecided, Failing, Failing},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []Verdict
			for _, result := range test.results {
				got = append(got, test.counter.Add(result))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/moved":
			http.Redirect(w, r, "/fine", http.StatusFound)
		case r.URL.Path == "/away":
			http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusFound)
		case r.Host == "shop.example" && r.Header.Get("X-Probe") == "1", r.URL.Path == "/fine":
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	port := func(server *httptest.Server) intstr.IntOrString {
		return intstr.FromInt(server.Listener.Addr().(*net.TCPAddr).Port)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := intstr.FromInt(closed.Addr().(*net.TCPAddr).Port)
	closed.Close()
	target := Target{
		Address: "127.0.0.1",
		Ports:   []corev1.ContainerPort{{Name: "http", ContainerPort: port(plain).IntVal}},
		Exec: func(_ context.Context, command []string) error {
			code, err := strconv.Atoi(command[0])
			if err == nil && code != 0 {
				err = errors.New("exit code " + command[0])
			}
			return err
		},
	}
	httpGet := func(get corev1.HTTPGetAction) corev1.ProbeHandler { return corev1.ProbeHandler{HTTPGet: &get} }
	for name, test := range map[string]struct {
		handler corev1.ProbeHandler
		fails   bool
	}{
		"a good status":                 {httpGet(corev1.HTTPGetAction{Path: "/fine", Port: port(plain)}), false},
		"a path without its slash":      {httpGet(corev1.HTTPGetAction{Path: "fine", Port: port(plain)}), false},
		"a bad status":                  {httpGet(corev1.HTTPGetAction{Path: "/", Port: port(plain)}), true},
		"a redirect on the same host":   {httpGet(corev1.HTTPGetAction{Path: "/moved", Port: port(plain)}), false},
		"a redirect elsewhere is good":  {httpGet(corev1.HTTPGetAction{Path: "/away", Port: port(plain)}), false},
		"a port by name":                {httpGet(corev1.HTTPGetAction{Path: "/fine", Port: intstr.FromString("http")}), false},
		"a port that nobody named":      {httpGet(corev1.HTTPGetAction{Path: "/fine", Port: intstr.FromString("web")}), true},
		"https, whoever signed":         {httpGet(corev1.HTTPGetAction{Path: "/fine", Port: port(secure), Scheme: corev1.URISchemeHTTPS}), false},
		"headers, Host among them":      {httpGet(corev1.HTTPGetAction{Port: port(plain), HTTPHeaders: []corev1.HTTPHeader{{Name: "Host", Value: "shop.example"}, {Name: "X-Probe", Value: "1"}}}), false},
		"an HTTP server that is gone":   {httpGet(corev1.HTTPGetAction{Path: "/fine", Port: refused}), true},
		"a port that is open":           {corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: port(plain)}}, false},
		"a port that is not":            {corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: refused}}, true},
		"a command that succeeds":       {corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"0"}}}, false},
		"a command that fails":          {corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"4"}}}, true},
		"a gRPC server is asked a port": {corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: port(plain).IntVal}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Check(t.Context(), test.handler, target); (err != nil) != test.fails {
				t.Errorf("error %v, want one: %v", err, test.fails)
			}
		})
	}
}

func TestWatchReportsUntilToldToStop(t *testing.T) {
	results := []error{errors.New("1"), errors.New("2"), nil}
	next := 0
	target := Target{Exec: func(context.Context, []string) error { next++; return results[next-1] }}
	probe := &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{Exec: &corev1.ExecAction{}},
		PeriodSeconds: 1, FailureThreshold: 2,
	}
	var got []Verdict
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	Watch(ctx, probe, target, func(verdict Verdict, _ error) bool {
		got = append(got, verdict)
		return verdict != Passing
	})
	if diff := cmp.Diff([]Verdict{Undecided, Failing, Passing}, got); diff != "" {
		t.Error(diff)
	}
}
