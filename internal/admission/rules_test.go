package admission_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/internal/apitest"
)

func TestWebhook(t *testing.T) {
	server := apitest.Start(t)
	startWebhook(t, server)
	t.Run("creation", func(t *testing.T) { testCreation(t, server) })
	t.Run("update", func(t *testing.T) { testUpdate(t, server) })
	t.Run("deletion", func(t *testing.T) { testDeletion(t, server) })
	t.Run("shops", func(t *testing.T) { testShops(t, server) })
	t.Run("deletion of what shops use", func(t *testing.T) { testShopUsers(t, server) })
	t.Run("other fleets", func(t *testing.T) { testOtherFleets(t, server) })
	t.Run("examples", func(t *testing.T) { testExamples(t, server) })
}

// testCreation leaves nothing behind (dry run), so all cases meet the same fleet.
func testCreation(t *testing.T, server *apitest.Server) {
	namespace := server.Namespace(t, "c")
	create(t, server, namespace, fleetOf(namespace)...)
	shopSet := func(spec string) string { return "{kind: ShopSet, metadata: {name: new}, spec: " + spec + "}" }
	for name, c := range map[string]struct{ document, want string }{
		"a second Fleet": {"{kind: Fleet, metadata: {name: another}, spec: {apps: {url: 'https://h/a'}, system: {url: 'https://h/x'}}}",
			"Fleet another: metadata.namespace: the namespace already holds the older Fleet fleet, and one namespace is one fleet; delete this Fleet, or create it in a namespace of its own"},
		"a second Tier of one level": {"{kind: Tier, metadata: {name: new}, spec: {level: 10}}",
			"Tier new: spec.level: level 10 belongs to the older Tier prod; delete this Tier and create it with a level of its own"},
		"a Tier of its own level": {"{kind: Tier, metadata: {name: new}, spec: {level: 5}}", ""},
		"a ShopSet of a Tier that is not there": {shopSet("{tier: prdo, configuration: staging, cluster: b}"),
			`ShopSet new: spec.tier: there is no Tier "prdo"; create the Tier or name one that exists: dev, prod`},
		"a ShopSet of a Configuration that is not there": {shopSet("{tier: prod, configuration: production, cluster: b}"),
			`ShopSet new: spec.configuration: there is no Configuration "production"`},
		"a ShopSet on a cluster that is not there": {shopSet("{tier: prod, configuration: staging, cluster: c}"),
			`ShopSet new: spec.cluster: there is no WorkloadCluster "c"`},
		"a ShopSet in order": {shopSet("{tier: prod, configuration: staging, cluster: a}"), ""},
		"a ShopSet in the namespace of another": {shopSet("{tier: prod, configuration: staging, cluster: a, namespace: {ns}a-1}"),
			"belongs to the older ShopSet a-1; create the ShopSet under another name, with another spec.namespace or on another cluster"},
		"a ShopSet in a namespace of the system": {shopSet("{tier: prod, configuration: staging, cluster: a, namespace: kube-public}"),
			"ShopSet new: spec.namespace: namespace kube-public belongs to the system"},
		"a cluster in a domain that is not there": {"{kind: WorkloadCluster, metadata: {name: new}, spec: {failureDomain: mars}}",
			`WorkloadCluster new: spec.failureDomain: there is no FailureDomain "mars"`},
		"a cluster that Argo CD has under another name": {"{kind: WorkloadCluster, metadata: {name: new}, spec: {failureDomain: earth, argocdCluster: a}}",
			`Argo CD's cluster "a" is already the older WorkloadCluster a`},
		"a domain in a domain that is not there": {"{kind: FailureDomain, metadata: {name: new}, spec: {level: site, parent: mars}}",
			`FailureDomain new: spec.parent: there is no FailureDomain "mars"`},
		"a secret in a literal": {"{kind: Configuration, metadata: {name: new}, spec: {literals: [{configMap: c, values: {API_TOKEN: hunter2}}]}}",
			"Configuration new: spec.literals[c].values[API_TOKEN]: its name says that it is a secret; take it out, create a Secret in the ShopSet's namespace and name it in spec.secretEnv"},
		"a secret in a patch": {`{kind: Configuration, metadata: {name: new}, spec: {patches: [{patch: '{"kind":"Secret","metadata":{"name":"db"},"data":{"a":"Yg=="}}'}]}}`,
			"Configuration new: spec.patches[0].patch: it sets the data of a Secret"},
		"a patch that is none": {"{kind: Configuration, metadata: {name: new}, spec: {patches: [{patch: 'a: ['}]}}",
			"Configuration new: spec.patches[0].patch: this is neither YAML nor JSON"},
		"a Promotion to a Tier that is not there": {"{kind: Promotion, metadata: {name: new}, spec: {tier: prdo}}",
			`Promotion new: spec.tier: there is no Tier "prdo"`},
		"a Promotion in order": {"{kind: Promotion, metadata: {name: new}, spec: {tier: prod}}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			document := strings.ReplaceAll(c.document, "{ns}", namespace)
			check(t, server.Client.Create(t.Context(), object(t, namespace, document), client.DryRunAll), c.want)
		})
	}
}

