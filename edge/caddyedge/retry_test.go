package caddyedge_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shopset.dev/shopset/edge/internal/edgetest"
	"shopset.dev/shopset/internal/plan/routes"
)

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}

func TestARefusedConnectionLosesNoRequestOfAnyMethod(t *testing.T) {
	blue, green := edgetest.NewBackend(t, "blue"), edgetest.NewBackend(t, "green")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, green.Address).Dir)
	client := newClient(t)
	wantStatus(t, ask(t, client, e, "GET", "shop1.example", "/", nil), http.StatusOK)

	blue.Kill()
	for n := range 50 {
		for _, method := range methods {
			a := ask(t, client, e, method, "shop1.example", "/", upload(1000), "Id", method+id(n))
			wantStatus(t, a, http.StatusOK)
			if a.backend() != "green" {
				t.Fatalf("%s was answered by %q, want green", method, a.backend())
			}
			if seen := green.Seen(method + id(n)); seen != 1 {
				t.Fatalf("%s arrived %d times, want once", method, seen)
			}
		}
	}
}

func TestWithoutAnybodyLeftTheShopIsUnavailableForAWhile(t *testing.T) {
	blue := edgetest.NewBackend(t, "blue")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, blue.Address).Dir)
	blue.Kill()
	a := ask(t, newClient(t), e, "GET", "single.example", "/", nil, "Accept", "text/html")
	wantStatus(t, a, http.StatusServiceUnavailable)
	if a.header.Get("Retry-After") == "" || !strings.Contains(a.body, "<h1>") {
		t.Errorf("want a page with Retry-After, got %v %q", a.header, a.body)
	}
	if strings.Contains(a.body, blue.Address) {
		t.Errorf("the page tells where ShopSets are: %q", a.body)
	}
}

var silences = map[string]func(testing.TB) string{
	"it accepts connections and never answers": edgetest.Frozen,
	"connections to it vanish":                 edgetest.BlackHole,
}

func TestAShopSetThatFallsSilentLosesNoGET(t *testing.T) {
	for name, silent := range silences {
		t.Run(name, func(t *testing.T) {
			t.Logf("the slowest request took %s", slowestWithSilent(t, silent(t)))
		})
	}
}

// addedBySilence is what the edge may add to a request when a ShopSet falls silent.
const addedBySilence = time.Second

// BenchmarkSilence holds the time to what was promised; a test would fail on a busy machine.
func BenchmarkSilence(b *testing.B) {
	for name, silent := range silences {
		b.Run(name, func(b *testing.B) {
			var slowest time.Duration
			for b.Loop() {
				slowest = max(slowest, slowestWithSilent(b, silent(b)))
			}
			b.ReportMetric(float64(slowest.Milliseconds()), "slowest-ms")
			if slowest > addedBySilence {
				b.Errorf("the slowest request took %s, want at most %s", slowest, addedBySilence)
			}
		})
	}
}

// slowestWithSilent asks for a while with a serving ShopSet that does not answer from the start.
func slowestWithSilent(t testing.TB, silent string) time.Duration {
	t.Helper()
	green := edgetest.NewBackend(t, "green")
	e := edgetest.Start(t, edgetest.NewTables(t, silent, green.Address).Impatient(t, 800).Dir)
	client := newClient(t)
	var wait sync.WaitGroup
	var slowest atomic.Int64
	for range 20 {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			wait.Go(func() {
				a, err := tryAsk(client, e, method, "shop1.example", "/", nil)
				if err != nil || a.status != http.StatusOK || a.backend() != "green" {
					t.Errorf("%s: %v, %d from %q; want 200 from green", method, err, a.status, a.backend())
				}
				for old := slowest.Load(); int64(a.elapsed) > old && !slowest.CompareAndSwap(old, int64(a.elapsed)); {
					old = slowest.Load()
				}
			})
		}
		time.Sleep(50 * time.Millisecond)
	}
	wait.Wait()
	return time.Duration(slowest.Load())
}

func TestAPOSTThatWasSentIsNeverReplayed(t *testing.T) {
	blue, green := edgetest.NewBackend(t, "blue"), edgetest.NewBackend(t, "green")
	e := edgetest.Start(t, edgetest.NewTables(t, blue.Address, green.Address).Impatient(t, 800).Dir)
	client := newClient(t)
	for name, request := range map[string]struct {
		path   string
		size   int
		header []string
		status int
	}{
		"the ShopSet dies after it read the order":        {"/die", 1000, nil, http.StatusBadGateway},
		"the order has no body":                           {"/die", 0, nil, http.StatusBadGateway},
		"the order has a key, which is the shop's matter": {"/die", 1000, []string{"Idempotency-Key", "1"}, http.StatusBadGateway},
		"the ShopSet takes too long":                      {"/hang", 1000, nil, http.StatusGatewayTimeout},
		"the ShopSet says that it is busy":                {"/busy", 1000, nil, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			key := strings.ReplaceAll(name, " ", "-")
			a := ask(t, client, e, "POST", "shop1.example", request.path, upload(request.size), append(request.header, "Id", key)...)
			wantStatus(t, a, request.status)
			// After some of these blue is out, so either may have seen it.
			if blue.Seen(key)+green.Seen(key) != 1 {
				t.Errorf("blue saw it %d times and green %d times, want once in all", blue.Seen(key), green.Seen(key))
			}
		})
	}
	// All but the last, which got an answer.
	if got := e.Metric(t, "shopset_edge_unreplayed_total"); got != 4 {
		t.Errorf("%v were counted as not replayed, want 4", got)
	}
}

func TestAGETIsAskedElsewhereWhenAnAnswerBreaksOffBeforeItBegan(t *testing.T) {
	blue, green := edgetest.NewBackend(t, "blue"), edgetest.NewBackend(t, "green")
	tables := edgetest.NewTables(t, blue.Address, green.Address)
	e := edgetest.Start(t, tables.Dir)
	client := newClient(t)
	for n := range 3 {
		a := ask(t, client, e, "GET", "shop1.example", "/busy", nil, "Id", id(n))
		wantStatus(t, a, http.StatusServiceUnavailable)
		if blue.Seen(id(n)) == 0 || green.Seen(id(n)) == 0 || blue.Seen(id(n))+green.Seen(id(n)) > 3 {
			t.Fatalf("blue saw it %d times and green %d times, want both, and three times at most", blue.Seen(id(n)), green.Seen(id(n)))
		}
		if a.backend() == "" {
			t.Fatal("the answer of a ShopSet was replaced by one of the edge")
		}
	}
}

func TestAChangeOfPlacementIsFollowedWithoutAnyRequestLost(t *testing.T) {
	blue, green := edgetest.NewBackend(t, "blue"), edgetest.NewBackend(t, "green")
	tables := edgetest.NewTables(t, blue.Address, green.Address)
	e := edgetest.Start(t, tables.Dir)
	client := newClient(t)
	for n := range 6 {
		tables.Change(t, func(table *routes.Table) {
			group := &table.Groups[0]
			group.ShopSets = []string{group.ShopSets[1], group.ShopSets[0]}
		})
		want := []string{"green", "blue"}[n%2]
		edgetest.Eventually(t, want+" serves", func() error {
			a := ask(t, client, e, "POST", "shop1.example", "/", upload(10))
			wantStatus(t, a, http.StatusOK)
			if a.backend() != want {
				return errNotYet
			}
			return nil
		})
	}
}
