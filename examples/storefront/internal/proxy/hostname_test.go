package proxy

import (
	"strings"
	"testing"
)

func TestShopOf(t *testing.T) {
	tests := map[string]struct {
		host, shop string
		ok         bool
	}{
		"a host name":                   {"hoge.shop-pro.jp", "hoge.shop-pro.jp", true},
		"in capitals, with a port":      {"Hoge.Shop-Pro.JP:8080", "hoge.shop-pro.jp", true},
		"with its final dot":            {"hoge.example.com.", "hoge.example.com", true},
		"of www":                        {"www.example.com", "example.com", true},
		"www as a shop's own name":      {"www.jp", "www.jp", true},
		"in punycode":                   {"xn--wgv71a.example.com", "xn--wgv71a.example.com", true},
		"an IPv4 address":               {"10.0.0.1:8080", "", false},
		"an IPv6 address":               {"[::1]:8080", "", false},
		"a single label":                {"localhost:8080", "", false},
		"nothing":                       {"", "", false},
		"an empty label":                {"hoge..example.com", "", false},
		"a label that starts with -":    {"-hoge.example.com", "", false},
		"an underscore":                 {"ho_ge.example.com", "", false},
		"markup":                        {"<b>.example.com", "", false},
		"a label longer than DNS takes": {strings.Repeat("a", 64) + ".example.com", "", false},
		"a name longer than DNS takes":  {strings.Repeat("a.", 130) + "com", "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if shop, ok := shopOf(test.host); shop != test.shop || ok != test.ok {
				t.Errorf("shopOf(%q) = %q, %t; want %q, %t", test.host, shop, ok, test.shop, test.ok)
			}
		})
	}
}