func testUpdate(t *testing.T, server *apitest.Server) {
	namespace := server.Namespace(t, "u")
	create(t, server, namespace, fleetOf(namespace)...)
	for name, c := range map[string]struct{ kind, object, patch, want string }{
		"a cycle of domains": {"FailureDomain", "earth", "{spec: {parent: site-a}}",
			"FailureDomain earth: spec.parent: its parents lead back to it: earth → site-a → earth; set spec.parent of one of them to a domain outside the cycle, or to nothing"},
		"a ShopSet moved to a Tier that is not there": {"ShopSet", "a-1", "{spec: {tier: prdo}}", `there is no Tier "prdo"`},
		"a ShopSet moved to a Tier that is":           {"ShopSet", "a-1", "{spec: {tier: prod}}", ""},
		"apps that keep namespaces, with one ShopSet": {"Fleet", "fleet", "{spec: {apps: {namespaces: Keep}}}", ""},
		"a label on anything":                         {"Tier", "dev", "{metadata: {labels: {a: b}}}", ""},
		"a hold":                                      {"Tier", "dev", "{spec: {hold: {reason: sale}}}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, patch(t, server, namespace, c.kind, c.object, c.patch, client.DryRunAll), c.want)
		})
	}
	t.Run("apps that keep namespaces, with two ShopSets on a cluster", func(t *testing.T) {
		create(t, server, namespace, "{kind: ShopSet, metadata: {name: a-2}, spec: {tier: dev, configuration: staging, cluster: a}}")
		check(t, patch(t, server, namespace, "Fleet", "fleet", "{spec: {apps: {namespaces: Keep}}}"),
			"ShopSet a-2: spec.cluster: Fleet fleet keeps the namespaces of its apps")
	})
}

func testDeletion(t *testing.T, server *apitest.Server) {
	namespace := server.Namespace(t, "d")
	create(t, server, namespace, fleetOf(namespace)...)
	for i := range 12 {
		create(t, server, namespace, fmt.Sprintf("{kind: ShopSet, metadata: {name: b-%02d}, spec: {tier: prod, configuration: staging, cluster: b}}", i))
	}
	const step = "; let them name another Tier, or delete them, and wait until they are gone"
	for _, c := range []struct{ kind, object, want string }{
		{"Tier", "dev", "Tier dev cannot be deleted: it is in use by ShopSet a-1" + step},
		{"Tier", "prod", "Tier prod cannot be deleted: it is in use by ShopSet b-00, ShopSet b-01, ShopSet b-02, ShopSet b-03, " +
			"ShopSet b-04, ShopSet b-05, ShopSet b-06, ShopSet b-07, ShopSet b-08, ShopSet b-09 and 2 more" + step},
		{"Configuration", "staging", "Configuration staging cannot be deleted: it is in use by ShopSet a-1, "},
		{"WorkloadCluster", "a", "WorkloadCluster a cannot be deleted: it is in use by ShopSet a-1; delete them"},
		{"FailureDomain", "earth", "FailureDomain earth cannot be deleted: it is in use by FailureDomain site-a; let them name another"},
		{"FailureDomain", "site-a", "in use by WorkloadCluster a, WorkloadCluster b"},
		{"Fleet", "fleet", "Fleet fleet cannot be deleted: it is in use by ShopSet a-1, "},
		{"ShopSet", "a-1", ""},
		{"Tier", "dev", ""},
		{"WorkloadCluster", "a", ""},
	} {
		check(t, remove(t, server, namespace, c.kind, c.object), c.want)
	}
	t.Run("when the whole namespace goes", func(t *testing.T) {
		namespaceGoing(t, server, namespace)
		check(t, remove(t, server, namespace, "Tier", "prod"), "")
		check(t, remove(t, server, namespace, "Fleet", "fleet"), "")
	})
	t.Run("a finalizer can be taken off whatever is wrong", func(t *testing.T) {
		namespace := server.Namespace(t, "d")
		create(t, server, namespace, fleetOf(namespace)...)
		if err := patch(t, server, namespace, "ShopSet", "a-1", "{metadata: {finalizers: [shopset.dev/git]}}"); err != nil {
			t.Fatalf("adding the finalizer: %v", err)
		}
		check(t, remove(t, server, namespace, "ShopSet", "a-1"), "")
		check(t, remove(t, server, namespace, "Tier", "dev"), "in use by ShopSet a-1 (being deleted)")
		check(t, patch(t, server, namespace, "ShopSet", "a-1", "{metadata: {finalizers: null}}"), "")
		check(t, remove(t, server, namespace, "Tier", "dev"), "")
	})
}

