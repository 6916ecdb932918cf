// Package edge runs the edges of a sandbox: the programs that shoppers meet first.
//
// An edge stands outside of all clusters, as it would in front of several data centres. It reads
// the routing tables from the API of one cluster, as a user that may do nothing else, and reaches
// the load balancers of all.
package edge

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/utils/clock"

	"shopset.dev/shopset/sandbox/internal/controlplane"
	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/pki"
	"shopset.dev/shopset/sandbox/internal/process"
	"shopset.dev/shopset/sandbox/internal/state"
)

const (
	// Program is the name of the edge's program.
	Program = "shopset-edge"
	// Namespace is where the routing tables lie on the clusters.
	Namespace = "shopset-edge"
	// group is what the API of a cluster knows the edges by.
	group = "shopset-edge"
	// Domain is where the shops of a sandbox are: each is one label below it.
	Domain = "shop.example"
	// probePath is what a ShopSet of the sample shop says that it is ready at.
	probePath = "/readyz"
	// drain is how long an edge lets requests finish when it is told to end.
	drain = 2 * time.Second
	// grace is a little more.
	grace = 4 * time.Second
)

// Names are those of a sandbox's edges.
func Names() []string { return []string{"edge-1", "edge-2"} }

// Edge is one edge.
type Edge struct {
	state.Edge
	Dir layout.Dir
	// Program is the path of the edge's program.
	Program string
	// Source is the cluster that it reads from.
	Source controlplane.Cluster
}

// home is the edge's own directory.
func (e Edge) home(elements ...string) string {
	return e.Dir.Edges(append([]string{e.Name}, elements...)...)
}

// certificates is what the edge serves HTTPS with: pairs of NAME.crt and NAME.key.
func (e Edge) certificates() pki.Directory { return pki.Directory(e.home("certificates")) }

// Prepare writes all files that the edge reads. Its cluster must be prepared.
func (e Edge) Prepare(now time.Time) error {
	for _, dir := range []string{e.home("tmp"), string(e.certificates())} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("preparing %s: %w", e.Name, err)
		}
	}
	authority := pki.Directory(filepath.Dir(e.Dir.EdgeCA()))
	if err := authority.EnsureServer(Domain, []string{"*." + Domain, Domain}, now); err != nil {
		return err
	}
	// The authority's own key is none of the edge's business.
	pair, err := authority.Read(Domain)
	if err != nil {
		return err
	}
	for path, data := range map[string][]byte{
		e.certificates().Certificate(Domain): pair.Certificate, e.certificates().Key(Domain): pair.Key,
	} {
		if err := state.WriteFile(path, data, 0o600); err != nil {
			return err
		}
	}
	if err := e.Source.Certificates().EnsureClient(e.Name, e.user(), []string{group}, now); err != nil {
		return err
	}
	return e.Source.WriteKubeconfig(e.kubeconfig(), e.Name)
}

// user is what the API of its cluster knows the edge by.
func (e Edge) user() string { return group + ":" + e.Name }

func (e Edge) kubeconfig() string { return e.home("kubeconfig") }

// Spec is how the edge is run.
func (e Edge) Spec() process.Spec {
	return process.Spec{
		Name: e.Name,
		Path: e.Program,
		Args: []string{
			"--name=" + e.Name,
			"--kubeconfig=" + e.kubeconfig(), "--namespace=" + Namespace,
			"--state-dir=" + e.home("state"),
			"--http=" + local(e.Ports.HTTP), "--https=" + local(e.Ports.HTTPS), "--status=" + local(e.Ports.Status),
			"--certificates=" + string(e.certificates()),
			"--probe-path=" + probePath,
			"--drain=" + drain.String(),
		},
		Env:   controlplane.Environment(e.Source.Parts, e.home(), e.Source.Mark),
		Dir:   e.home(),
		Log:   e.Dir.Log(e.Name),
		Grace: grace,
	}
}

func local(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// WaitReady waits until the edge answers; it may have no routing table yet.
func (e Edge) WaitReady(ctx context.Context, clk clock.Clock) error {
	client := &http.Client{Timeout: time.Second}
	return controlplane.Poll(ctx, clk, e.Name, func(ctx context.Context) error {
		return controlplane.Healthy(ctx, client, e.Status()+"/healthz")
	})
}
