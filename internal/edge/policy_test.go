package edge

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	clocktesting "k8s.io/utils/clock/testing"

	tables "shopset.dev/shopset/internal/edge/table"
	"shopset.dev/shopset/internal/plan/routes"
)

func TestADrainedShopSetFinishesWhatItHas(t *testing.T) {
	a, b := newBackend(t, "a"), newBackend(t, "b")
	table := twoShopSets(a.address(), b.address())
	f := start(t, table)
	open := f.begin("hoge.example")
	defer open.End()
	attempt, refusal := open.Next()
	if refusal != nil {
		t.Fatalf("%+v", refusal)
	}
	table.Epoch, table.ShopSets[0].State = 2, routes.Drained
	f.write(table)
	f.until("epoch 2 is in force", func() bool { return f.Status().Table.Epoch == 2 })
	if tried, status := f.serve(http.MethodPost, "hoge.example"); strings.Join(tried, " ") != "b" || status != http.StatusOK {
		t.Errorf("tried %v, %d", tried, status)
	}
	if tried, status := f.serve(http.MethodPost, "piyo.example"); strings.Join(tried, " ") != "a" || status != http.StatusOK {
		t.Errorf("one that is nowhere else: tried %v, %d", tried, status)
	}
	if s := f.Status().ShopSets[0]; !s.Drained || s.InFlight != 1 || s.LastRequest.IsZero() {
		t.Errorf("got %+v", s)
	}
	attempt.Done(Result{Status: http.StatusOK, Sent: true})
	if s := f.Status().ShopSets[0]; s.InFlight != 0 || f.metric("shopset_in_flight", "shopset=a") != 0 {
		t.Errorf("got %+v", s)
	}
	b.server.Close()
	f.until("b is down", func() bool { return !f.healthy("b") })
	if tried, status := f.serve(http.MethodPost, "hoge.example"); strings.Join(tried, " ") != "a" || status != http.StatusOK {
		t.Errorf("when no other answers: tried %v, %d", tried, status)
	}
}