func testOtherFleets(t *testing.T, server *apitest.Server) {
	const document = "{kind: Fleet, metadata: {name: other}, spec: {apps: {url: 'https://h/a'}, system: {url: 'https://h/%s'}, namePrefix: '%s', argocd: {namespace: %s}}}"
	namespace, other := server.Namespace(t, "f"), server.Namespace(t, "f")
	create(t, server, namespace, fleetOf(namespace)...)
	try := func(system, prefix, argocd string) error {
		return server.Client.Create(t.Context(), object(t, other, fmt.Sprintf(document, system, prefix, argocd)), client.DryRunAll)
	}
	check(t, try("own", namespace, "argocd"), "has the same namePrefix")
	check(t, try("own", namespace, "gitops"), "")
	check(t, try(namespace+".git", other, "argocd"), "writes the same system repository")
	check(t, try("own", other, "argocd"), "")
	create(t, server, other, fmt.Sprintf(document, "own", namespace[:len(namespace)-1], "argocd"), fleetOf("")[1], fleetOf("")[2], fleetOf("")[3], fleetOf("")[5], fleetOf("")[7])
	name := namespace[len(namespace)-1:] + "a-1"
	check(t, server.Client.Create(t.Context(), object(t, other,
		"{kind: ShopSet, metadata: {name: "+name+"}, spec: {tier: dev, configuration: staging, cluster: a}}")),
		"its Application argocd/"+namespace+"a-1 belongs to the older ShopSet "+namespace+"/a-1 of another fleet")
}

// testExamples applies the examples as a person would, and then once more.
func testExamples(t *testing.T, server *apitest.Server) {
	kinds := server.Namespace(t, "kinds")
	if output, err := server.Kubectl(t, "create", "namespace", "storefront"); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	files, err := filepath.Glob(filepath.Join(server.Root, "examples", "fleet", "[0-9]*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the files of examples/fleet: %v, %v", files, err)
	}
	for namespace, paths := range map[string][]string{kinds: {"examples/kinds"}, "storefront": files} {
		files := []string{"-n", namespace}
		for _, path := range paths {
			files = append(files, "-f", path)
		}
		for _, arguments := range [][]string{{"apply"}, {"apply", "--server-side", "--force-conflicts"}} {
			arguments = append(arguments, files...)
			if output, err := server.Kubectl(t, arguments...); err != nil {
				t.Errorf("kubectl %s: %v\n%s", strings.Join(arguments, " "), err, output)
			}
		}
		// The two are alternatives: they share the names of their Applications.
		for _, what := range []string{"shops,shopsets,promotions", "fleets"} {
			if output, err := server.Kubectl(t, "delete", "-n", namespace, what, "--all"); err != nil {
				t.Errorf("deleting %s: %v\n%s", what, err, output)
			}
		}
	}
}
