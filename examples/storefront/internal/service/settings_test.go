package service

import (
	"strings"
	"testing"
)

func TestReadSettingsTakesDefaultsThatFitACluster(t *testing.T) {
	s, err := ReadSettings("shop", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]string{
		"address":      {s.Address, ":8080"},
		"cart":         {s.Cart.String(), "http://cart:8080"},
		"orders store": {s.OrdersStore.String(), "http://orders:8080/dev"},
		"shopset":      {s.Identity.ShopSet, "none"},
		"payment":      {s.PaymentMode, "none"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, want %q", what, pair[0], pair[1])
		}
	}
	if s.Crash || s.ErrorRate != 0 {
		t.Errorf("faults are on: crash %t, error rate %g", s.Crash, s.ErrorRate)
	}
}

func TestReadSettingsReadsTheEnvironment(t *testing.T) {
	env := map[string]string{
		"SANDBOX_BIND_ADDRESS": "127.0.3.4", "PORT": "9000", "SHOPSET": "a-1", "RELEASE": "1.2.3",
		"PROXY_URL": "http://one:1, http://two:2", "FAULT_ERROR_RATE": "0.25", "FAULT_CRASH": "api",
	}
	s, err := ReadSettings("api", func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	if s.Address != "127.0.3.4:9000" || s.Identity != (Identity{"a-1", "1.2.3"}) {
		t.Errorf("address %s, identity %v", s.Address, s.Identity)
	}
	if len(s.Proxies) != 2 || s.Proxies[1].Host != "two:2" || s.ErrorRate != 0.25 || !s.Crash {
		t.Errorf("proxies %v, error rate %g, crash %t", s.Proxies, s.ErrorRate, s.Crash)
	}
}

func TestReadSettingsNamesEachVariableThatIsWrong(t *testing.T) {
	tests := map[string]struct{ name, value string }{
		"an error rate above one":        {"FAULT_ERROR_RATE", "1.5"},
		"an error rate that is NaN":      {"FAULT_ERROR_RATE", "NaN"},
		"a URL without a host":           {"CART_URL", "cart:8080"},
		"a URL that is no http":          {"ORDERS_STORE", "file:///etc"},
		"an unknown payment mode":        {"PAYMENT_MODE", "cash"},
		"a drain longer than a pod gets": {"DRAIN", "1m"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ReadSettings("api", func(n string) string {
				if n == test.name {
					return test.value
				}
				return ""
			})
			if err == nil || !strings.Contains(err.Error(), test.name) {
				t.Errorf("error %v, want one that names %s", err, test.name)
			}
		})
	}
}
