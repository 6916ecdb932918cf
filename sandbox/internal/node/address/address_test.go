package address

import (
	"net/netip"
	"testing"
)

func TestPlanMapsPodsToLoopback(t *testing.T) {
	plan, err := NewPlan("10.77.0.0/16")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ from, to string }{
		"a pod differs in the first octet alone":   {"10.77.3.9:80", "127.77.3.9:80"},
		"the node is one of them":                  {"10.77.255.254:10250", "127.77.255.254:10250"},
		"another network stays":                    {"10.78.3.9:80", "10.78.3.9:80"},
		"a service is a loopback address already":  {"127.76.0.1:443", "127.76.0.1:443"},
		"a name stays":                             {"cart.default:80", "cart.default:80"},
		"what is no address with a port stays too": {"10.77.3.9", "10.77.3.9"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := plan.LocalHostPort(test.from); got != test.to {
				t.Errorf("got %s, want %s", got, test.to)
			}
		})
	}
	if got := plan.Node().String(); got != "10.77.255.254" {
		t.Errorf("the node is %s", got)
	}
}

func TestPlanRefuses(t *testing.T) {
	for name, cidr := range map[string]string{
		"loopback, which EndpointSlices refuse": "127.1.0.0/16",
		"IPv6":                                  "fd00::/16",
		"less than a first octet":               "10.0.0.0/7",
		"hardly any addresses":                  "10.1.1.0/28",
		"no prefix":                             "10.1.0.0",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewPlan(cidr); err == nil {
				t.Errorf("%s was accepted", cidr)
			}
		})
	}
}

func TestPool(t *testing.T) {
	addr := netip.MustParseAddr
	pool := NewPool(netip.MustParsePrefix("10.1.1.0/30"), addr("10.1.1.3"))
	first, err := pool.Acquire("a")
	if err != nil || first != addr("10.1.1.1") {
		t.Fatalf("got %s, %v", first, err)
	}
	pool.Release(first, "b")
	if pool.Claim(first, "c") {
		t.Error("an address was released by who did not own it")
	}
	if !pool.Claim(first, "a") {
		t.Error("an owner could not claim its own address")
	}
	pool.Release(first, "a")
	if second, _ := pool.Acquire("d"); second != addr("10.1.1.2") {
		t.Errorf("got %s: an address was reused though another was free", second)
	}
	if again, err := pool.Acquire("e"); err != nil || again != first {
		t.Errorf("got %s, %v: a released address was lost", again, err)
	}
	if _, err := pool.Acquire("f"); err == nil {
		t.Error("an exhausted pool gave an address")
	}
	if pool.Claim(addr("10.1.2.1"), "g") {
		t.Error("an address outside was claimed")
	}
}
