package nameproxy

import (
	"errors"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestResolve(t *testing.T) {
	w := newWorld()
	w.add(t, "shop", "cart", "127.8.0.1", 80, 8080,
		endpoint("10.9.0.1", "", true, true), endpoint("10.9.0.2", "", false, false), endpoint("10.9.0.3", "", false, true))
	w.add(t, "shop", "ending", "127.8.0.2", 80, 8080, endpoint("10.9.0.4", "", false, true))
	w.add(t, "shop", "empty", "127.8.0.3", 80, 8080, endpoint("10.9.0.5", "", false, false))
	w.add(t, "shop", "db", "None", 5432, 5432, endpoint("10.9.1.1", "db-0", true, true), endpoint("10.9.1.2", "db-1", true, true))
	w.add(t, "db", "db-0", "127.8.0.4", 80, 80, endpoint("10.9.2.1", "", true, true))
	w.add(t, "default", "kubernetes", "127.8.0.9", 443, 6443)
	alias := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "mail"},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "mail.example"},
	}
	if err := w.services.Add(alias); err != nil {
		t.Fatal(err)
	}
	resolver := Resolver{Directory: w.directory(t)}
	for name, test := range map[string]struct {
		namespace, host string
		want            []string
	}{
		"a service of the caller's namespace":     {"shop", "cart:80", []string{"127.9.0.1:8080"}},
		"with its namespace":                      {"other", "cart.shop:80", []string{"127.9.0.1:8080"}},
		"with svc":                                {"other", "cart.shop.svc:80", []string{"127.9.0.1:8080"}},
		"in full":                                 {"other", "cart.shop.svc.cluster.local:80", []string{"127.9.0.1:8080"}},
		"in full, absolute":                       {"other", "cart.shop.svc.cluster.local.:80", []string{"127.9.0.1:8080"}},
		"in capitals":                             {"shop", "Cart:80", []string{"127.9.0.1:8080"}},
		"one with only ending endpoints":          {"shop", "ending:80", []string{"127.9.0.4:8080"}},
		"a headless service is any of its pods":   {"shop", "db:5433", []string{"127.9.1.1:5433", "127.9.1.2:5433"}},
		"a pod of a stateful set":                 {"shop", "db-1.db:5432", []string{"127.9.1.2:5432"}},
		"a pod of a stateful set, in full":        {"other", "db-1.db.shop.svc.cluster.local:5432", []string{"127.9.1.2:5432"}},
		"a pod goes before a service elsewhere":   {"shop", "db-0.db:5432", []string{"127.9.1.1:5432"}},
		"the service elsewhere if there is none":  {"other", "db-0.db:80", []string{"127.9.2.1:80"}},
		"an alias":                                {"shop", "mail:25", []string{"mail.example:25"}},
		"the API server":                          {"shop", "kubernetes.default.svc:443", []string{"127.9.255.254:6443"}},
		"an address of a pod":                     {"shop", "10.9.1.1:5432", []string{"127.9.1.1:5432"}},
		"any other address":                       {"shop", "192.0.2.1:80", []string{"192.0.2.1:80"}},
		"a name of the internet":                  {"shop", "example.com:443", []string{"example.com:443"}},
		"a service of another namespace, unnamed": {"other", "cart:80", []string{"cart:80"}},
		"an absolute name is not searched for":    {"shop", "cart.:80", []string{"cart.:80"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := resolver.Resolve(test.namespace, test.host)
			if err != nil || !slices.Contains(test.want, got) {
				t.Errorf("got %s, %v; want one of %v", got, err, test.want)
			}
		})
	}
	if _, err := resolver.Resolve("shop", "empty:80"); !errors.Is(err, ErrNoEndpoints) {
		t.Errorf("a service without endpoints: %v", err)
	}
	if _, err := resolver.Resolve("shop", "cart:81"); err == nil || !strings.Contains(err.Error(), "no port 81") {
		t.Errorf("a port that the service has not: %v", err)
	}
}