func TestAnOverrideWinsAndIsShown(t *testing.T) {
	a, b := newBackend(t, "a"), newBackend(t, "b")
	f := start(t, twoShopSets(a.address(), b.address()))
	text, err := routes.EncodeOverrides([]routes.Override{{
		Match: "standard/0", ShopSets: []string{"b"}, Until: time.Now().Add(time.Hour).UTC().Format(time.RFC3339), Owner: "taro", Reason: "a is odd",
	}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(f.folder, routes.OverrideFile)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f.until("the override is in force", func() bool { return f.metric("overrides") == 1 })
	if tried, _ := f.serve(http.MethodGet, "hoge.example"); strings.Join(tried, " ") != "b" {
		t.Errorf("tried %v", tried)
	}
	if rows := f.Status().Overrides; len(rows) != 1 || rows[0].Owner != "taro" || rows[0].Requests != 1 || rows[0].Expired {
		t.Errorf("got %+v", rows)
	}
	if got := f.metric("override_requests_total"); got != 1 {
		t.Errorf("%v requests counted", got)
	}
	// It outlives a restart without its source.
	f.until("it is on the disk", func() bool {
		content, err := os.ReadFile(filepath.Join(f.state, "table", "CURRENT"))
		return err == nil && !strings.Contains(string(content), "# override e3b0c442") // the sum of nothing
	})
	f.stop()
	f.folder = filepath.Join(f.folder, "gone")
	f.run()
	if tried, _ := f.serve(http.MethodGet, "hoge.example"); strings.Join(tried, " ") != "b" {
		t.Errorf("after a restart: tried %v", tried)
	}
}

func TestARestartServesFromDisk(t *testing.T) {
	a, b := newBackend(t, "a"), newBackend(t, "b")
	f := start(t, twoShopSets(a.address(), b.address()))
	f.until("the table is on the disk", func() bool {
		_, err := os.Stat(filepath.Join(f.state, "table", "CURRENT"))
		return err == nil
	})
	f.stop()
	f.folder = filepath.Join(f.folder, "gone")
	f.run()
	if tried, status := f.serve(http.MethodGet, "hoge.example"); status != http.StatusOK {
		t.Errorf("tried %v, %d", tried, status)
	}
	if s := f.Status(); !s.Ready || !strings.HasPrefix(s.Table.Source, "disk ") || s.Table.Rows.Hosts != 3 {
		t.Errorf("got %+v", s.Table)
	}
	f.stop()
	if err := os.WriteFile(filepath.Join(f.state, "table", "CURRENT"), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.run()
	if f.Ready() || f.metric("table_refused_total", "reason=unreadable") != 1 {
		t.Errorf("a damaged copy: ready %v", f.Ready())
	}
	if _, refusal := f.Begin("hoge.example", ""); refusal == nil || refusal.Status != http.StatusServiceUnavailable || refusal.RetryAfter == 0 {
		t.Errorf("without a table: %+v", refusal)
	}
}

// still is an edge at which nothing happens by itself: neither time passes nor is anything probed.
func still(t *testing.T, table routes.Table) *fixture {
	t.Helper()
	f := &fixture{t: t, registry: prometheus.NewRegistry()}
	var err error
	f.Edge, err = New(Config{
		Name: "edge-1", Tables: TablesConfig{Dir: t.TempDir()}, Registry: f.registry, Clock: clocktesting.NewFakeClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.store.Offer(tables.Update{Source: "here", Files: encoded(t, table)})
	return f
}

func encoded(t *testing.T, table routes.Table) map[string]string {
	t.Helper()
	files, err := routes.Encode(table)
	if err != nil {
		t.Fatal(err)
	}
	set := map[string]string{}
	for name, content := range files {
		set[name] = string(content)
	}
	return set
}

func TestAShopHasItsRate(t *testing.T) {
	a, b := newBackend(t, "a"), newBackend(t, "b")
	table := twoShopSets(a.address(), b.address())
	table.Classes[0].RatePerSecond, table.Classes[0].Burst = 1, 5
	f := still(t, table)
	served := 0
	for range 10 {
		r, refusal := f.Begin("hoge.example", "")
		if refusal == nil {
			r.End()
			served++
		} else if refusal.Status != http.StatusTooManyRequests || refusal.RetryAfter <= 0 || refusal.RetryAfter > time.Second {
			t.Errorf("got %+v", refusal)
		}
	}
	if served != 5 {
		t.Errorf("%d of 10 at once, want 5", served)
	}
	if _, refusal := f.Begin("fuga.example", ""); refusal != nil {
		t.Errorf("another shop pays for it: %+v", refusal)
	}
}

func TestWhoHasNowhereElseToGoWaits(t *testing.T) {
	f := still(t, twoShopSets("127.0.0.1:1", "127.0.0.1:2"))
	for host, want := range map[string]bool{"hoge.example": true, "piyo.example": false} {
		r := f.begin(host)
		defer r.End()
		attempt, refusal := r.Next()
		if refusal != nil || attempt.MayBeLost() != want {
			t.Errorf("%s can be told that its ShopSet is lost: want %v, %+v", host, want, refusal)
		}
	}
}

func TestACircuitOpens(t *testing.T) {
	a, b := newBackend(t, "a"), newBackend(t, "b")
	table := twoShopSets(a.address(), b.address())
	table.Classes[0].MaxInFlight = 2
	f := still(t, table)
	var where []string
	var open []*Attempt
	for range 5 {
		r := f.begin("hoge.example")
		defer r.End()
		attempt, refusal := r.Next()
		if refusal != nil {
			where = append(where, fmt.Sprint(refusal.Status, " ", refusal.Reason))
			continue
		}
		where, open = append(where, attempt.ShopSet), append(open, attempt)
	}
	if got := fmt.Sprint(where); got != "[a a b b 503 circuit open]" {
		t.Errorf("got %s", got)
	}
	if tried, _ := f.serve(http.MethodGet, "piyo.example"); strings.Join(tried, " ") != "a" {
		t.Errorf("another class: tried %v", tried)
	}
	for _, attempt := range open {
		attempt.Done(Result{Status: http.StatusOK, Sent: true})
	}
	if tried, _ := f.serve(http.MethodGet, "hoge.example"); strings.Join(tried, " ") != "a" {
		t.Errorf("after they ended: tried %v", tried)
	}
}

func TestRetriesHaveABudget(t *testing.T) {
	a, b := newBackend(t, "a"), newBackend(t, "b")
	f := still(t, twoShopSets(a.address(), b.address()))
	retries, spent := 0, 0
	for range 300 {
		r := f.begin("hoge.example")
		attempt, refusal := r.Next()
		if refusal != nil {
			t.Fatalf("%+v", refusal)
		}
		// Now and then one that works, so that nothing is ejected: what costs budget is one that limps.
		attempt.Done(Result{Status: http.StatusServiceUnavailable, Sent: true})
		next, refusal := r.Next()
		if refusal == nil {
			retries++
			next.Done(Result{Status: http.StatusOK, Sent: true})
		} else if refusal.Reason == "retry budget spent" && refusal.Status == http.StatusServiceUnavailable {
			spent++
		}
		r.End()
		f.serve(http.MethodGet, "piyo.example")
	}
	if retries != 300/5 || spent != 300-retries {
		t.Errorf("%d retries of 300 requests, %d refused", retries, spent)
	}
}

func TestErrorsInARowEjectAndTheStandbyServes(t *testing.T) {
	a, b := newBackend(t, "a"), newBackend(t, "b")
	f := still(t, twoShopSets(a.address(), b.address()))
	fail := func(host string) {
		r := f.begin(host)
		defer r.End()
		if attempt, refusal := r.Next(); refusal == nil && attempt.ShopSet == "a" {
			attempt.Done(Result{Status: http.StatusInternalServerError, Sent: true})
		} else if attempt != nil {
			attempt.Done(Result{Status: http.StatusOK, Sent: true})
		}
	}
	for range 6 {
		fail("hoge.example")
		fail("piyo.example")
	}
	if tried, _ := f.serve(http.MethodPost, "hoge.example"); strings.Join(tried, " ") != "b" {
		t.Errorf("tried %v", tried)
	}
	if got := f.metric("ejections_total", "shopset=a"); got != 1 {
		t.Errorf("%v ejections", got)
	}
	if s := f.Status().ShopSets[0]; s.Healthy || !strings.Contains(s.Reason, "status 500 or above") {
		t.Errorf("got %+v", s)
	}
}

func TestStatusIsServed(t *testing.T) {
	a, b := newBackend(t, "a"), newBackend(t, "b")
	f := start(t, twoShopSets(a.address(), b.address()))
	server := httptest.NewServer(f.StatusHandler())
	defer server.Close()
	get := func(method, path string) (int, Status) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var s Status
		if path == "/status" && response.StatusCode == http.StatusOK {
			if err := json.NewDecoder(response.Body).Decode(&s); err != nil {
				t.Error(err)
			}
		}
		return response.StatusCode, s
	}
	code, s := get(http.MethodGet, "/status")
	if code != http.StatusOK || s.Edge != "edge-1" || s.Table.Epoch != 1 || len(s.ShopSets) != 2 || s.Table.Rows.Hosts != 3 {
		t.Errorf("%d %+v", code, s)
	}
	for path, want := range map[string]int{"/healthz": http.StatusOK, "/readyz": http.StatusOK, "/other": http.StatusNotFound} {
		if code, _ := get(http.MethodGet, path); code != want {
			t.Errorf("%s: %d", path, code)
		}
	}
	if code, _ := get(http.MethodPost, "/status"); code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", code)
	}
}

func TestSeriesOfAShopSetEndWithIt(t *testing.T) {
	a, b := newBackend(t, "a"), newBackend(t, "b")
	table := twoShopSets(a.address(), b.address())
	f := start(t, table)
	f.serve(http.MethodGet, "hoge.example")
	if f.metric("requests_total", "shopset=a") != 1 {
		t.Fatal("nothing was counted")
	}
	table.Epoch++
	table.ShopSets = table.ShopSets[1:]
	for i := range table.Groups {
		table.Groups[i].ShopSets = []string{"b"}
	}
	f.write(table)
	f.until("a is gone", func() bool { return len(f.Status().ShopSets) == 1 })
	for _, name := range []string{"requests_total", "answer_seconds", "shopset_healthy"} {
		if got := f.metric(name, "shopset=a"); got != 0 {
			t.Errorf("%s still has %v", name, got)
		}
	}
	if tried, status := f.serve(http.MethodGet, "hoge.example"); strings.Join(tried, " ") != "b" || status != http.StatusOK {
		t.Errorf("tried %v, %d", tried, status)
	}
}

func TestUpdatesLeaveNothingBehind(t *testing.T) {
	a, b := newBackend(t, "a"), newBackend(t, "b")
	table := twoShopSets(a.address(), b.address())
	for i := range 5000 {
		table.Hosts = append(table.Hosts, routes.Host{Name: fmt.Sprintf("shop-%d.example", i), Group: "standard/0", Shop: fmt.Sprint("shop-", i)})
	}
	f := start(t, table)
	// A request that stays open must not keep the table of its time.
	open := f.begin("hoge.example")
	defer open.End()
	update := func(times int) (goroutines int, heap uint64) {
		for range times {
			table.Epoch++
			for i := range table.Hosts {
				table.Hosts[i].Shop = fmt.Sprintf("shop-%d-%d", table.Epoch, i)
			}
			table.ShopSets[1].Name = fmt.Sprint("b-", table.Epoch)
			for i, list := range [][]string{{"a", table.ShopSets[1].Name}, {table.ShopSets[1].Name, "a"}, {"a"}} {
				table.Groups[i].ShopSets = list
			}
			f.store.Offer(tables.Update{Source: "here", Files: encoded(t, table)})
			f.serve(http.MethodGet, "hoge.example")
		}
		http.DefaultClient.CloseIdleConnections()
		var memory runtime.MemStats
		for range 3 {
			runtime.GC()
			time.Sleep(20 * time.Millisecond)
		}
		runtime.ReadMemStats(&memory)
		return runtime.NumGoroutine(), memory.HeapAlloc
	}
	goroutines, heap := update(50)
	later, more := update(500)
	t.Logf("after 50 updates %d goroutines and %d KiB, after 500 more %d and %d", goroutines, heap>>10, later, more>>10)
	const slack = 20 // probes on their way
	if later > goroutines+slack {
		t.Errorf("%d goroutines became %d", goroutines, later)
	}
	if more > heap+heap/2+1<<20 {
		t.Errorf("a heap of %d KiB became %d KiB", heap>>10, more>>10)
	}
}
