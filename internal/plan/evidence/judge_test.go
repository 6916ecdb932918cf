package evidence

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/internal/plan/placement"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is three sites of one cluster each and two edges. Each cluster has two ShopSets of tier prod.
type world struct {
	second int
	before Verdicts
	limits Limits
	away   []string
	// api holds what the control plane sees of a cluster: "" is reachable, "!..." a local problem.
	api map[string]string
	// edges holds for each edge what it misses: ShopSets or clusters; nil is an edge that is silent.
	edges map[string][]string
}

func newWorld() *world {
	return &world{
		api:   map[string]string{"a": "", "b": "", "c": ""},
		edges: map[string][]string{"e1": {}, "e2": {}},
	}
}

func (w *world) now() time.Time { return start.Add(time.Duration(w.second) * time.Second) }

func (w *world) input() Input {
	in := Input{Now: w.now(), Limits: w.limits, Before: w.before, Away: w.away,
		Domains: []placement.Domain{{Name: "earth", Level: "planet"}}}
	for _, c := range []string{"c", "a", "b"} {
		in.Domains = append(in.Domains, placement.Domain{Name: "site-" + c, Parent: "earth", Level: "site"})
		in.Clusters = append(in.Clusters, placement.Cluster{Name: c, Domain: "site-" + c})
		for i := range 2 {
			in.ShopSets = append(in.ShopSets, placement.ShopSet{Name: fmt.Sprintf("%s-%d", c, i+1), Tier: "prod", Cluster: c})
		}
		problem, asked := w.api[c]
		if !asked {
			continue
		}
		api := API{Cluster: c, At: w.now(), Reachable: problem == ""}
		if local, is := strings.CutPrefix(problem, "!"); is {
			api.Local = local
		} else {
			api.Problem = problem
		}
		in.APIs = append(in.APIs, api)
	}
	for _, name := range []string{"e2", "e1"} {
		misses, known := w.edges[name]
		if !known {
			continue
		}
		e := Edge{Name: name}
		if misses != nil {
			e.At = w.now().Add(-2 * time.Second)
		}
		for _, s := range in.ShopSets {
			healthy := true
			for _, m := range misses {
				healthy = healthy && m != s.Name && m != s.Cluster
			}
			e.ShopSets = append(e.ShopSets, View{ShopSet: s.Name, Healthy: healthy, Reason: map[bool]string{false: "connection refused"}[healthy]})
		}
		in.Edges = append(in.Edges, e)
	}
	return in
}

// pass lets some seconds pass, looking every second.
func (w *world) pass(seconds int) Verdicts {
	var out Verdicts
	for range seconds {
		w.second++
		out = Judge(w.input())
		w.before = out
	}
	return out
}

func stateOf(v Verdicts, name string) State {
	if c, ok := v.Cluster(name); ok {
		return c.State
	}
	s, _ := v.ShopSet(name)
	return s.State
}

