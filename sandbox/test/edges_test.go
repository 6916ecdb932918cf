package test

import (
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"shopset.dev/shopset/sandbox/internal/control"
	"shopset.dev/shopset/sandbox/internal/demo/load"
	"shopset.dev/shopset/sandbox/internal/edge"
	"shopset.dev/shopset/sandbox/internal/state"
)

// margin is how long shoppers are watched before and after something happens: each shop is visited
// several times, and what hangs is found out.
const margin = 4 * time.Second

// TestEdges lets shoppers through the edges while clusters fail and are restarted.
func TestEdges(t *testing.T) {
	s := newStreet(t)
	s.apply(s.table([]string{"b-1", "a-2"}, "b-1"))
	sub := func(t *testing.T) box { return box{t: t, dir: s.dir, program: s.program} }

	t.Run("edges may read the tables and nothing else", func(t *testing.T) { checkRights(sub(t)) })
	t.Run("shops are found by their host names", func(t *testing.T) { checkHosts(sub(t)) })
	crowd := s.crowd()
	t.Run("nothing is lost while nothing happens", func(t *testing.T) {
		if visits := during(t, crowd, margin, func() {}); len(visits.Lost()) > 0 || len(visits) < crowded {
			tell(t, "quiet", visits)
			t.Errorf("%d of %d requests were lost", len(visits.Lost()), len(visits))
		}
	})
	for _, mode := range control.Modes() {
		t.Run("redundant shops outlive "+string(mode), func(t *testing.T) { checkOutlives(sub(t), crowd, mode) })
	}
	t.Run("a drained cluster is restarted with another configuration", func(t *testing.T) { checkRestarted(t, s, crowd) })
}

func checkRights(b box) {
	for _, e := range b.state().EnabledEdges() {
		kubeconfig := b.dir.Edges(e.Name, "kubeconfig")
		for _, test := range []struct {
			args    []string
			allowed bool
		}{
			{[]string{"list", "configmaps", "-n", edge.Namespace}, true},
			{[]string{"update", "configmaps/shopset-edge-status-" + e.Name, "-n", edge.Namespace}, true},
			{[]string{"update", "configmaps/shopset-routes-index", "-n", edge.Namespace}, false},
			{[]string{"list", "configmaps", "-n", "default"}, false},
			{[]string{"get", "secrets", "-n", edge.Namespace}, false},
		} {
			out, err := b.kubectl(e.Cluster, "", append([]string{"--kubeconfig", kubeconfig, "auth", "can-i"}, test.args...)...)
			if (err == nil) != test.allowed || !strings.Contains(out, map[bool]string{true: "yes", false: "no"}[test.allowed]) {
				b.t.Errorf("%s may %v: %s, want %t", e.Name, test.args, out, test.allowed)
			}
		}
	}
}

// checkHosts does what the help says, in a shell.
func checkHosts(b box) {
	script := `set -e
eval "$("$0" env --dir "$1" --parts "$2")"
for edge in "$SHOPSET_EDGE_1" "$SHOPSET_EDGE_2"; do
  curl -sS --max-time 20 -o /dev/null -w '%{http_code} ' -H 'Host: shop-0.shop.example' "$edge"
  curl -sS --max-time 20 -o /dev/null -w '%{http_code} ' -H 'Host: unknown.shop.example' "$edge"
done
for port in "$SHOPSET_EDGE_1_HTTPS_PORT" "$SHOPSET_EDGE_2_HTTPS_PORT"; do
  curl -sS --max-time 20 -o /dev/null -w '%{http_code} ' --noproxy '*' --cacert "$SHOPSET_EDGE_CA" --resolve "shop-0.shop.example:$port:127.0.0.1" "https://shop-0.shop.example:$port/"
done
`
	out, err := exec.Command("sh", "-c", script, b.program, string(b.dir), parts).CombinedOutput()
	if want := "200 404 200 404 200 200 "; err != nil || string(out) != want {
		b.t.Errorf("got %q, %v; want %q", out, err, want)
	}
	if status := b.status(); len(status.Edges) != 2 || !status.Ready || status.Edges[1].Cluster != "cluster-b" {
		b.t.Errorf("the status shows the edges %+v", status.Edges)
	}
}

// checkOutlives lets the cluster that serves fail, and come back.
func checkOutlives(b box, crowd *load.Crowd, mode control.Mode) {
	var failed control.Failed
	visits := during(b.t, crowd, margin, func() {
		var err error
		failed, err = control.NewClient(b.dir.ControlSocket()).Fail(b.t.Context(), "cluster-b", mode)
		if err != nil {
			b.t.Fatal(err)
		}
	})
	tell(b.t, string(mode), visits)
	if lost := visits.Of(redundant, http.MethodGet, http.MethodHead).Lost(); len(lost) > 0 {
		b.t.Errorf("%d requests to redundant shops were lost, such as %+v", len(lost), lost[0])
	}
	if mode == control.Kill {
		posts := visits.Of(redundant, http.MethodPost)
		inFlight := posts.InFlight(failed.From, failed.To)
		for _, v := range posts.Lost() {
			if !slices.Contains(inFlight, v) {
				b.t.Errorf("a POST that was not in flight was lost: %+v", v)
			}
		}
	}
	if lost := visits.Of(single).Lost(); len(lost) == 0 {
		b.t.Error("no request to a shop on the failed cluster alone was lost: this test would see nothing")
	}
	for _, e := range b.status().Edges {
		if e.Process.PID == 0 || e.Process.Restarts > 0 {
			b.t.Errorf("%s did not keep running: %+v", e.Name, e.Process)
		}
	}
	b.must("recover", "cluster-b")
	eventually(b.t, "the shops of the recovered cluster", func() error {
		now := time.Now()
		time.Sleep(2 * time.Second)
		visits, err := crowd.Visits(b.t.Context(), now, time.Now())
		if lost := visits.Lost(); err == nil && len(lost) > 0 {
			err = fmt.Errorf("%d of %d requests were lost: %s", len(lost), len(visits), lost[0].Lost)
		}
		return err
	})
}

func checkRestarted(t *testing.T, s *street, crowd *load.Crowd) {
	b := box{t: t, dir: s.dir, program: s.program}
	s = &street{box: b, home: s.home, epoch: s.epoch, shops: s.shops}
	visits := during(t, crowd, margin, func() {
		s.apply(s.table([]string{"a-2", "b-1"}, "a-2"))
		time.Sleep(margin) // what is in flight ends
		b.must("restart", "cluster-b", "--set", "kube-apiserver.event-ttl=30m")
	})
	tell(t, "restart", visits)
	if lost := visits.Lost(); len(lost) > 0 {
		t.Errorf("%d requests were lost, such as %+v", len(lost), lost[0])
	}
	for _, c := range b.status().Clusters {
		if c.Name == "cluster-b" && c.Settings["kube-apiserver"]["event-ttl"] != "30m" {
			t.Errorf("the settings are %v", c.Settings)
		}
	}
	if _, messages, code := b.run("restart", "cluster-b", "--set", "kube-apiserver.no-such-flag=1"); code != 1 || !strings.Contains(messages, "as it was before") {
		t.Errorf("a flag that there is not: exit code %d, %q", code, messages)
	}
	if is := b.condition("cluster-b"); is != control.Running {
		t.Errorf("afterwards the cluster is %s", is)
	}
	b.must("restart", "cluster-b", "--set", "kube-apiserver.event-ttl=")
	if settings := b.state().Clusters; slices.ContainsFunc(settings, func(c state.Cluster) bool { return len(c.Settings) > 0 }) {
		t.Errorf("the setting is still in the state: %v", settings)
	}
}
