package e2e

import (
	"errors"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestFaultErrorRateFailsTheShopPageUntilTheReleaseIsReplaced(t *testing.T) {
	s := open(t, map[string][]string{"api": {"FAULT_ERROR_RATE=1"}})
	hoge := newShopper(t, s.url("lb"), "hoge.example.com")
	must(t, http.StatusBadGateway)(hoge.get("/"))
	res, err := http.Get(s.url("api") + "/products")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusInternalServerError {
		t.Errorf("api answers %d, want 500", res.StatusCode)
	}
	metrics, err := read(http.Get(s.url("api") + "/metrics"))
	if err != nil || !strings.Contains(metrics.body, `storefront_errors_total{component="api",shopset="a-1",release="1.0.0"} 2`) {
		t.Errorf("two errors are not counted (%v):\n%s", err, metrics.body)
	}
	s.start(t, "api", "1.0.1")
	must(t, 200)(hoge.get("/"))
}

func TestFaultCrashEndsTheProcessWithAClearMessage(t *testing.T) {
	binary := build(t)
	tests := map[string]struct {
		value   string
		crashes bool
	}{
		"true crashes every component":    {"true", true},
		"a component's name crashes it":   {"api", true},
		"another's name leaves it alone":  {"shop", false},
		"false leaves every one as it is": {"false", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if !test.crashes {
				start(t, binary, "api", "FAULT_CRASH="+test.value)
				return
			}
			cmd := exec.Command(binary, "api")
			cmd.Env = []string{"FAULT_CRASH=" + test.value, "RELEASE=1.2.3"}
			out, err := cmd.CombinedOutput()
			exit := new(exec.ExitError)
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("ended with %v, want exit status 1", err)
			}
			if want := "storefront api: FAULT_CRASH is set: exiting on purpose (release 1.2.3)\n"; string(out) != want {
				t.Errorf("said %q, want %q", out, want)
			}
		})
	}
}

// The order is in flight through all components while each is told to stop;
// the orders store comes back, and the order must arrive, once.
func TestStoppingEveryComponentLosesNoCheckoutInFlight(t *testing.T) {
	s := open(t, nil)
	hoge := newShopper(t, s.url("lb"), "hoge.example.com")
	must(t, 200)(hoge.post("/cart", "sku", "tea-cup", "add", "1"))
	s.run["orders"].stop(t)

	type result struct {
		page seen
		err  error
	}
	done := make(chan result, 1)
	hoge.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	go func() {
		page, err := hoge.post("/checkout", "name", "Hanako", "email", "hanako@example.com")
		done <- result{page, err}
	}()
	awaitCheckout(t, s)
	for _, name := range []string{"lb", "proxy", "shop", "cart", "api"} {
		s.run[name].signal(t)
	}
	s.start(t, "orders", release)

	got := <-done
	if got.err != nil || got.page.status != http.StatusSeeOther {
		t.Errorf("the checkout ended with status %d and %v, want a redirect to its receipt\n%s", got.page.status, got.err, got.page.body)
	}
	for _, name := range []string{"lb", "proxy", "shop", "cart", "api"} {
		s.run[name].wait(t)
	}
	if stored := lines(t, s.orders); len(stored) != 1 || !strings.Contains(stored[0], "Hanako") {
		t.Errorf("on disk: %q, want the one order", stored)
	}
}

// awaitCheckout returns when api has asked the orders store, which is down.
func awaitCheckout(t *testing.T, s *storefront) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		if s.names.asks(http.MethodPut, "orders") > 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the checkout does not reach the orders store")
}

func TestAReleaseOfEveryComponentLosesNoRequest(t *testing.T) {
	s := open(t, nil)
	stop := make(chan struct{})
	type outcome struct {
		asked int
		wrong []string
	}
	done := make(chan outcome)
	go func() {
		asked, wrong := newShopper(t, s.url("lb"), "hoge.example.com").keepAsking(stop)
		done <- outcome{asked, wrong}
	}()
	for _, name := range []string{"api", "cart", "shop", "proxy"} {
		old := s.run[name]
		s.start(t, name, "1.0.1")
		s.awaitReady(t, name)
		if took := old.stop(t); took > 5*time.Second {
			t.Logf("%s took %s to stop", name, took)
		}
	}
	close(stop)
	got := <-done
	if len(got.wrong) > 0 {
		t.Errorf("%d of %d requests failed: %s", len(got.wrong), got.asked, strings.Join(got.wrong, "\n"))
	}
	page := must(t, 200)(newShopper(t, s.url("lb"), "hoge.example.com").get("/"))
	if page.footer() != shopSet+" 1.0.1" {
		t.Errorf("the footer says %q after the release", page.footer())
	}
	if got.asked == 0 {
		t.Error("nothing was asked during the release")
	}
}
