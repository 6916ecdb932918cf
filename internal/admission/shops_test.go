package admission_test

import (
	"fmt"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/apitest"
)

func testShops(t *testing.T, server *apitest.Server) {
	namespace := server.Namespace(t, "s")
	create(t, server, namespace, fleetOf(namespace)...)
	create(t, server, namespace,
		"{kind: ShopClass, metadata: {name: standard}, spec: {tier: dev}}",
		"{kind: Shop, metadata: {name: tea}, spec: {hosts: [tea.example], class: standard}}",
		"{kind: ClusterMaintenance, metadata: {name: upgrade-a}, spec: {cluster: a}}")
	class := func(spec string) string { return "{kind: ShopClass, metadata: {name: new}, spec: " + spec + "}" }
	shop := func(spec string) string { return "{kind: Shop, metadata: {name: new}, spec: " + spec + "}" }
	for name, c := range map[string]struct{ document, want string }{
		"a class in order": {class("{tier: prod, domains: 2, spread: [{level: site, mode: Preferred}]}"), ""},
		"a class of a Tier that is not there": {class("{tier: prdo}"),
			`ShopClass new: spec.tier: there is no Tier "prdo"; create the Tier or name one that exists: dev, prod`},
		"a class of more sites than there are": {class("{tier: prod, domains: 2, spread: [{level: site}]}"),
			"ShopClass new: spec.domains: it asks for 2 domains, and of FailureDomains of level site there are only 1; ask for fewer"},
		"a class of more clusters than there are": {class("{tier: prod, domains: 3}"),
			"it asks for 3 domains, and of WorkloadClusters there are only 2"},
		"a class of a level that nobody has": {class("{tier: prod, spread: [{level: galaxy, mode: Preferred}]}"),
			`ShopClass new: spec.spread[0].level: no FailureDomain has level "galaxy"; name a level that exists: cluster, planet, site`},
		"a shop in order": {shop("{hosts: [New.Example., 新.example], class: standard, pin: [a-1], avoid: [b, site-a]}"), ""},
		"a shop of a class that is not there": {shop("{hosts: [new.example], class: gold}"),
			`Shop new: spec.class: there is no ShopClass "gold"; create the ShopClass or name one that exists: standard`},
		"a shop with a host that is none": {shop("{hosts: [new.example, 'http://new.example/'], class: standard}"),
			"Shop new: spec.hosts[1]: host \"http://new.example/\""},
		"a shop that is pinned to nothing": {shop("{hosts: [new.example], class: standard, pin: [a-9]}"),
			`Shop new: spec.pin[0]: there is no ShopSet "a-9"; create the ShopSet or name one that exists: a-1`},
		"a shop that avoids nothing": {shop("{hosts: [new.example], class: standard, avoid: [mars]}"),
			`Shop new: spec.avoid[0]: there is no ShopSet, WorkloadCluster or FailureDomain "mars"`},
		"a host that another shop has shows as a condition": {shop("{hosts: [tea.example], class: standard}"), ""},
		"a maintenance of a cluster that is not there": {"{kind: ClusterMaintenance, metadata: {name: new}, spec: {cluster: z}}",
			`ClusterMaintenance new: spec.cluster: there is no WorkloadCluster "z"`},
		"a second maintenance of a cluster": {"{kind: ClusterMaintenance, metadata: {name: new}, spec: {cluster: a}}",
			"the older ClusterMaintenance upgrade-a of cluster a is not finished; use that one, or let it end first"},
		"a maintenance of another cluster": {"{kind: ClusterMaintenance, metadata: {name: new}, spec: {cluster: b}}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, server.Client.Create(t.Context(), object(t, namespace, c.document), client.DryRunAll), c.want)
		})
	}
	t.Run("a shop moved to a class that is not there", func(t *testing.T) {
		check(t, patch(t, server, namespace, "Shop", "tea", "{spec: {class: gold}}"), `there is no ShopClass "gold"`)
	})
	t.Run("a shop that is wrong already can be changed otherwise", func(t *testing.T) {
		check(t, patch(t, server, namespace, "Shop", "tea", "{spec: {pin: [a-1]}}"), "")
		check(t, remove(t, server, namespace, "Shop", "tea"), "")
		check(t, remove(t, server, namespace, "ShopClass", "standard"), "")
	})
}

func testShopUsers(t *testing.T, server *apitest.Server) {
	namespace := server.Namespace(t, "s")
	create(t, server, namespace, fleetOf(namespace)...)
	create(t, server, namespace,
		"{kind: ShopClass, metadata: {name: standard}, spec: {tier: prod}}",
		"{kind: ShopClass, metadata: {name: empty}, spec: {tier: dev}}",
		"{kind: ShopClass, metadata: {name: single}, spec: {tier: dev}}",
		"{kind: Shop, metadata: {name: pinned}, spec: {hosts: [pinned.example], class: single, pin: [a-1]}}",
		"{kind: Shop, metadata: {name: avoiding}, spec: {hosts: [avoiding.example], class: single, avoid: [b]}}",
		"{kind: ClusterMaintenance, metadata: {name: waiting}, spec: {cluster: b}}",
		"{kind: ClusterMaintenance, metadata: {name: begun}, spec: {cluster: a}}")
	for i := range 12 {
		create(t, server, namespace, fmt.Sprintf("{kind: Shop, metadata: {name: s-%02d}, spec: {hosts: [s-%02d.example], class: standard}}", i, i))
	}
	setStatus(t, server, namespace)
	for _, c := range []struct{ kind, object, want string }{
		{"ShopClass", "standard", "ShopClass standard cannot be deleted: it is in use by Shop s-00, Shop s-01, Shop s-02, Shop s-03, Shop s-04, " +
			"Shop s-05, Shop s-06, Shop s-07, Shop s-08, Shop s-09 and 290 more; let them name another ShopClass, or delete them"},
		{"ShopClass", "empty", ""},
		{"Tier", "prod", "in use by ShopClass standard; let them name another Tier"},
		{"ShopSet", "a-1", "ShopSet a-1 cannot be deleted: it is in use by Shop pinned; pin them to another ShopSet or to none"},
		{"WorkloadCluster", "b", ""},
		{"ClusterMaintenance", "begun", "ClusterMaintenance begun cannot be deleted: it is Draining, and only it knows what it has moved; " +
			"set its spec.goal to Return or Abort and wait until it has ended"},
		{"ClusterMaintenance", "waiting", ""},
		{"Shop", "pinned", ""},
		{"ShopSet", "a-1", ""},
		{"Shop", "s-00", ""},
	} {
		t.Run(c.kind+" "+c.object, func(t *testing.T) { check(t, remove(t, server, namespace, c.kind, c.object), c.want) })
	}
}

// setStatus plays the controller: it has counted shops, and begun to drain.
func setStatus(t *testing.T, server *apitest.Server, namespace string) {
	t.Helper()
	class := &v1alpha1.ShopClass{}
	if err := server.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "standard"}, class); err != nil {
		t.Fatal(err)
	}
	class.Status.Shops = 300
	maintenance := &v1alpha1.ClusterMaintenance{}
	if err := server.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "begun"}, maintenance); err != nil {
		t.Fatal(err)
	}
	maintenance.Status.Phase, maintenance.Status.Before = v1alpha1.MaintenanceDraining, "0123456789abcdef"
	for _, o := range []client.Object{class, maintenance} {
		if err := server.Client.Status().Update(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
}
