package shopper_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/clock"

	"shopset.dev/shopset/sandbox/internal/demo/shopper"
)

// answer is what the shop of a test says.
type answer struct {
	status           int
	shopSet, release string
	body             string
}

// open starts a shop and a crowd of one that visits it.
func open(t *testing.T) (*shopper.Crowd, *atomic.Pointer[answer]) {
	t.Helper()
	var now atomic.Pointer[answer]
	now.Store(&answer{status: http.StatusServiceUnavailable})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := now.Load()
		w.Header().Set("X-Shopset", a.shopSet)
		w.Header().Set("X-Shopset-Release", a.release)
		w.WriteHeader(a.status)
		fmt.Fprint(w, a.body)
	}))
	t.Cleanup(server.Close)
	crowd := shopper.Start(t.Context(), clock.RealClock{}, []shopper.Entry{{
		ShopSet: "c-2", Find: func(context.Context) (string, error) { return server.URL, nil },
	}})
	t.Cleanup(crowd.Stop)
	return crowd, &now
}

func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("waited 30 s for %s", what)
}

func TestAShopperNotesWhenThePageChangesAndWhatFails(t *testing.T) {
	crowd, shop := open(t)
	time.Sleep(2 * shopper.Every)
	if got := crowd.Tallies()["c-2"]; got.Requests != 0 {
		t.Errorf("counted %d requests before the shop was open", got.Requests)
	}
	begun := time.Now()
	say := func(a answer, release string) {
		shop.Store(&a)
		wait(t, "release "+release, func() bool {
			_, ok := crowd.FirstSeen("c-2", begun, func(p shopper.Page) bool { return p.Release == release })
			return ok
		})
	}
	say(answer{200, "c-2", "1.0.0", "<p>welcome"}, "1.0.0")
	say(answer{200, "c-2", "1.1.0", `<p class="trial">This is the dev environment: no money`}, "1.1.0")
	for _, bad := range []struct {
		answer
		why string
	}{
		{answer{502, "c-2", "", "proxy: refused\nmore"}, "the answer is 502 Bad Gateway: proxy: refused"},
		{answer{503, "c-2", "", "<html><title>Back soon</title>"}, "the answer is 503 Service Unavailable: Back soon"},
		{answer{200, "a-1", "1.1.0", ""}, `ShopSet "a-1" answered`},
	} {
		shop.Store(&bad.answer)
		wait(t, "failure "+bad.why, func() bool {
			return slices.ContainsFunc(crowd.Failures("c-2", begun), func(f shopper.Failure) bool { return f.Why == bad.why })
		})
	}
	if got := crowd.Tallies()["c-2"].Failed; got < 3 {
		t.Errorf("%d failures, want 3 at least", got)
	}
	want := []shopper.Page{{Release: "1.0.0"}, {Release: "1.1.0", Notice: "dev"}}
	if diff := cmp.Diff(want, crowd.Seen("c-2", begun)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[1:], crowd.Seen("c-2", time.Now())); diff != "" {
		t.Errorf("since now: %s", diff)
	}
	if _, ok := crowd.FirstSeen("c-2", time.Now(), func(shopper.Page) bool { return true }); ok {
		t.Error("saw a page that had not changed since as a new one")
	}
}
