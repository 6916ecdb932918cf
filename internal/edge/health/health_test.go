package health

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"shopset.dev/shopset/internal/plan/routes"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

type fixture struct {
	*Fleet
	targets map[string]*Target
	changes atomic.Int64
	ejected int
}

// newFleet has the ShopSets a, b, c … of one tier; nothing runs.
func newFleet(c clock.WithTicker, n int) *fixture {
	f := &fixture{}
	f.Fleet = NewFleet(Config{
		Clock: c, Log: slog.New(slog.DiscardHandler), Path: "/healthz", Interval: 20 * time.Millisecond, Timeout: 500 * time.Millisecond, Fall: 2, Rise: 2,
		Changed: func() { f.changes.Add(1) }, Ejected: func(string) { f.ejected++ },
	})
	var list []routes.ShopSet
	for i := range n {
		list = append(list, routes.ShopSet{Name: string(rune('a' + i)), Tier: "prod", State: routes.Active, Addresses: []string{"127.0.0.1:1"}})
	}
	f.targets = f.Set(list)
	return f
}

func fake() *clocktesting.FakeClock { return clocktesting.NewFakeClock(start) }

var errRefused = errors.New("connection refused")

func TestProbesMakeAShopSetFallAndRise(t *testing.T) {
	c := fake()
	f := newFleet(c, 3)
	a := f.targets["a"]
	probe := func(failure error, want Rank) {
		t.Helper()
		c.Step(time.Second)
		a.probed(failure, c.Now())
		if got := a.Rank(c.Now()); got != want {
			t.Fatalf("rank %d after %v, want %d", got, failure, want)
		}
	}
	if s := a.Status(c.Now()); !s.Healthy || s.Reason != "not probed yet" {
		t.Errorf("unknown is not down: %+v", s)
	}
	probe(errRefused, Good)
	probe(nil, Good)
	probe(errRefused, Good)
	lost := a.Begin(c.Now())
	probe(errRefused, Down)
	select {
	case <-lost:
	default:
		t.Error("who waits for an answer is not told")
	}
	if s := a.Status(c.Now()); s.Healthy || s.Reason != "2 probes in a row failed: connection refused" || !s.Since.Equal(c.Now()) {
		t.Errorf("got %+v", s)
	}
	probe(nil, Down)
	a.probed(nil, c.Now())
	if s := a.Status(c.Now()); !s.Healthy || f.changes.Load() != 2 {
		t.Errorf("got %+v after %d changes", s, f.changes.Load())
	}
}

func TestOneThatFlapsIsHeldDownLonger(t *testing.T) {
	c := fake()
	a := newFleet(c, 3).targets["a"]
	var held []time.Duration
	for range 4 {
		for range 2 {
			a.probed(errRefused, c.Now())
		}
		down := c.Now()
		for a.down.Load() {
			c.Step(time.Second)
			a.probed(nil, c.Now())
		}
		held = append(held, c.Now().Sub(down))
	}
	if fmt.Sprint(held) != "[2s 5s 10s 15s]" {
		t.Errorf("held down for %v", held)
	}
	c.Step(flapsIn)
	for range 2 {
		a.probed(errRefused, c.Now())
	}
	if got := a.heldUntil(c.Now()).Sub(c.Now()); got != 0 {
		t.Errorf("held down for %v although the flapping was long ago", got)
	}
}

