package pki

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func ensured(t *testing.T, now time.Time) Directory {
	t.Helper()
	d := Directory(filepath.Join(t.TempDir(), "pki"))
	if err := d.Ensure("cluster-a", []string{"kubernetes.default.svc", "127.18.0.1"}, now); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEachAuthorityVouchesForItsOwn(t *testing.T) {
	now := time.Now()
	d := ensured(t, now)
	server, client := x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth
	cases := map[string]struct {
		authority, name string
		usage           x509.ExtKeyUsage
		host            string
		refused         bool
	}{
		"the API server by a name":                      {CA, APIServer, server, "kubernetes.default.svc", false},
		"the API server by the Service's address":       {CA, APIServer, server, "127.18.0.1", false},
		"the API server not by another's address":       {CA, APIServer, server, "127.20.0.1", true},
		"the administrator":                             {CA, Admin, client, "", false},
		"the administrator is no server":                {CA, Admin, server, "", true},
		"etcd's client":                                 {EtcdCA, EtcdClient, client, "", false},
		"the administrator is no client of etcd":        {EtcdCA, Admin, client, "", true},
		"the administrator is no front proxy":           {FrontProxyCA, Admin, client, "", true},
		"the front proxy":                               {FrontProxyCA, FrontProxy, client, "", false},
		"the controllers' server by the same name":      {CA, Serving, server, "127.18.0.1", false},
		"etcd's server is no server of the API's hosts": {CA, EtcdServer, server, "127.18.0.1", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			ca, err := d.Read(c.authority)
			if err != nil {
				t.Fatal(err)
			}
			pair, err := tls.LoadX509KeyPair(d.Certificate(c.name), d.Key(c.name))
			if err != nil {
				t.Fatal(err)
			}
			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM(ca.Certificate)
			_, err = pair.Leaf.Verify(x509.VerifyOptions{
				Roots: roots, KeyUsages: []x509.ExtKeyUsage{c.usage}, DNSName: c.host, CurrentTime: now.Add(time.Minute),
			})
			if refused := err != nil; refused != c.refused {
				t.Errorf("verification: %v, want refused: %t", err, c.refused)
			}
		})
	}
}

func TestKeysAreMadeOnceAndKeptPrivate(t *testing.T) {
	d := ensured(t, time.Now())
	before, err := d.Read(Admin)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Ensure("cluster-a", nil, time.Now()); err != nil {
		t.Fatal(err)
	}
	after, err := d.Read(Admin)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the administrator's pair was made again:\n%s", diff)
	}
	entries, err := os.ReadDir(string(d))
	if err != nil || len(entries) == 0 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want mode 0600", entry.Name(), info.Mode(), err)
		}
	}
}

func TestWhatIsIssuedLaterIsSignedByTheSameAuthority(t *testing.T) {
	now := time.Now()
	d := ensured(t, now)
	if err := d.EnsureClient("edge-1", "shopset-edge:edge-1", []string{"shopset-edge"}, now); err != nil {
		t.Fatal(err)
	}
	before, err := d.Read("edge-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.EnsureClient("edge-1", "somebody else", nil, now); err != nil {
		t.Fatal(err)
	}
	if after, err := d.Read("edge-1"); err != nil || !cmp.Equal(before, after) {
		t.Errorf("the pair was made again (%v)", err)
	}
	leaf := verified(t, d, "edge-1", x509.ExtKeyUsageClientAuth, "", now)
	if leaf.Subject.CommonName != "shopset-edge:edge-1" || !cmp.Equal(leaf.Subject.Organization, []string{"shopset-edge"}) {
		t.Errorf("the subject is %s", leaf.Subject)
	}
}

func TestAServerForEveryHostOfADomain(t *testing.T) {
	now := time.Now()
	d := Directory(filepath.Join(t.TempDir(), "edges", "pki"))
	for range 2 { // the second time nothing is made
		if err := d.EnsureServer("shop.example", []string{"*.shop.example", "shop.example"}, now); err != nil {
			t.Fatal(err)
		}
	}
	for _, host := range []string{"hoge.shop.example", "shop.example"} {
		verified(t, d, "shop.example", x509.ExtKeyUsageServerAuth, host, now)
	}
}

// verified is a pair's certificate, which its directory's authority must vouch for.
func verified(t *testing.T, d Directory, name string, usage x509.ExtKeyUsage, host string, now time.Time) *x509.Certificate {
	t.Helper()
	ca, err := d.Read(CA)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(d.Certificate(name), d.Key(name))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.Certificate)
	_, err = pair.Leaf.Verify(x509.VerifyOptions{
		Roots: roots, KeyUsages: []x509.ExtKeyUsage{usage}, DNSName: host, CurrentTime: now.Add(time.Minute),
	})
	if err != nil {
		t.Errorf("%s for %q: %v", name, host, err)
	}
	return pair.Leaf
}