func TestVerdicts(t *testing.T) {
	const refused = "connection refused"
	tests := map[string]struct {
		change  func(w *world)
		seconds int
		// want by cluster or ShopSet; all others are Up.
		want   map[string]State
		reason map[string]string
		frozen string
		down   []string
	}{
		"all is well": {change: func(*world) {}, seconds: 1},
		"a cluster that both sides miss, at first": {
			change: func(w *world) { w.miss("b") }, seconds: 3,
		},
		"a cluster that both sides miss, before it counts as down": {
			change: func(w *world) { w.miss("b") }, seconds: 10,
			want: map[string]State{"b": Unknown, "b-1": Unknown, "b-2": Unknown},
		},
		"a cluster that both sides miss": {
			change: func(w *world) { w.miss("b") }, seconds: 11,
			want:   map[string]State{"b": Down, "b-1": Down, "b-2": Down},
			reason: map[string]string{"b": "the control plane cannot reach its API server (" + refused + "), and edges e1, e2 miss all of its ShopSets"},
			down:   []string{"site-b"},
		},
		"a cluster that the control plane alone misses is never down": {
			change: func(w *world) { w.api["b"] = refused }, seconds: 100,
			want:   map[string]State{"b": Unknown, "b-1": Unknown, "b-2": Unknown},
			reason: map[string]string{"b": "but edge e1, e2 serves from it"},
		},
		"a cluster that one edge still reaches is never down": {
			change: func(w *world) { w.api["b"] = refused; w.edges["e1"] = []string{"b"} }, seconds: 100,
			want:   map[string]State{"b": Unknown, "b-1": Unknown, "b-2": Unknown},
			reason: map[string]string{"b": "but edge e2 serves from it"},
		},
		"a cluster whose API server answers and whose ShopSets all edges miss": {
			change: func(w *world) { w.edges["e1"], w.edges["e2"] = []string{"b"}, []string{"b"} }, seconds: 11,
			want:   map[string]State{"b": Unknown, "b-1": Down, "b-2": Down},
			reason: map[string]string{"b-1": "edges e1, e2 miss it (connection refused)"},
		},
		"one ShopSet that all edges miss": {
			change: func(w *world) { w.edges["e1"], w.edges["e2"] = []string{"b-2"}, []string{"b-2"} }, seconds: 11,
			want: map[string]State{"b-2": Down},
		},
		"one ShopSet that one edge misses": {
			change: func(w *world) { w.edges["e1"] = []string{"b-2"} }, seconds: 100,
			want:   map[string]State{"b-2": Unknown},
			reason: map[string]string{"b-2": "edge e1 misses it (connection refused), and edge e2 does not"},
		},
		"most ShopSets of a tier fall silent while their clusters answer": {
			change: func(w *world) {
				w.edges["e1"], w.edges["e2"] = []string{"a", "b"}, []string{"a", "b"}
			}, seconds: 100,
			want:   map[string]State{"a": Unknown, "b": Unknown, "a-1": Unknown, "a-2": Unknown, "b-1": Unknown, "b-2": Unknown},
			reason: map[string]string{"a-1": "the edges miss 4 of 6 ShopSets of tier prod while their clusters answer: rather a bad release"},
		},
		"no edge tells anything, and a cluster cannot be reached": {
			change: func(w *world) { w.edges["e1"], w.edges["e2"], w.api["b"] = nil, nil, refused }, seconds: 100,
			want: map[string]State{"a": Unknown, "a-1": Unknown, "a-2": Unknown, "b": Unknown, "b-1": Unknown, "b-2": Unknown,
				"c": Unknown, "c-1": Unknown, "c-2": Unknown},
			reason: map[string]string{"b": "and no edge has told anything for 30s"},
		},
		"an edge that sees nothing at all is not believed": {
			change: func(w *world) { delete(w.edges, "e2"); w.edges["e1"] = []string{"a", "b", "c"}; w.api["b"] = refused }, seconds: 100,
			want: map[string]State{"a": Unknown, "a-1": Unknown, "a-2": Unknown, "b": Unknown, "b-1": Unknown, "b-2": Unknown,
				"c": Unknown, "c-1": Unknown, "c-2": Unknown},
			reason: map[string]string{"b": "edge e1 sees no ShopSet of any cluster, and so is to be doubted itself"},
		},
		"a fleet without edges is judged by its API servers": {
			change: func(w *world) { w.edges = nil; w.api["b"] = refused }, seconds: 100,
			want: map[string]State{"b": Unknown, "b-1": Unknown, "b-2": Unknown},
		},
		"an expired certificate of ours is no failure of the cluster": {
			change: func(w *world) { w.miss("b"); w.api["b"] = "!the client certificate has expired" }, seconds: 100,
			want:   map[string]State{"b": Unknown, "b-1": Unknown, "b-2": Unknown},
			reason: map[string]string{"b": "for a reason of its own: the client certificate has expired"},
		},
		"two clusters of two domains at once": {
			change: func(w *world) { w.miss("b"); w.miss("c") }, seconds: 11,
			want:   map[string]State{"b": Down, "b-1": Down, "b-2": Down, "c": Down, "c-1": Down, "c-2": Down},
			frozen: "2 failure domains look down at once (site-b, site-c), and more than 1 is rather a fault of the observer",
			down:   []string{"site-b", "site-c"},
		},
		"a second domain freezes before it counts as down": {
			change: func(w *world) { w.miss("b"); w.pass(10); w.miss("c") }, seconds: 1,
			want:   map[string]State{"b": Down, "b-1": Down, "b-2": Down},
			frozen: "2 failure domains look down at once", down: []string{"site-b"},
		},
		"two domains where two may be down": {
			change: func(w *world) { w.limits.FreezeAbove = 2; w.miss("b"); w.miss("c") }, seconds: 11,
			want: map[string]State{"b": Down, "b-1": Down, "b-2": Down, "c": Down, "c-1": Down, "c-2": Down},
			down: []string{"site-b", "site-c"},
		},
		"a cluster that people have emptied freezes nothing": {
			change: func(w *world) { w.away = []string{"c"}; w.miss("b"); w.miss("c") }, seconds: 11,
			want: map[string]State{"b": Down, "b-1": Down, "b-2": Down, "c": Down, "c-1": Down, "c-2": Down},
			down: []string{"site-b", "site-c"},
		},
		"one flap does not cordon": {
			change: func(w *world) { w.miss("b"); w.pass(2); w.heal("b") }, seconds: 1,
		},
		"a cluster that comes back is not given new load at once": {
			change: func(w *world) { w.miss("b"); w.pass(20); w.heal("b") }, seconds: 5,
			want: map[string]State{"b": Returning, "b-1": Returning, "b-2": Returning},
		},
		"a cluster that has been back for long enough": {
			change: func(w *world) { w.miss("b"); w.pass(20); w.heal("b") }, seconds: 31,
		},
		"a cluster that breaks again while it returns": {
			change: func(w *world) {
				w.miss("b")
				w.pass(20)
				w.heal("b")
				w.pass(20)
				w.miss("b")
				w.pass(2)
				w.heal("b")
			}, seconds: 25,
			want: map[string]State{"b": Returning, "b-1": Returning, "b-2": Returning},
		},
		"whoever forgot everything learns it again": {
			change: func(w *world) { w.miss("b"); w.pass(20); w.before = Verdicts{} }, seconds: 11,
			want: map[string]State{"b": Down, "b-1": Down, "b-2": Down},
			down: []string{"site-b"},
		},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.pass(5)
			c.change(w)
			got := w.pass(c.seconds)
			states := map[string]State{}
			for _, v := range append(got.Clusters, got.ShopSets...) {
				if v.State != Up {
					states[v.Name] = v.State
				}
			}
			want := c.want
			if want == nil {
				want = map[string]State{}
			}
			if diff := cmp.Diff(want, states); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
			for name, reason := range c.reason {
				v, ok := got.Cluster(name)
				if !ok {
					v, _ = got.ShopSet(name)
				}
				if !strings.Contains(v.Reason, reason) {
					t.Errorf("reason for %s is %q, want one with %q", name, v.Reason, reason)
				}
			}
			if diff := cmp.Diff(c.down, got.DownDomains); diff != "" {
				t.Errorf("domains down (-want +got):\n%s", diff)
			}
			if c.frozen == "" && got.Frozen != "" || !strings.Contains(got.Frozen, c.frozen) {
				t.Errorf("frozen because %q, want %q", got.Frozen, c.frozen)
			}
		})
	}
}

