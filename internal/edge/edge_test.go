package edge

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"shopset.dev/shopset/internal/plan/routes"
)

// backend is a ShopSet: a real server that can be told to fail.
type backend struct {
	name     string
	server   *httptest.Server
	status   atomic.Int64 // of answers; of probes too
	requests atomic.Int64
}

func newBackend(t testing.TB, name string) *backend {
	t.Helper()
	b := &backend{name: name}
	b.status.Store(http.StatusOK)
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != probePath {
			b.requests.Add(1)
		}
		w.WriteHeader(int(b.status.Load()))
	}))
	t.Cleanup(b.server.Close)
	return b
}

func (b *backend) address() string { return b.server.Listener.Addr().String() }

// refusing gives an address at which nobody listens.
func refusing(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// twoShopSets has shop hoge on a and b, fuga on b and a, and piyo on a alone.
func twoShopSets(a, b string) routes.Table {
	return routes.Table{
		Epoch: 1,
		Hosts: []routes.Host{
			{Name: "hoge.example", Group: "standard/0", Shop: "hoge"},
			{Name: "fuga.example", Group: "standard/1", Shop: "fuga"},
			{Name: "piyo.example", Group: "single/0", Shop: "piyo"},
		},
		Groups: []routes.Group{
			{Name: "standard/0", ShopSets: []string{"a", "b"}},
			{Name: "standard/1", ShopSets: []string{"b", "a"}},
			{Name: "single/0", ShopSets: []string{"a"}},
		},
		ShopSets: []routes.ShopSet{
			{Name: "a", Tier: "prod", State: routes.Active, Addresses: []string{a}},
			{Name: "b", Tier: "prod", State: routes.Active, Addresses: []string{b}},
		},
		Classes: []routes.Class{{Name: "standard", RetryPercent: 20, ConnectMillis: 500, ResponseMillis: 2000}},
	}
}

// fixture is a running edge that reads its table from a folder.
type fixture struct {
	*Edge
	t        testing.TB
	folder   string
	state    string
	registry *prometheus.Registry
	cancel   context.CancelFunc
	done     chan error
}

func start(t testing.TB, table routes.Table) *fixture {
	t.Helper()
	f := &fixture{t: t, folder: t.TempDir(), state: t.TempDir()}
	f.write(table)
	f.run()
	f.until("there is a table", f.Ready)
	return f
}

// run begins anew, as after a restart.
func (f *fixture) run() {
	f.t.Helper()
	f.registry = prometheus.NewRegistry()
	edge, err := New(Config{
		Name: "edge-1", Tables: TablesConfig{Dir: f.folder}, StateDir: f.state, Registry: f.registry,
		Probe: ProbeConfig{Interval: 50 * time.Millisecond, Timeout: 300 * time.Millisecond},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.Edge = edge
	ctx, cancel := context.WithCancel(f.t.Context())
	f.cancel, f.done = cancel, make(chan error, 1)
	go func() { f.done <- edge.Run(ctx) }()
	f.t.Cleanup(f.stop)
}

func (f *fixture) stop() {
	if f.done == nil {
		return
	}
	f.cancel()
	if err := <-f.done; err != nil {
		f.t.Errorf("running the edge: %v", err)
	}
	f.done = nil
}

func (f *fixture) write(table routes.Table) {
	f.t.Helper()
	files, err := routes.Encode(table)
	if err != nil {
		f.t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(f.folder, name), content, 0o600); err != nil {
			f.t.Fatal(err)
		}
	}
}

// until waits; it fails only if nothing happens at all.
func (f *fixture) until(what string, condition func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatalf("not so after 30 s: %s\n%+v", what, f.Status())
		}
	}
}

func (f *fixture) healthy(name string) bool {
	for _, s := range f.Status().ShopSets {
		if s.Name == name {
			return s.Healthy
		}
	}
	return false
}

func (f *fixture) begin(host string) *Request {
	f.t.Helper()
	r, refusal := f.Begin(host, "192.0.2.1:1234")
	if refusal != nil {
		f.t.Fatalf("%s: %+v", host, refusal)
	}
	return r
}

// serve does what a proxy does, and gives the ShopSets that were tried and the status.
func (f *fixture) serve(method, host string) (tried []string, status int) {
	f.t.Helper()
	r := f.begin(host)
	defer r.End()
	for {
		attempt, refusal := r.Next()
		if refusal != nil {
			return tried, refusal.Status
		}
		tried = append(tried, attempt.ShopSet)
		res := send(f.t.Context(), method, attempt)
		attempt.Done(res)
		if res.Err == nil && res.Status < 500 || !r.MayRetry(method, res) {
			if res.Status == 0 {
				res.Status = http.StatusBadGateway
			}
			return tried, res.Status
		}
	}
}

