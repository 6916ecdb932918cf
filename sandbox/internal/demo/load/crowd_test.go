package load_test

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"shopset.dev/shopset/sandbox/internal/demo/load"
)

const rate = 400

// street answers for all shops as the sample shop does, unless fault takes the request.
type street struct {
	fault  atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]
	mu     sync.Mutex
	orders int
}

func (s *street) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Shopset", "a-2")
	w.Header().Set("X-Shopset-Release", "1.0.0")
	w.Header().Set("X-Shop", r.Host)
	if fault := s.fault.Load(); fault != nil && (*fault)(w, r) {
		return
	}
	cart := ""
	if cookie, err := r.Cookie("cart"); err == nil {
		cart = cookie.Value
	}
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/cart":
		if cart == "" {
			cart = rand.Text()
		}
		http.SetCookie(w, &http.Cookie{Name: "cart", Value: cart + "~" + r.PostFormValue("sku") + ":" + r.PostFormValue("add")})
		http.Redirect(w, r, "/#cart", http.StatusSeeOther)
	case r.Method == http.MethodPost && r.URL.Path == "/checkout":
		s.mu.Lock()
		s.orders++
		s.mu.Unlock()
		id, _, _ := strings.Cut(cart, "~")
		http.Redirect(w, r, "/orders/"+id, http.StatusSeeOther)
	case strings.HasPrefix(r.URL.Path, "/orders/"):
		fmt.Fprint(w, "<title>Thank you</title>", strings.TrimPrefix(r.URL.Path, "/orders/"))
	default:
		fmt.Fprintf(w, "Cart <b>%d</b>", strings.Count(cart, "~"))
	}
}

// open starts a street behind two edges, and a crowd on it.
func open(t *testing.T, shops int) (*load.Crowd, *street) {
	t.Helper()
	s := &street{}
	config := load.Config{Rate: rate, Receipts: true, Clock: clock.RealClock{}, TierOf: func(shopSet string) string {
		return map[string]string{"a-2": "prod", "b-1": "prod", "c-1": "beta"}[shopSet]
	}}
	for range 2 {
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		config.Edges = append(config.Edges, server.URL)
	}
	for i := range shops {
		name := fmt.Sprintf("shop-%d", i)
		config.Shops = append(config.Shops, load.Shop{Name: name, Host: name + ".shop.example", Kind: []string{"redundant", "single"}[i%2], Tier: "prod"})
	}
	crowd, err := load.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(crowd.Stop)
	return crowd, s
}

// watch gives the visits of the next second.
func watch(t *testing.T, crowd *load.Crowd) load.Visits {
	t.Helper()
	from := time.Now()
	time.Sleep(time.Second)
	visits, err := crowd.Visits(t.Context(), from, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return visits
}

func TestTheCrowdShopsForReal(t *testing.T) {
	crowd, s := open(t, 20)
	visits := watch(t, crowd)
	if lost := visits.Reasons(); len(lost) > 0 {
		t.Errorf("lost: %v", lost)
	}
	methods, edges, shops := map[string]int{}, map[int]int{}, map[string]int{}
	for _, visit := range visits {
		methods[visit.Method]++
		edges[visit.Edge]++
		shops[visit.Shop]++
	}
	if len(methods) != 3 || len(edges) != 2 || len(shops) != 20 {
		t.Errorf("methods %v, edges %v, shops %v; want GET, HEAD and POST to all", methods, edges, shops)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.orders < 20 {
		t.Errorf("%d orders were placed, want one of each shop at least", s.orders)
	}
}

func TestWhatCountsAsLost(t *testing.T) {
	crowd, s := open(t, 4)
	for name, test := range map[string]struct {
		fault  func(http.ResponseWriter, *http.Request) bool
		reason string
	}{
		"another tier's ShopSet": {func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("X-Shopset", "c-1")
			return false
		}, `ShopSet "c-1" of tier "beta" answered`},
		"another shop's page": {func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("X-Shop", "fuga.shop.example")
			return false
		}, `shop "fuga.shop.example" answered`},
		"somebody who does not say who it is": {func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Del("X-Shopset")
			return false
		}, `ShopSet "" of tier "" answered`},
		"a page of an error": {func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, "<title>Back in a moment</title>")
			return true
		}, "status 503 Back in a moment"},
		"a page without the cart": {func(w http.ResponseWriter, r *http.Request) bool {
			fmt.Fprint(w, "hello")
			return r.Method == http.MethodGet
		}, "the page does not show 0 in the cart"},
		"a connection that ends": {func(w http.ResponseWriter, _ *http.Request) bool {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				conn.(*net.TCPConn).SetLinger(0)
				conn.Close()
			}
			return true
		}, "connection reset by the edge"},
	} {
		t.Run(name, func(t *testing.T) {
			s.fault.Store(&test.fault)
			defer s.fault.Store(nil)
			reasons := watch(t, crowd).Reasons()
			found := false
			for _, reason := range reasons {
				found = found || strings.HasPrefix(reason.Text, test.reason)
			}
			if !found {
				t.Errorf("the reasons are %v, want %q", reasons, test.reason)
			}
		})
	}
	if lost := watch(t, crowd).Reasons(); len(lost) > 0 {
		t.Errorf("afterwards still lost: %v", lost)
	}
}

func TestAHangingShopDoesNotHoldUpTheOthers(t *testing.T) {
	crowd, s := open(t, 10)
	release := make(chan struct{})
	hang := func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Host == "shop-3.shop.example" {
			<-release
		}
		return false
	}
	s.fault.Store(&hang)
	from := time.Now()
	time.Sleep(time.Second)
	to := time.Now()
	close(release)
	s.fault.Store(nil)
	visits, err := crowd.Visits(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	shop, gap := visits.Gap(from, to)
	if shop != "shop-3" || gap < 500*time.Millisecond {
		t.Errorf("the longest gap is %v of %s, want that of shop-3", gap, shop)
	}
	if n := len(visits); n < rate/2 {
		t.Errorf("%d visits in a second, want about %d", n, rate)
	}
	if got := visits.Where(func(v load.Visit) bool { return v.Shop == "shop-3" }).Slowest(); got < 300*time.Millisecond {
		t.Errorf("the slowest answer of shop-3 took %v: the time that it hung is not counted", got)
	}
}

func TestStartRefusesALoadWithoutAnything(t *testing.T) {
	if _, err := load.Start(load.Config{Clock: clock.RealClock{}}); err == nil {
		t.Error("started")
	}
}