func (w *world) miss(cluster string) {
	w.api[cluster] = "connection refused"
	for e := range w.edges {
		w.edges[e] = append(w.edges[e], cluster)
	}
}

func (w *world) heal(cluster string) {
	w.api[cluster] = ""
	for e := range w.edges {
		w.edges[e] = without(w.edges[e], cluster)
	}
}

func without(list []string, name string) []string {
	out := []string{}
	for _, item := range list {
		if item != name {
			out = append(out, item)
		}
	}
	return out
}

func TestNewOnesAreCordonedUntilTheyAreSeen(t *testing.T) {
	w := newWorld()
	w.edges["e1"], w.edges["e2"] = nil, nil
	if got := w.pass(1); stateOf(got, "a-1") != Unknown || got.States()["a-1"] != placement.Cordoned {
		t.Errorf("a ShopSet that no edge has told of is %s and %s", stateOf(got, "a-1"), got.States()["a-1"])
	}
	w.edges["e1"], w.edges["e2"] = []string{}, []string{}
	if got := w.pass(1); stateOf(got, "a-1") != Up || got.States()["a-1"] != placement.Active {
		t.Errorf("a ShopSet that is seen for the first time is %s and %s", stateOf(got, "a-1"), got.States()["a-1"])
	}
}

// TestWholeDomains: two clusters of one site are one domain, and the planet with all clusters is none.
func TestWholeDomains(t *testing.T) {
	w := newWorld()
	w.pass(1)
	w.miss("b")
	w.miss("c")
	var got Verdicts
	for range 12 {
		w.second++
		in := w.input()
		for i := range in.Clusters {
			if in.Clusters[i].Name == "c" {
				in.Clusters[i].Domain = "site-b"
			}
		}
		got = Judge(in)
		w.before = got
	}
	if diff := cmp.Diff([]string{"site-b"}, got.DownDomains); diff != "" || got.Frozen != "" {
		t.Errorf("one site is down: %s, frozen because %q", diff, got.Frozen)
	}
	// The sane edge keeps its word: the last cluster is missed by both sides, too.
	w.miss("a")
	delete(w.edges, "e2")
	w.edges["e1"] = []string{"a", "b", "c"}
	got = w.pass(12)
	if got.Frozen == "" && stateOf(got, "a") == Down {
		t.Errorf("everything is down at once, and nothing is frozen: %+v", got)
	}
}