func send(ctx context.Context, method string, a *Attempt) Result {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if method == http.MethodGet {
		go func() {
			if a.MayBeLost() && a.AwaitLoss(ctx.Done()) {
				cancel(ErrLost)
			}
		}()
	}
	connected := false
	transport := &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: a.ResponseTimeout, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{Timeout: a.ConnectTimeout}).DialContext(ctx, network, address)
		connected = err == nil
		return c, err
	}}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+a.Address+"/", nil)
	if err != nil {
		return Result{Err: err}
	}
	began := time.Now()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return Result{Err: err, Sent: connected, Latency: time.Since(began)}
	}
	response.Body.Close()
	return Result{Status: response.StatusCode, Sent: true, Latency: time.Since(began)}
}

// metric adds up the values of a metric whose labels contain all those given.
func (f *fixture) metric(name string, labels ...string) float64 {
	f.t.Helper()
	families, err := f.registry.Gather()
	if err != nil {
		f.t.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		if family.GetName() != "shopset_edge_"+name {
			continue
		}
		for _, m := range family.GetMetric() {
			if hasLabels(m, labels) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}

func hasLabels(m *dto.Metric, labels []string) bool {
	for _, want := range labels {
		found := false
		for _, pair := range m.GetLabel() {
			found = found || pair.GetName()+"="+pair.GetValue() == want
		}
		if !found {
			return false
		}
	}
	return true
}

func TestARequestGoesToTheFirstShopSetOfItsGroup(t *testing.T) {
	a, b := newBackend(t, "a"), newBackend(t, "b")
	f := start(t, twoShopSets(a.address(), b.address()))
	for host, want := range map[string]string{"hoge.example": "a", "Fuga.Example.:8443": "b", "piyo.example": "a"} {
		if tried, status := f.serve(http.MethodGet, host); strings.Join(tried, " ") != want || status != http.StatusOK {
			t.Errorf("%s: %v, %d; want %s", host, tried, status, want)
		}
	}
	r := f.begin("fuga.example")
	defer r.End()
	if r.Shop() != "fuga" || r.Group() != "standard/1" || r.Class() != "standard" || r.ShopSet() != "" {
		t.Errorf("shop %s group %s class %s ShopSet %q", r.Shop(), r.Group(), r.Class(), r.ShopSet())
	}
	for _, host := range []string{"other.example", "", "*.example", "127.0.0.1", strings.Repeat("x", 5000)} {
		if _, refusal := f.Begin(host, ""); refusal == nil || refusal.Status != http.StatusNotFound {
			t.Errorf("%.20q: %+v", host, refusal)
		}
	}
	if !f.HasHost("HOGE.example") || f.HasHost("other.example") {
		t.Error("HasHost does not know the hosts of the table")
	}
	if got := f.metric("requests_total", "shopset=a", "class=standard", "code=2xx", "tier=prod"); got != 1 {
		t.Errorf("%v requests of class standard at a, want 1", got)
	}
	if got := f.metric("refusals_total", "reason=unknown host"); got != 5 {
		t.Errorf("%v refusals, want 5", got)
	}
}

func TestARefusedConnectionLosesNoRequestOfAnyMethod(t *testing.T) {
	b := newBackend(t, "b")
	f := start(t, twoShopSets(refusing(t), b.address()))
	for range 300 {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			if tried, status := f.serve(method, "hoge.example"); status != http.StatusOK || tried[len(tried)-1] != "b" {
				t.Fatalf("%s: tried %v, status %d", method, tried, status)
			}
		}
	}
	if retries := f.metric("retries_total"); retries > 100 {
		t.Errorf("%v retries: nobody noticed that a is dead", retries)
	}
	f.until("the probes say that a is down", func() bool { return f.metric("shopset_healthy", "shopset=a") == 0 })
}

func TestOneThatIsAloneAndDownGetsOneAttempt(t *testing.T) {
	b := newBackend(t, "b")
	f := start(t, twoShopSets(refusing(t), b.address()))
	f.until("a is down", func() bool { return !f.healthy("a") })
	if tried, status := f.serve(http.MethodGet, "piyo.example"); len(tried) != 1 || status != http.StatusServiceUnavailable {
		t.Errorf("tried %v, status %d", tried, status)
	}
	b.server.Close()
	f.until("b is down", func() bool { return !f.healthy("b") })
	if tried, status := f.serve(http.MethodGet, "hoge.example"); strings.Join(tried, " ") != "a" || status != http.StatusServiceUnavailable {
		t.Errorf("tried %v, status %d; want a alone", tried, status)
	}
	f.until("the edge suspects itself", func() bool { return f.Status().Panic && f.metric("panic") == 1 })
}

func TestAPostThatWasSentIsNotReplayed(t *testing.T) {
	f := start(t, twoShopSets(refusing(t), refusing(t)))
	r := f.begin("hoge.example")
	defer r.End()
	if _, refusal := r.Next(); refusal != nil {
		t.Fatalf("%+v", refusal)
	}
	broken, unsent, gone := Result{Err: errors.New("reset"), Sent: true}, Result{Err: errors.New("refused")}, Result{Err: context.Canceled, Aborted: true}
	tests := map[string]struct {
		method string
		result Result
		want   bool
	}{
		"a GET that broke":             {http.MethodGet, broken, true},
		"a HEAD that broke":            {http.MethodHead, broken, true},
		"an OPTIONS that broke":        {http.MethodOptions, broken, true},
		"a POST that broke":            {http.MethodPost, broken, false},
		"a PUT that broke":             {http.MethodPut, broken, false},
		"a DELETE that broke":          {http.MethodDelete, broken, false},
		"a POST that was never sent":   {http.MethodPost, unsent, true},
		"a GET whose client left":      {http.MethodGet, gone, false},
		"a POST that was answered 503": {http.MethodPost, Result{Status: 503, Sent: true}, false},
		"a GET that was answered 503":  {http.MethodGet, Result{Status: 503, Sent: true}, true},
		"a GET that was answered 500":  {http.MethodGet, Result{Status: 500, Sent: true}, false},
		"a GET that was answered":      {http.MethodGet, Result{Status: 200, Sent: true}, false},
	}
	for name, test := range tests {
		if got := r.MayRetry(test.method, test.result); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := f.metric("unreplayed_total", "shopset=a", "class=standard"); got != 1 {
		t.Errorf("%v requests counted as lost, want 1 however often it is asked", got)
	}
}

func TestAFrozenShopSetCostsAGetLessThanASecond(t *testing.T) {
	frozen, err := net.Listen("tcp", "127.0.0.1:0") // connections come about, and nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer frozen.Close()
	b := newBackend(t, "b")
	f := start(t, twoShopSets(frozen.Addr().String(), b.address()))
	r := f.begin("hoge.example")
	defer r.End()
	attempt, refusal := r.Next()
	if refusal != nil || attempt.ShopSet != "a" {
		t.Skipf("the probes were faster than the request: %+v", attempt)
	}
	began := time.Now()
	res := send(t.Context(), http.MethodGet, attempt)
	if took := time.Since(began); took >= attempt.ResponseTimeout || !res.Sent || res.Err == nil {
		t.Errorf("given up after %v: %+v", took, res)
	} else {
		t.Logf("given up after %v", took)
	}
	attempt.Done(res)
	if next, refusal := r.Next(); refusal != nil || next.ShopSet != "b" {
		t.Errorf("%+v, %+v", next, refusal)
	} else {
		next.Done(send(t.Context(), http.MethodGet, next))
	}
}

func TestARequestBegunWhereNothingAnsweredGoesOverToWhoReturns(t *testing.T) {
	frozen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer frozen.Close()
	b := newBackend(t, "b")
	b.status.Store(http.StatusInternalServerError)
	table := twoShopSets(frozen.Addr().String(), b.address())
	table.Classes[0].ResponseMillis = 600_000
	f := start(t, table)
	f.until("both look bad", func() bool { return !f.healthy("a") && !f.healthy("b") })
	type result struct {
		tried  []string
		status int
	}
	done := make(chan result, 1)
	go func() {
		tried, status := f.serve(http.MethodGet, "hoge.example")
		done <- result{tried, status}
	}()
	f.until("the request waits", func() bool { return f.Status().ShopSets[0].InFlight == 1 })
	b.status.Store(http.StatusOK)
	if got := <-done; got.status != http.StatusOK || strings.Join(got.tried, " ") != "a b" {
		t.Errorf("%+v", got)
	}
}
