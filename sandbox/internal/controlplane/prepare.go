package controlplane

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"sigs.k8s.io/yaml"

	apiserver "k8s.io/apiserver/pkg/apis/apiserver/v1beta1"

	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/node"
	"shopset.dev/shopset/sandbox/internal/pki"
	"shopset.dev/shopset/sandbox/internal/state"
)

// Cluster is one cluster of a sandbox.
type Cluster struct {
	state.Cluster
	Dir layout.Dir
	// Parts is the directory of programs.
	Parts string
	// Self is the sandbox's own program, which is the node agent too.
	Self string
	// Mark is the environment entry "name=value" that all processes carry.
	Mark string
}

func (c Cluster) home(elements ...string) string {
	return filepath.Join(append([]string{c.Dir.Cluster(c.Name)}, elements...)...)
}

// Certificates is the directory of the cluster's keys.
func (c Cluster) Certificates() pki.Directory { return pki.Directory(c.home("pki")) }

func (c Cluster) kubeconfig(user string) string { return c.home(user + ".kubeconfig") }

// DirectKubeconfig is the administrator's kubeconfig for use inside the cluster.
func (c Cluster) DirectKubeconfig() string { return c.kubeconfig(pki.Admin) }

// Prepare writes all files that the cluster's processes read. Keys and
// certificates are made once; the rest is written again on each call.
func (c Cluster) Prepare(now time.Time) error {
	for _, dir := range []string{c.home("tmp"), filepath.Dir(c.Dir.Kubeconfig(c.Name))} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("preparing cluster %q: %w", c.Name, err)
		}
	}
	hosts, err := c.hosts()
	if err != nil {
		return err
	}
	if err := c.Certificates().Ensure(c.Name, hosts, now); err != nil {
		return err
	}
	for _, user := range []string{pki.Admin, pki.Controllers, pki.Scheduler, pki.NodeAgent} {
		if err := writeKubeconfig(c.kubeconfig(user), c.Name, c.DirectURL(), c.Certificates(), user); err != nil {
			return err
		}
	}
	if err := writeKubeconfig(c.Dir.Kubeconfig(c.Name), c.Name, c.PublicURL(), c.Certificates(), pki.Admin); err != nil {
		return err
	}
	if err := c.writeEgressConfiguration(); err != nil {
		return err
	}
	return c.writeNodeFile()
}

// hosts are the names by which clients know the API server: the first Service
// address is that of Service kubernetes.default.
func (c Cluster) hosts() ([]string, error) {
	services, err := netip.ParsePrefix(c.ServiceCIDR)
	if err != nil {
		return nil, fmt.Errorf("preparing cluster %q: %w", c.Name, err)
	}
	return []string{
		"localhost", "127.0.0.1", c.Address, c.AdvertiseAddress, services.Addr().Next().String(),
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
	}, nil
}

// writeEgressConfiguration sends the API server's connections to Pods and
// Services (webhooks, aggregated APIs, logs) through the node agent, the only
// one who knows where a Pod's address leads.
func (c Cluster) writeEgressConfiguration() error {
	configuration := apiserver.EgressSelectorConfiguration{
		EgressSelections: []apiserver.EgressSelection{{
			Name: "cluster",
			Connection: apiserver.Connection{
				ProxyProtocol: apiserver.ProtocolHTTPConnect,
				Transport:     &apiserver.Transport{UDS: &apiserver.UDSTransport{UDSName: c.Dir.EgressSocket(c.Name)}},
			},
		}},
	}
	configuration.APIVersion = apiserver.SchemeGroupVersion.String()
	configuration.Kind = "EgressSelectorConfiguration"
	data, err := yaml.Marshal(configuration)
	if err != nil {
		return fmt.Errorf("encoding the egress configuration of cluster %q: %w", c.Name, err)
	}
	return state.WriteFile(c.home("egress.yaml"), data, 0o600)
}

func (c Cluster) writeNodeFile() error {
	data, err := json.MarshalIndent(node.Config{
		Cluster:          c.Name,
		Kubeconfig:       c.kubeconfig(pki.NodeAgent),
		Dir:              c.home(),
		ImagesDir:        c.Dir.Images(),
		PodCIDR:          c.PodCIDR,
		ServiceCIDR:      c.ServiceCIDR,
		LoadBalancerCIDR: c.LoadBalancerCIDR,
		EgressSocket:     c.Dir.EgressSocket(c.Name),
		PublicServer:     c.DirectURL(), // a Pod is inside, whatever happens to the link
		CAFile:           c.Certificates().Certificate(pki.CA),
		Labels: map[string]string{
			"topology.kubernetes.io/region": c.Platform,
			"topology.kubernetes.io/zone":   c.Name,
		},
		Platform: c.Platform,
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the node agent's configuration for cluster %q: %w", c.Name, err)
	}
	return state.WriteFile(c.NodeFile(), append(data, '\n'), 0o600)
}

// NodeFile is the path of the node agent's configuration.
func (c Cluster) NodeFile() string { return c.home("node.json") }