func TestOutliersAreEjected(t *testing.T) {
	type step struct {
		outcome Outcome
		times   int
		shops   int
	}
	tests := map[string]struct {
		steps []step
		want  Rank
	}{
		"two refused":                     {[]step{{NoConnection, 2, 2}}, Good},
		"three refused":                   {[]step{{NoConnection, 3, 1}}, Ejected},
		"three without an answer":         {[]step{{NoAnswer, 3, 1}}, Ejected},
		"two, an answer, two":             {[]step{{NoAnswer, 2, 1}, {Answered, 1, 1}, {NoAnswer, 2, 1}}, Good},
		"four errors":                     {[]step{{ServerError, 4, 2}}, Good},
		"five errors of two shops":        {[]step{{ServerError, 5, 2}}, Ejected},
		"nineteen errors of a single one": {[]step{{ServerError, 19, 1}}, Good},
		"twenty errors of a single one":   {[]step{{ServerError, 20, 1}}, Ejected},
		"errors among answers":            {[]step{{ServerError, 4, 2}, {Answered, 1, 1}, {ServerError, 4, 2}}, Good},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := fake()
			a := newFleet(c, 2).targets["a"]
			for _, s := range test.steps {
				for i := range s.times {
					a.Observe(s.outcome, "127.0.0.1:1", fmt.Sprint("shop-", i%s.shops), c.Now())
				}
			}
			if got := a.Rank(c.Now()); got != test.want {
				t.Errorf("rank %d, want %d", got, test.want)
			}
		})
	}
}

func fail(t *Target, now time.Time) {
	for range silentInRow {
		t.Observe(NoAnswer, "127.0.0.1:1", "hoge", now)
	}
}

func TestEjectionsGrowAndAreForgotten(t *testing.T) {
	c := fake()
	f := newFleet(c, 2)
	a := f.targets["a"]
	length := func() time.Duration {
		t.Helper()
		fail(a, c.Now())
		return time.Unix(0, a.ejectedUntil.Load()).Sub(c.Now())
	}
	for n := range 3 {
		if got := length(); got != ejectFor*time.Duration(n+1) {
			t.Errorf("ejection %d lasts %v", n+1, got)
		}
		if s := a.Status(c.Now()); s.Healthy || !strings.Contains(s.Reason, "3 requests in a row without an answer") {
			t.Errorf("got %+v", s)
		}
		c.SetTime(time.Unix(0, a.ejectedUntil.Load()))
		if s := a.Status(c.Now()); !s.Healthy {
			t.Errorf("an ejection that is over: %+v", s)
		}
	}
	for range 100 {
		length()
		c.SetTime(time.Unix(0, a.ejectedUntil.Load()))
	}
	if got := length(); got != longest {
		t.Errorf("the longest lasts %v", got)
	}
	c.Step(longest + 2*time.Hour)
	if got := length(); got != ejectFor {
		t.Errorf("after two quiet hours one lasts %v", got)
	}
}

func TestHalfOfATierIsNeverEjected(t *testing.T) {
	tests := map[int]int{1: 0, 2: 1, 3: 1, 4: 2, 5: 2}
	for n, want := range tests {
		c := fake()
		f := newFleet(c, n)
		for _, target := range f.targets {
			fail(target, c.Now())
		}
		if f.ejected != want {
			t.Errorf("%d of %d ejected, want %d", f.ejected, n, want)
		}
	}
	c := fake()
	f := newFleet(c, 3)
	for range 2 {
		f.targets["c"].probed(errRefused, c.Now())
	}
	fail(f.targets["a"], c.Now())
	if f.targets["a"].Bad(c.Now()) {
		t.Error("a was ejected although c is down already")
	}
}

func TestTheEdgeSuspectsItself(t *testing.T) {
	c := fake()
	f := newFleet(c, 4)
	fail(f.targets["a"], c.Now())
	look := func(want bool, rank Rank) {
		t.Helper()
		f.look(t.Context(), c.Now())
		if f.Panic() != want || f.targets["a"].Rank(c.Now()) != rank {
			t.Errorf("panic %v, rank of a %d", f.Panic(), f.targets["a"].Rank(c.Now()))
		}
	}
	for range 2 {
		f.targets["b"].probed(errRefused, c.Now())
	}
	look(false, Ejected)
	for range 2 {
		f.targets["c"].probed(errRefused, c.Now())
	}
	look(true, Good)
	if f.targets["b"].Rank(c.Now()) != Down {
		t.Error("what the probes say still decides about the order")
	}
	for range 2 {
		f.targets["c"].probed(nil, c.Now())
	}
	look(false, Ejected)
}

