package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/apitest"
	"shopset.dev/shopset/internal/cli"
	"shopset.dev/shopset/internal/cli/exit"
	"shopset.dev/shopset/internal/cli/output"
	"shopset.dev/shopset/internal/plan/routes"
)

const (
	fleetNamespace = "shop"
	edgeNamespace  = "shopset-edge"
)

// live is an API server with the fleet of place/testdata and its routing table, and no controller:
// the tests do what the controller would.
type live struct {
	*apitest.Server
}

func startLive(t *testing.T) live {
	t.Helper()
	l := live{apitest.Start(t)}
	for _, name := range []string{fleetNamespace, edgeNamespace} {
		if err := l.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			t.Fatal(err)
		}
	}
	fleet, err := filepath.Abs("place/testdata/fleet")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := l.Kubectl(t, "apply", "-f", fleet); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return l
}

// putTable puts the table of place/testdata on the cluster as Argo CD would.
func (l live) putTable(t *testing.T) {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir("place/testdata/routes")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		body, err := os.ReadFile(filepath.Join("place/testdata/routes", e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(body)
	}
	for _, c := range routes.ConfigMaps(files) {
		m := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: c.Name, Namespace: edgeNamespace, Labels: map[string]string{routes.TableLabel: c.Table}},
			Data:       map[string]string{c.File: files[c.File]},
		}
		if err := l.Client.Create(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

// answer is what a run of the program came to.
type answer struct {
	stdout, stderr string
	code           exit.Code
}

// do runs the program in the fleet's namespace, or with the edges' cluster where the verb wants that;
// typed is what the person at the keyboard types.
func (l live) do(t *testing.T, typed string, args ...string) answer {
	t.Helper()
	return l.within(t.Context(), typed, args...)
}

func (l live) within(ctx context.Context, typed string, args ...string) answer {
	argv := append([]string{"shopctl"}, args...)
	argv = append(argv, "--kubeconfig", l.Kubeconfig)
	if args[0] != "override" && args[0] != "where" {
		argv = append(argv, "-n", fleetNamespace)
	}
	var out, errs bytes.Buffer
	code := cli.Run(ctx, argv, "v1.2.3", output.Streams{In: strings.NewReader(typed), Out: &out, Err: &errs, Getenv: func(string) string { return "" }})
	return answer{out.String(), errs.String(), code}
}

// expect checks an answer by parts of it.
func (a answer) expect(t *testing.T, code exit.Code, stdout, stderr string) {
	t.Helper()
	if a.code != code || !strings.Contains(a.stdout, stdout) || !strings.Contains(a.stderr, stderr) {
		t.Errorf("exit code %d, want %d with %q and %q:\n%s--- stderr\n%s", a.code, code, stdout, stderr, a.stdout, a.stderr)
	}
	if stdout == "" && a.stdout != "" {
		t.Errorf("written to standard output: %s", a.stdout)
	}
}

// get reads an object of the fleet.
func get[T client.Object](t *testing.T, l live, name string, into T) T {
	t.Helper()
	if err := l.Client.Get(t.Context(), client.ObjectKey{Namespace: fleetNamespace, Name: name}, into); err != nil {
		t.Fatal(err)
	}
	return into
}

// later does something once and again, until it reports that it was done, while the test goes on.
func later(t *testing.T, what string, try func(context.Context) bool) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for !try(ctx) {
			select {
			case <-ctx.Done():
				t.Errorf("never came to %s", what)
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() { stop(); <-ended })
}

func TestLive(t *testing.T) {
	l := startLive(t)
	t.Run("create", func(t *testing.T) { l.create(t) })
	t.Run("without a table", func(t *testing.T) { l.withoutTable(t) })
	l.putTable(t)
	t.Run("whatif", func(t *testing.T) { l.whatif(t) })
	t.Run("where", func(t *testing.T) { l.where(t) })
	t.Run("override", func(t *testing.T) { l.override(t) })
	t.Run("cordon", func(t *testing.T) { l.cordon(t) })
	t.Run("drain", func(t *testing.T) { l.drain(t) })
	t.Run("isolate", func(t *testing.T) { l.isolate(t) })
}

func (l live) create(t *testing.T) {
	l.do(t, "", "create", "shop", "mine", "--host", "mine.example,Www.Mine.example.", "--class", "standard", "--weight", "2.5", "--avoid", "b").
		expect(t, exit.OK, "shop.shopset.dev/mine created\n", "")
	s := get(t, l, "mine", &v1alpha1.Shop{})
	if s.Spec.Class != "standard" || len(s.Spec.Hosts) != 2 || s.Spec.Weight.String() != "2500m" || s.Spec.Avoid[0] != "b" {
		t.Errorf("made %+v", s.Spec)
	}
	l.do(t, "", "create", "shop", "mine", "--host", "a.example", "--class", "standard").expect(t, exit.Failure, "", `shops.shopset.dev "mine" already exists
Next:  kubectl get shops.shopset.dev mine -n shop -o yaml`)
	l.do(t, "", "create", "shop", "x", "--host", "a.example", "--class", "gold").expect(t, exit.Failure, "",
		"there is no ShopClass \"gold\": there are small, standard\nNext:  kubectl get shopclasses.shopset.dev -n shop")
	l.do(t, "", "create", "shop", "x", "--host", "a b", "--class", "small").expect(t, exit.Usage, "", `--host: host "a b"`)
	l.do(t, "", "create", "shop", "x", "--class", "small").expect(t, exit.Usage, "", "--host is missing")
	l.do(t, "", "create", "shop", "x", "--host", "a.example", "--class", "small", "--weight", "1e9").expect(t, exit.Usage, "", "--weight")
	l.do(t, "", "create", "shop", "Bad_Name", "--host", "a.example", "--class", "small").expect(t, exit.Failure, "", "Bad_Name")
	l.do(t, "", "create", "shopset", "own", "--tier", "prod", "--configuration", "production", "--cluster", "a", "--capacity", "50", "--dedicated", "-o", "name").
		expect(t, exit.OK, "shopset.shopset.dev/own\n", "")
	if s := get(t, l, "own", &v1alpha1.ShopSet{}); !s.Spec.Dedicated || *s.Spec.Capacity != 50 {
		t.Errorf("made %+v", s.Spec)
	}
	l.do(t, "", "create", "shopset", "x", "--tier", "prod", "--configuration", "production", "--cluster", "z").
		expect(t, exit.Failure, "", `there is no WorkloadCluster "z": there are a, b, c`)
	l.do(t, "", "create", "shopset", "x", "--tier", "prod").expect(t, exit.Usage, "", "--configuration is missing")
	l.do(t, "", "create", "shopclass", "gold", "--tier", "prod", "--domains", "2", "--spread", "site", "--priority", "5", "--dry-run=server").
		expect(t, exit.OK, "shopclass.shopset.dev/gold created (server dry run)", "")
	l.do(t, "", "create", "shopclass", "gold", "--tier", "prod", "--domains", "9").expect(t, exit.Failure, "", "spec.domains")

	dry := l.do(t, "", "create", "shop", "dry", "--host", "dry.example", "--class", "no-matter", "--dry-run=client")
	dry.expect(t, exit.OK, "apiVersion: shopset.dev/v1alpha1\nkind: Shop\nmetadata:\n  name: dry\n  namespace: shop\nspec:\n  class: no-matter\n  hosts:\n  - dry.example\n", "")
	l.do(t, "", "create", "shopclass", "gold", "--tier", "prod", "--buckets", "3", "--dry-run=client").
		expect(t, exit.Failure, "", "buckets must be a power of two")
	for _, name := range []string{"mine", "own"} {
		for _, o := range []client.Object{&v1alpha1.Shop{}, &v1alpha1.ShopSet{}} {
			o.SetName(name)
			o.SetNamespace(fleetNamespace)
			if err := client.IgnoreNotFound(l.Client.Delete(t.Context(), o)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (l live) withoutTable(t *testing.T) {
	l.do(t, "", "where", "hoge").expect(t, exit.Failure, "", "there is no routing table in namespace shopset-edge of https://")
	l.do(t, "", "whatif", "--down", "tokyo").expect(t, exit.OK, "loss of tokyo concerns a-1, c-1", "a fresh plan stands for it")
	l.do(t, "", "isolate", "hoge").expect(t, exit.Failure, "", "Next:  shopctl isolate hoge -n shop --like SHOPSET")
	l.do(t, "", "whatif", "--down", "tokyo", "--edge-namespace", "elsewhere").expect(t, exit.Failure, "", "there is no routing table in namespace elsewhere")
}

func (l live) whatif(t *testing.T) {
	a := l.do(t, "", "whatif", "--down", "tokyo", "-o", "json")
	a.expect(t, exit.OK, `"event": "loss of tokyo"`, "today's placement is that of namespace shopset-edge of https://")
	var r struct {
		Taken struct{ Shops int } `json:"takenOver"`
	}
	if err := json.Unmarshal([]byte(a.stdout), &r); err != nil || r.Taken.Shops != 2 {
		t.Errorf("%v: %+v", err, r)
	}
	// The same from files, to the letter.
	live, files := l.do(t, "", "whatif", "--drain", "a", "-o", "wide"), l.do(t, "", "whatif", "-f", "place/testdata/fleet", "--routes", "place/testdata/routes",
		"--drain", "a", "-o", "wide")
	if live.stdout != files.stdout {
		t.Errorf("live:\n%s\nfrom files:\n%s", live.stdout, files.stdout)
	}
}

func (l live) where(t *testing.T) {
	l.do(t, "", "where", "WWW.Hoge.example.").expect(t, exit.OK, "hoge   standard   standard/0   a-1         b-1       hoge.shop.example,www.hoge.example\n", "")
	l.do(t, "", "where", "hot", "-o", "name").expect(t, exit.OK, "b-1\n", "")
	l.do(t, "", "where", "hoge", "-o", "wide").expect(t, exit.OK, "hoge   serving   a-1       a         tokyo    Active   10.0.0.1:80", "epoch 7")
	l.do(t, "", "where", "hoge", "--routes", "place/testdata", "-o", "json").expect(t, exit.OK, `"origin": "folder place/testdata"`, "")
	l.do(t, "", "where", "nobody.example").expect(t, exit.Failure, "", `neither a host nor a shop "nobody.example" is in the routing table`)
}

func (l live) cordon(t *testing.T) {
	l.do(t, "", "cordon", "z").expect(t, exit.Failure, "", `there is no WorkloadCluster "z": there are a, b, c`)
	l.do(t, "", "cordon", "c", "--dry-run=client").expect(t, exit.OK, "  state: Cordoned\n", "")
	l.do(t, "", "cordon", "c").expect(t, exit.OK, "workloadcluster.shopset.dev/c cordoned\n", "")
	l.do(t, "", "cordon", "c").expect(t, exit.OK, "", "cluster c is Cordoned already")
	l.do(t, "", "uncordon", "c", "--wait").expect(t, exit.OK, "workloadcluster.shopset.dev/c uncordoned (was Cordoned)\n", "")
	l.do(t, "", "uncordon", "c").expect(t, exit.OK, "", "there is nothing to do")
	if c := get(t, l, "c", &v1alpha1.WorkloadCluster{}); c.Spec.State != v1alpha1.ClusterActive {
		t.Errorf("cluster c is %s", c.Spec.State)
	}
}
