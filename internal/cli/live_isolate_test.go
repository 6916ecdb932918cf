package cli_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/isolate"
	"shopset.dev/shopset/internal/plan/routes"
)

func (l live) isolate(t *testing.T) {
	l.do(t, "", "isolate", "nobody").expect(t, exit.Failure, "", `there is no Shop "nobody": there are fuga, hoge, hot, piyo, twin`)
	l.do(t, "", "isolate", "hoge").expect(t, exit.Usage, "", "class standard asks for 2 failure domains; isolated the shop has one")
	l.do(t, "", "isolate", "hoge", "--release").expect(t, exit.Failure, "", "shop hoge is not isolated")
	l.do(t, "", "isolate", "hoge", "--release", "--name", "x").expect(t, exit.Usage, "", "takes no wishes")
	dry := l.do(t, "", "isolate", "hoge", "--cluster", "c", "--dry-run=client")
	dry.expect(t, exit.OK, "  capacity: 100\n  cluster: c\n  configuration: production\n  dedicated: true\n  tier: prod\n---\napiVersion", "")
	if !strings.Contains(dry.stdout, "  pin:\n  - hoge-own\n") {
		t.Errorf("the Shop is not pinned:\n%s", dry.stdout)
	}
	l.do(t, "", "isolate", "hoge", "--name", "b-1", "-y").expect(t, exit.Failure, "", "there is another ShopSet b-1: name the new one with --name")

	// The first attempt dies between its two steps.
	l.do(t, "", "isolate", "hoge", "-y", "--dry-run=server").expect(t, exit.OK, "shopset.shopset.dev/hoge-own created (server dry run)", "")
	half := get(t, l, "a-1", &v1alpha1.ShopSet{})
	half.ObjectMeta = metaOf("hoge-own", map[string]string{isolate.LabelIsolates: "hoge"})
	half.Spec.Dedicated = true
	half.Finalizers = []string{v1alpha1.Finalizer}
	if err := l.Client.Create(t.Context(), half); err != nil {
		t.Fatal(err)
	}
	l.do(t, "hoge\n", "isolate", "hoge").expect(t, exit.OK, "shop.shopset.dev/hoge pinned to hoge-own\n", "ShopSet hoge-own for shop hoge exists already")
	if s := get(t, l, "hoge", &v1alpha1.Shop{}); len(s.Spec.Pin) != 1 || s.Spec.Pin[0] != "hoge-own" {
		t.Errorf("pinned to %v", s.Spec.Pin)
	}
	l.do(t, "", "isolate", "hoge", "--wait", "--timeout", "1s").expect(t, exit.Timeout, "", "ShopSet hoge-own is not live yet (unknown)")
	half.Status.Live, half.Status.Health = true, "Healthy"
	if err := l.Client.Status().Update(t.Context(), half); err != nil {
		t.Fatal(err)
	}
	l.do(t, "", "isolate", "hoge", "--wait", "--timeout", "2s").expect(t, exit.Timeout, "", "shop hoge is still served by a-1, b-1")
	l.moved(t)
	l.do(t, "", "isolate", "hoge", "--wait", "--timeout", "1m").expect(t, exit.OK, "", "shop hoge is served by ShopSet hoge-own")
	l.release(t)
	l.pinnedBefore(t)
}

