package allocation

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/state"
)

func allocate(t *testing.T, r Registry, dir string, clusters ...string) *state.State {
	t.Helper()
	s, err := state.LoadOrNew(layout.Dir(dir).State())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Allocate(layout.Dir(dir), s, clusters); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSandboxesShareNeitherAddressesNorPorts(t *testing.T) {
	r := Registry(t.TempDir() + "/blocks")
	var prefixes []netip.Prefix
	ports := map[int]bool{}
	for range 3 {
		s := allocate(t, r, t.TempDir(), "cluster-a", "cluster-b", "cluster-c")
		for _, c := range s.Clusters {
			for _, cidr := range []string{c.ServiceCIDR, c.LoadBalancerCIDR, strings.Replace(c.PodCIDR, "10.", "127.", 1)} {
				prefix := netip.MustParsePrefix(cidr)
				if !prefix.Addr().IsLoopback() {
					t.Errorf("%s of %s is not loopback", cidr, c.Name)
				}
				for _, other := range prefixes {
					if other.Overlaps(prefix) {
						t.Errorf("%s of %s overlaps %s", prefix, c.Name, other)
					}
				}
				prefixes = append(prefixes, prefix)
			}
			p := c.Ports
			for _, port := range []int{p.Public, p.APIServer, p.Etcd, p.EtcdPeer, p.ControllerManager, p.Scheduler} {
				if port == 0 || ports[port] {
					t.Errorf("port %d of %s is given twice", port, c.Name)
				}
				ports[port] = true
			}
		}
	}
	if want := 3 * 4 * 3; len(prefixes) != want {
		t.Errorf("saw %d prefixes, want %d", len(prefixes), want)
	}
}

func TestWhatWasAllocatedStays(t *testing.T) {
	r, dir := Registry(t.TempDir()+"/blocks"), t.TempDir()
	first := allocate(t, r, dir, "cluster-a", "cluster-b")
	if diff := cmp.Diff(first, allocate(t, r, dir, "cluster-a", "cluster-b")); diff != "" {
		t.Errorf("second allocation differs (-first +second):\n%s", diff)
	}

	fewer := allocate(t, r, dir, "cluster-b")
	if names := names(fewer); !cmp.Equal(names, []string{state.Management, "cluster-b"}) {
		t.Errorf("enabled %q, want only mgmt and cluster-b", names)
	}
	if diff := cmp.Diff(first, allocate(t, r, dir, "cluster-a", "cluster-b")); diff != "" {
		t.Errorf("a cluster that was left out came back changed (-before +after):\n%s", diff)
	}
}

func TestAPortThatIsTakenIsReplaced(t *testing.T) {
	r, dir := Registry(t.TempDir()+"/blocks"), t.TempDir()
	first := allocate(t, r, dir, "cluster-a")
	listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(first.Git.Port))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	second := allocate(t, r, dir, "cluster-a")
	if second.Git.Port == first.Git.Port || second.Git.Port == 0 {
		t.Errorf("Git port is %d, want another than %d", second.Git.Port, first.Git.Port)
	}
	second.Git.Port = first.Git.Port
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("more changed than the Git port (-first +second):\n%s", diff)
	}
}

func TestBlocksOfSandboxesThatAreGoneAreGivenAgain(t *testing.T) {
	r := Registry(t.TempDir() + "/blocks")
	for range 2 * lastBlock {
		dir := t.TempDir()
		s := allocate(t, r, dir)
		if s.Block < firstBlock || s.Block > lastBlock {
			t.Fatalf("block is %d", s.Block)
		}
		if err := layout.Dir(dir).Purge(); err != nil { // its entry in the registry stays
			t.Fatal(err)
		}
	}
}

func TestNoBlockIsLeft(t *testing.T) {
	r := Registry(t.TempDir() + "/blocks")
	for range lastBlock {
		allocate(t, r, t.TempDir())
	}
	err := r.Allocate(layout.Dir(t.TempDir()), &state.State{}, nil)
	if err == nil || !strings.Contains(err.Error(), "down --purge") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
}

func names(s *state.State) []string {
	var names []string
	for _, c := range s.Enabled() {
		names = append(names, c.Name)
	}
	return names
}

func TestEdgesReadFromBothEndsOfTheClusters(t *testing.T) {
	r := Registry(t.TempDir() + "/blocks")
	for name, test := range map[string]struct{ clusters, want []string }{
		"three clusters":  {[]string{"cluster-c", "cluster-a", "cluster-b"}, []string{"cluster-a", "cluster-c"}},
		"a single one":    {[]string{"cluster-b"}, []string{"cluster-b", "cluster-b"}},
		"no cluster":      {nil, nil},
		"others than abc": {[]string{"tokyo", "osaka"}, []string{"osaka", "tokyo"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &state.State{Edges: []state.Edge{{Name: "edge-1", Enabled: true}, {Name: "edge-2", Enabled: true}}}
			if err := r.Allocate(layout.Dir(t.TempDir()), s, test.clusters); err != nil {
				t.Fatal(err)
			}
			var got []string
			ports := map[int]bool{}
			for _, e := range s.EnabledEdges() {
				got = append(got, e.Cluster)
				ports[e.Ports.HTTP], ports[e.Ports.HTTPS], ports[e.Ports.Status] = true, true, true
			}
			if diff := cmp.Diff(test.want, got); diff != "" || len(ports) != 3*len(got) || ports[0] {
				t.Errorf("ports %v; %s", ports, diff)
			}
		})
	}
}