// TestTheLastWordOfADeadEdge: an edge that died with its cluster saw it well a moment before.
func TestTheLastWordOfADeadEdge(t *testing.T) {
	w := newWorld()
	w.pass(5)
	w.miss("b")
	died := w.now()
	for range 11 {
		w.second++
		in := w.input()
		for i := range in.APIs {
			if in.APIs[i].Cluster == "b" {
				in.APIs[i].Since = died.Add(time.Second)
			}
		}
		last := Edge{Name: "on-b", Cluster: "b", At: died}
		for _, s := range in.ShopSets {
			last.ShopSets = append(last.ShopSets, View{ShopSet: s.Name, Healthy: true})
		}
		in.Edges = append(in.Edges, last)
		w.before = Judge(in)
	}
	if got := stateOf(w.before, "b"); got != Down {
		v, _ := w.before.Cluster("b")
		t.Errorf("%s: %s", got, v.Reason)
	}
}

func TestNextLookIsWhenSomethingChanges(t *testing.T) {
	w := newWorld()
	w.pass(5)
	w.miss("b")
	w.second++
	in := w.input()
	first := Judge(in)
	for range 100 {
		next := first.NextLook
		if next.IsZero() || !next.After(in.Now) {
			t.Fatalf("next look at %v, now is %v", next, in.Now)
		}
		in.Before, in.Now = first, next
		for i := range in.APIs {
			in.APIs[i].At = next
		}
		for i := range in.Edges {
			in.Edges[i].At = next
		}
		first = Judge(in)
		if stateOf(first, "b") == Down {
			if took := in.Now.Sub(start.Add(6 * time.Second)); took != 10*time.Second {
				t.Errorf("down after %s", took)
			}
			return
		}
	}
	t.Error("never down")
}

func TestVerdictsSurviveJSON(t *testing.T) {
	w := newWorld()
	w.pass(5)
	w.miss("b")
	plain := *w
	stored := *w
	for range 15 {
		plain.pass(1)
		stored.pass(1)
		text, err := json.Marshal(stored.before)
		if err != nil {
			t.Fatal(err)
		}
		stored.before = Verdicts{}
		if err := json.Unmarshal(text, &stored.before); err != nil {
			t.Fatal(err)
		}
	}
	plain.before.NextLook = time.Time{}
	if diff := cmp.Diff(plain.before, stored.before); diff != "" {
		t.Errorf("verdicts that were stored differ (-plain +stored):\n%s", diff)
	}
}