// moved puts a table on the cluster in which hoge is served by its own ShopSet.
func (l live) moved(t *testing.T) {
	files, err := routes.Encode(routes.Table{
		Epoch:    8,
		Hosts:    []routes.Host{{Name: "hoge.shop.example", Shop: "hoge", Group: "standard/@hoge"}, {Name: "piyo.shop.example", Shop: "piyo", Group: "small/0"}},
		Groups:   []routes.Group{{Name: "standard/@hoge", ShopSets: []string{"hoge-own"}}, {Name: "small/0", ShopSets: []string{"c-1"}}},
		ShopSets: []routes.ShopSet{{Name: "hoge-own", Tier: "prod", Cluster: "a", State: routes.Active}, {Name: "c-1", Tier: "prod", Cluster: "c", State: routes.Active}},
		Classes:  []routes.Class{routes.DefaultClass("standard")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range routes.ConfigMaps(files) {
		var m corev1.ConfigMap
		if err := l.Client.Get(t.Context(), client.ObjectKey{Namespace: edgeNamespace, Name: c.Name}, &m); err != nil {
			t.Fatal(err)
		}
		m.Data = map[string]string{c.File: string(files[c.File])}
		if err := l.Client.Update(t.Context(), &m); err != nil {
			t.Fatal(err)
		}
	}
}

// release undoes it; the finalizer holds the ShopSet until the controller has drained it.
func (l live) release(t *testing.T) {
	l.do(t, "", "isolate", "hoge", "--release", "--dry-run=client").expect(t, exit.OK, "kind: Shop\n", "shopset.shopset.dev/hoge-own would be deleted")
	l.do(t, "", "isolate", "hoge", "--release", "--wait", "--timeout", "1s").expect(t, exit.Timeout, "shop.shopset.dev/hoge pin restored: none\nshopset.shopset.dev/hoge-own deletion asked for\n",
		"waiting until nothing is routed to ShopSet hoge-own")
	if s := get(t, l, "hoge", &v1alpha1.Shop{}); len(s.Spec.Pin) != 0 || s.Annotations[isolate.AnnotationIsolated] != "" {
		t.Errorf("left behind: pin %v, annotations %v", s.Spec.Pin, s.Annotations)
	}
	l.do(t, "", "isolate", "hoge", "--release").expect(t, exit.OK, "", "ShopSet hoge-own is being deleted already")
	own := get(t, l, "hoge-own", &v1alpha1.ShopSet{})
	own.Finalizers = nil
	if err := l.Client.Update(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	l.do(t, "", "isolate", "hoge", "--release").expect(t, exit.Failure, "", "shop hoge is not isolated")
}

// pinnedBefore isolates a shop that was pinned, and that somebody pins elsewhere meanwhile.
func (l live) pinnedBefore(t *testing.T) {
	l.do(t, "", "isolate", "piyo", "--name", "quiet").expect(t, exit.OK, "shop.shopset.dev/piyo pinned to quiet\n", "until now it is pinned to c-1")
	l.do(t, "", "isolate", "piyo").expect(t, exit.OK, "", "shop piyo is isolated already, on ShopSet quiet")
	l.do(t, "", "isolate", "piyo", "--release", "--wait", "--timeout", "1m").
		expect(t, exit.OK, "shop.shopset.dev/piyo pin restored: c-1\nshopset.shopset.dev/quiet deletion asked for\n", "released")

	l.do(t, "", "isolate", "piyo", "--like", "a-1").expect(t, exit.OK, "shopset.shopset.dev/piyo-own created\n", "")
	if s := get(t, l, "piyo-own", &v1alpha1.ShopSet{}); s.Spec.Cluster != "a" {
		t.Errorf("on cluster %s", s.Spec.Cluster)
	}
	s := get(t, l, "piyo", &v1alpha1.Shop{})
	s.Spec.Pin = []string{"b-1"}
	if err := l.Client.Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	guest := get(t, l, "hot", &v1alpha1.Shop{})
	guest.Spec.Pin = []string{"piyo-own"}
	if err := l.Client.Update(t.Context(), guest); err != nil {
		t.Fatal(err)
	}
	a := l.do(t, "", "isolate", "piyo", "--release")
	a.expect(t, exit.OK, "shop.shopset.dev/piyo pin restored: b-1\n", "somebody has pinned shop piyo to b-1 since: that stays")
	if !strings.Contains(a.stderr, "ShopSet piyo-own stays: hot pinned to it") {
		t.Errorf("the guest was not noticed: %s", a.stderr)
	}
	get(t, l, "piyo-own", &v1alpha1.ShopSet{})
}

func metaOf(name string, labels map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: fleetNamespace, Labels: labels}
}
