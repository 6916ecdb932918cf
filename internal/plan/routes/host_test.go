package routes

import (
	"strings"
	"testing"
)

func TestNormalizeHost(t *testing.T) {
	long := strings.Repeat(strings.Repeat("a", 62)+".", 4)
	tests := map[string]struct {
		host, want, problem string
	}{
		"as it shall be":                {host: "hoge.shop.example", want: "hoge.shop.example"},
		"capitals":                      {host: "Hoge.SHOP.Example", want: "hoge.shop.example"},
		"with a port":                   {host: "hoge.shop.example:8443", want: "hoge.shop.example"},
		"with a colon and no port":      {host: "hoge.shop.example:", want: "hoge.shop.example"},
		"with a trailing dot":           {host: "hoge.shop.example.", want: "hoge.shop.example"},
		"with both":                     {host: "hoge.shop.example.:80", want: "hoge.shop.example"},
		"an umlaut":                     {host: "Müller.example", want: "xn--mller-kva.example"},
		"punycode in capitals":          {host: "XN--MLLER-KVA.example", want: "xn--mller-kva.example"},
		"Japanese with its full stop":   {host: "ショップ。example。", want: "xn--xckya1d0c.example"},
		"three hyphens, as some have":   {host: "R3---a.example", want: "r3---a.example"},
		"one label":                     {host: "localhost", want: "localhost"},
		"a number as first label":       {host: "7.example", want: "7.example"},
		"nothing":                       {host: "", problem: "empty"},
		"a dot":                         {host: ".", problem: "empty"},
		"two dots":                      {host: "a..example", problem: "a label is empty"},
		"a leading dot":                 {host: ".example", problem: "a label is empty"},
		"a wildcard":                    {host: "*.example", problem: "wildcards are not allowed"},
		"an underscore":                 {host: "a_b.example", problem: "'_' is not allowed"},
		"a blank":                       {host: "a b.example", problem: "' ' is not allowed"},
		"a slash":                       {host: "a/b.example", problem: "'/' is not allowed"},
		"a hyphen in front":             {host: "-a.example", problem: "begins or ends with -"},
		"an IPv4 address":               {host: "192.0.2.7", problem: "IP address"},
		"an IPv4 address with a port":   {host: "192.0.2.7:80", problem: "IP address"},
		"one that browsers understand":  {host: "0x7f.1", problem: "IP address"},
		"a number":                      {host: "2130706433", problem: "IP address"},
		"an IPv6 address":               {host: "[::1]:80", problem: "IP address"},
		"an IPv6 address without all":   {host: "2001:db8::1", problem: "IP address"},
		"an address in wide digits":     {host: "１９２.0.2.7", problem: "IP address"},
		"something behind the port":     {host: "a.example:80@b", problem: "is no port"},
		"a label that is too long":      {host: strings.Repeat("a", 64) + ".example", problem: "DNS allows 63"},
		"a name that is too long":       {host: long + "example", problem: "at most 253"},
		"something without any end":     {host: strings.Repeat("a", 100_000), problem: "host of 100000 bytes"},
		"punycode that means nothing":   {host: "xn--0.example", problem: "is not a host name"},
		"bytes that are no text at all": {host: "\xff\xfe.example", problem: "is not UTF-8"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := NormalizeHost(test.host)
			if test.problem != "" {
				if err == nil || !strings.Contains(err.Error(), test.problem) {
					t.Errorf("got %q, %v; want an error with %q", got, err, test.problem)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

func TestANormalHostCostsNothing(t *testing.T) {
	allocations := testing.AllocsPerRun(100, func() {
		if _, err := NormalizeHost("hoge.shop.example"); err != nil {
			t.Error(err)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func FuzzNormalizeHost(f *testing.F) {
	for _, seed := range []string{"Hoge.example:80", "müller.example.", "ショップ。example", "[::1]", "xn--mller-kva.example", "a.ß", "１.2.3.4", "a\u200db.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, host string) {
		name, err := NormalizeHost(host)
		if err != nil {
			return
		}
		if again, err := NormalizeHost(name); err != nil || again != name {
			t.Errorf("%q becomes %q, and that %q, %v", host, name, again, err)
		}
		if len(name) == 0 || len(name) > maxHost || strings.ToLower(name) != name || strings.Trim(name, ".") != name {
			t.Errorf("%q becomes %q", host, name)
		}
	})
}
