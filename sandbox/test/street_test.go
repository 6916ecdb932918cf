package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"shopset.dev/shopset/internal/plan/routes"
	"shopset.dev/shopset/sandbox/internal/demo/load"
	"shopset.dev/shopset/sandbox/internal/edge"
)

// street is a sandbox with edges and the sample shop on two clusters, routed by tables that are
// written by hand: what there is without a controller.
type street struct {
	box
	home  string
	epoch int64
	shops []load.Shop
}

const (
	redundant, single = "redundant", "single"
	// shopsOfAKind is how many shops there are of each kind.
	shopsOfAKind = 20
	// crowded is how many requests a second there are.
	crowded = 60
)

// cells are the ShopSets, by their names, with their clusters.
func cells() map[string]string { return map[string]string{"a-2": "cluster-a", "b-1": "cluster-b"} }

// newStreet builds the programs beside each other, and starts the sandbox with everything on it.
func newStreet(t *testing.T) *street {
	t.Helper()
	s := &street{box: newBox(t), home: t.TempDir()}
	s.program = filepath.Join(s.home, filepath.Base(program))
	copyProgram(t, program, s.program)
	repository := repositoryOf(t)
	build(t, filepath.Join(repository, "edge"), "./cmd/"+edge.Program, filepath.Join(s.home, edge.Program))
	build(t, filepath.Join(repository, "examples", "storefront"), ".", filepath.Join(s.home, "storefront"))
	s.must("up", "--clusters", "cluster-a,cluster-b", "--edges")
	s.must("image", "load", "storefront:1.0.0", "--binary", filepath.Join(s.home, "storefront"), "--env", "GOGC=400")
	for name, cluster := range cells() {
		s.deploy(repository, name, cluster)
	}
	for i := range 2 * shopsOfAKind {
		shop := load.Shop{Name: fmt.Sprintf("shop-%d", i), Kind: []string{redundant, single}[i%2], Tier: "prod"}
		shop.Host = shop.Name + ".shop.example"
		s.shops = append(s.shops, shop)
	}
	return s
}

func repositoryOf(t *testing.T) string {
	t.Helper()
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return repository
}

func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o700); err != nil {
		t.Fatal(err)
	}
}

func build(t *testing.T, module, pkg, out string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-p", "2", "-o", out, pkg)
	cmd.Dir, cmd.Env = module, append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s of %s: %v\n%s", pkg, module, err, said)
	}
}

// deploy puts the sample shop on a cluster as a ShopSet.
func (s *street) deploy(repository, name, cluster string) {
	s.t.Helper()
	dir := filepath.Join(s.home, "overlays", name)
	base, err := filepath.Rel(dir, filepath.Join(repository, "examples", "storefront"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(dir, map[string][]byte{"kustomization.yaml": []byte(`namespace: ` + name + `
resources: [` + base + `, namespace.yaml]
labels: [{pairs: {shopset.dev/shopset: ` + name + `}, includeTemplates: true}]
`), "namespace.yaml": []byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: " + name + "}\n")})
	s.mustKubectl(cluster, "", "apply", "-k", dir)
	for _, component := range []string{"deployment/lb", "deployment/shop", "statefulset/orders"} {
		s.mustKubectl(cluster, "", "-n", name, "rollout", "status", component, "--timeout="+patience.String())
	}
}

func (s *street) write(dir string, files map[string][]byte) {
	s.t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}

// entry is where a ShopSet is entered, host:port.
func (s *street) entry(name, cluster string) string {
	s.t.Helper()
	var at string
	eventually(s.t, "the address of "+name, func() error {
		out, err := s.kubectl(cluster, "", "-n", name, "get", "service", "lb",
			"-o", "jsonpath={.status.loadBalancer.ingress[0].ip}:{.status.loadBalancer.ingress[0].ports[0].port}")
		if at = out; err == nil && (strings.HasPrefix(out, ":") || strings.HasSuffix(out, ":")) {
			err = fmt.Errorf("it is %q", out)
		}
		return err
	})
	return at
}

// table is a routing table: redundant shops are on both, the others on one of the ShopSets.
func (s *street) table(redundantOn []string, singleOn string) routes.Table {
	s.t.Helper()
	s.epoch++
	t := routes.Table{Epoch: s.epoch, Classes: []routes.Class{routes.DefaultClass(redundant), routes.DefaultClass(single)}}
	for name, cluster := range cells() {
		t.ShopSets = append(t.ShopSets, routes.ShopSet{
			Name: name, Tier: "prod", Cluster: cluster, Domain: cluster, State: routes.Active, Addresses: []string{s.entry(name, cluster)},
		})
	}
	t.Groups = []routes.Group{{Name: redundant + "/0", ShopSets: redundantOn}, {Name: single + "/0", ShopSets: []string{singleOn}}}
	for _, shop := range s.shops {
		t.Hosts = append(t.Hosts, routes.Host{Name: shop.Host, Shop: shop.Name, Group: shop.Kind + "/0"})
	}
	return t
}

// apply writes a table as a person would, with `kubectl apply -k`, on the clusters that edges read
// from, and waits until the edges have it.
func (s *street) apply(t routes.Table) {
	s.t.Helper()
	files, err := routes.Encode(t)
	if err != nil {
		s.t.Fatal(err)
	}
	files[routes.KustomizationFile] = routes.Kustomization(files, edge.Namespace, "storefront")
	dir := filepath.Join(s.home, fmt.Sprintf("routes-%d", t.Epoch))
	s.write(dir, files)
	for _, e := range s.state().EnabledEdges() {
		s.mustKubectl(e.Cluster, "", "apply", "-k", dir)
	}
	for _, e := range s.state().EnabledEdges() {
		s.waitEpoch(e.Status(), t.Epoch)
	}
}

func (s *street) waitEpoch(status string, epoch int64) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("epoch %d at %s", epoch, status), func() error {
		body, err := get(status+"/status", silence)
		if err == nil && !strings.Contains(body, fmt.Sprintf(`"epoch": %d`, epoch)) {
			err = fmt.Errorf("it says %s", body)
		}
		return err
	})
}

// crowd lets shoppers in, who shop until the test ends.
func (s *street) crowd() *load.Crowd {
	s.t.Helper()
	config := load.Config{Shops: s.shops, Rate: crowded, Clock: clock.RealClock{}, TierOf: func(shopSet string) string {
		if _, ok := cells()[shopSet]; ok {
			return "prod"
		}
		return ""
	}}
	for _, e := range s.state().EnabledEdges() {
		config.Edges = append(config.Edges, e.HTTP())
	}
	crowd, err := load.Start(config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(crowd.Stop)
	return crowd
}

// during gives the visits that began while something was done, and in the time before and after.
func during(t *testing.T, crowd *load.Crowd, margin time.Duration, do func()) load.Visits {
	t.Helper()
	from := time.Now()
	time.Sleep(margin)
	do()
	time.Sleep(margin)
	visits, err := crowd.Visits(t.Context(), from, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return visits
}

// tell logs what became of requests.
func tell(t *testing.T, what string, visits load.Visits) {
	t.Helper()
	for _, row := range visits.Rows() {
		t.Logf("%s: %s", what, strings.Join(row.Cells(), "  "))
	}
	for _, reason := range visits.Reasons() {
		t.Logf("%s: %d lost: %s", what, reason.Count, reason.Text)
	}
}