func TestOneThatReturnsGetsAGrowingShare(t *testing.T) {
	c := fake()
	a := newFleet(c, 2).targets["a"]
	for _, failure := range []error{errRefused, errRefused, nil, nil} {
		a.probed(failure, c.Now())
	}
	var shares []int
	for range 6 {
		good := 0
		for range 100 {
			if a.Rank(c.Now()) == Good {
				good++
			}
		}
		shares = append(shares, (good+5)/10)
		c.Step(2 * time.Second)
	}
	if fmt.Sprint(shares) != "[1 2 4 6 8 10]" {
		t.Errorf("tenths of its requests, every two seconds: %v", shares)
	}
}

func TestAddressesTakeTurnsAndBadOnesAreLeftOut(t *testing.T) {
	c := fake()
	f := newFleet(c, 1)
	a := f.Set([]routes.ShopSet{{Name: "a", Tier: "prod", State: routes.Active, Addresses: []string{"x:1", "y:1"}}})["a"]
	pick := func() string {
		seen := map[string]int{}
		for range 10 {
			seen[a.Address(c.Now())]++
		}
		return fmt.Sprint(seen)
	}
	if got := pick(); got != "map[x:1:5 y:1:5]" {
		t.Errorf("got %s", got)
	}
	a.Observe(NoConnection, "x:1", "hoge", c.Now())
	if got := pick(); got != "map[y:1:10]" {
		t.Errorf("after x refused: %s", got)
	}
	c.Step(skipFor)
	if got := pick(); got != "map[x:1:5 y:1:5]" {
		t.Errorf("a while later: %s", got)
	}
	if a := f.Set([]routes.ShopSet{{Name: "a", Tier: "prod"}})["a"]; a.HasAddress() || a.Address(c.Now()) != "" {
		t.Error("there is an address left")
	}
}

func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so after 30 s: %s", what)
		}
	}
}

func TestRealServersAreProbed(t *testing.T) {
	var status atomic.Int64
	status.Store(http.StatusNotFound)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" || r.Method != http.MethodGet {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		w.WriteHeader(int(status.Load()))
	}))
	defer server.Close()
	frozen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer frozen.Close()
	address := server.Listener.Addr().String()
	c := clock.RealClock{}
	f := newFleet(c, 0)
	targets := f.Set([]routes.ShopSet{
		{Name: "good", Tier: "prod", Addresses: []string{address}},
		{Name: "half", Tier: "prod", Addresses: []string{"127.0.0.1:1", address}},
		{Name: "refusing", Tier: "prod", Addresses: []string{"127.0.0.1:1"}},
		{Name: "frozen", Tier: "prod", Addresses: []string{frozen.Addr().String()}},
		{Name: "homeless", Tier: "prod"},
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { f.Run(ctx); close(done) }()
	reason := func(name string) string {
		s := targets[name].Status(c.Now())
		return fmt.Sprint(s.Healthy, " ", s.Reason)
	}
	for name, want := range map[string]string{
		"good": "true ", "half": "true ", "refusing": "connection refused", "frozen": "gave no answer in time", "homeless": "no address is known",
	} {
		until(t, name+": "+want, func() bool {
			return strings.Contains(reason(name), want) && !strings.Contains(reason(name), "not probed")
		})
	}
	if targets["homeless"].Bad(c.Now()) {
		t.Error("one that is still in the making is held to be down")
	}
	f.Set([]routes.ShopSet{{Name: "homeless", Tier: "prod", Addresses: []string{address}}})
	until(t, "it got an address", func() bool { return reason("homeless") == "true " })
	status.Store(http.StatusInternalServerError)
	until(t, "500 is noticed", func() bool { return strings.Contains(reason("homeless"), "answered 500") })
	status.Store(http.StatusOK)
	until(t, "it is good again", func() bool { return reason("homeless") == "true " })
	cancel()
	<-done
}
