// Package state is what a sandbox remembers between runs: its loopback
// addresses and ports, which are chosen once and kept, and the processes it
// has started, so that a later run finds what a killed one left behind.
//
// Anyone may read the file; only the supervisor writes it.
package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"shopset.dev/shopset/sandbox/internal/process"
)

// Management is the name of the cluster that ShopSet and Argo CD run on.
const Management = "mgmt"

// State is the content of state.json.
type State struct {
	// ID is random; each process of the sandbox carries it in its environment.
	ID string `json:"id"`
	// Block numbers the sandbox's range of loopback addresses and ports.
	Block int `json:"block"`
	// Supervisor is the process that runs all others.
	Supervisor process.ID `json:"supervisor"`
	Clusters   []Cluster  `json:"clusters"`
	Git        Git        `json:"git"`
	ArgoCD     ArgoCD     `json:"argocd"`
	Edges      []Edge     `json:"edges,omitempty"`
	// Processes are the last known children, in the order they were started.
	Processes []Process `json:"processes"`
}

// Cluster is one Kubernetes cluster. Addresses are loopback, except those that
// the API shows, which are AdvertiseAddress and PodCIDR.
type Cluster struct {
	Name     string `json:"name"`
	Platform string `json:"platform"`
	// Enabled says whether `up` starts it.
	Enabled bool `json:"enabled"`
	// ServiceCIDR holds ClusterIPs; they are real.
	ServiceCIDR string `json:"serviceCIDR"`
	// PodCIDR is 10.Y.0.0/16, shown by the API; Pods are at 127.Y.0.0/16.
	PodCIDR          string `json:"podCIDR"`
	LoadBalancerCIDR string `json:"loadBalancerCIDR"`
	// Address is where the control plane listens.
	Address string `json:"address"`
	// AdvertiseAddress is the same as a Pod address.
	AdvertiseAddress string       `json:"advertiseAddress"`
	Ports            ClusterPorts `json:"ports"`
	// Settings are flags that a person has changed: process → flag → value.
	Settings Settings `json:"settings,omitempty"`
}

// Settings are flags of a cluster's processes: process → flag, without its dashes → value.
type Settings map[string]map[string]string

// ClusterPorts are the ports of a cluster's processes on its Address, and
// Public, which is on 127.0.0.1 and leads to APIServer while the cluster's
// network is whole.
type ClusterPorts struct {
	Public            int `json:"public"`
	APIServer         int `json:"apiServer"`
	Etcd              int `json:"etcd"`
	EtcdPeer          int `json:"etcdPeer"`
	ControllerManager int `json:"controllerManager"`
	Scheduler         int `json:"scheduler"`
}

// PublicURL is the API server as reached from outside the cluster.
func (c Cluster) PublicURL() string { return fmt.Sprintf("https://127.0.0.1:%d", c.Ports.Public) }

// DirectURL is the API server as reached from inside the cluster.
func (c Cluster) DirectURL() string {
	return fmt.Sprintf("https://%s:%d", c.Address, c.Ports.APIServer)
}

// Edge is one edge, on 127.0.0.1. It stands outside of all clusters.
type Edge struct {
	Name string `json:"name"`
	// Enabled says whether `up` starts it.
	Enabled bool `json:"enabled"`
	// Cluster is the one that it reads the routing tables from.
	Cluster string    `json:"cluster"`
	Ports   EdgePorts `json:"ports"`
}

// EdgePorts are where shoppers come in, and where the edge says how it is.
type EdgePorts struct {
	HTTP   int `json:"http"`
	HTTPS  int `json:"https"`
	Status int `json:"status"`
}

// HTTP is the edge's address for shoppers, without a final slash.
func (e Edge) HTTP() string { return fmt.Sprintf("http://127.0.0.1:%d", e.Ports.HTTP) }

// HTTPS is the same with TLS, for hosts that its certificates are for.
func (e Edge) HTTPS() string { return fmt.Sprintf("https://127.0.0.1:%d", e.Ports.HTTPS) }

// Status is where the edge says how it is, without a final slash.
func (e Edge) Status() string { return fmt.Sprintf("http://127.0.0.1:%d", e.Ports.Status) }

// Git is the Git server, on 127.0.0.1.
type Git struct {
	Port     int    `json:"port"`
	Username string `json:"username"`
}

// URL is the prefix of all repositories, with a final slash.
func (g Git) URL() string { return fmt.Sprintf("http://127.0.0.1:%d/", g.Port) }

// Repository is a repository's URL.
func (g Git) Repository(name string) string { return g.URL() + name + ".git" }

// ArgoCD holds ports on 127.0.0.1. The two metrics ports serve Prometheus
// metrics at /metrics.
type ArgoCD struct {
	Redis             int `json:"redis"`
	RepoServer        int `json:"repoServer"`
	RepoServerMetrics int `json:"repoServerMetrics"`
	ControllerMetrics int `json:"controllerMetrics"`
}

// Process is a child of the supervisor.
type Process struct {
	Cluster string `json:"cluster"`
	Name    string `json:"name"`
	process.ID
}

// Cluster finds a cluster by name.
func (s *State) Cluster(name string) (*Cluster, bool) {
	for i := range s.Clusters {
		if s.Clusters[i].Name == name {
			return &s.Clusters[i], true
		}
	}
	return nil, false
}

// Enabled returns the clusters that `up` starts, the management cluster first.
func (s *State) Enabled() []Cluster {
	var enabled []Cluster
	for _, c := range s.Clusters {
		if c.Enabled {
			enabled = append(enabled, c)
		}
	}
	return enabled
}

// EnabledEdges returns the edges that `up` starts.
func (s *State) EnabledEdges() []Edge {
	var enabled []Edge
	for _, e := range s.Edges {
		if e.Enabled {
			enabled = append(enabled, e)
		}
	}
	return enabled
}

// Load reads a state file. A file that does not exist is fs.ErrNotExist.
func Load(path string) (*State, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the sandbox's state: %w", err)
	}
	var s State
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("decoding %s: %w", path, err)
	}
	return &s, nil
}

// LoadOrNew is Load, and an empty State where there is no file.
func LoadOrNew(path string) (*State, error) {
	s, err := Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &State{}, nil
	}
	return s, err
}

// Save writes a state file, whole or not at all.
func (s *State) Save(path string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the sandbox's state: %w", err)
	}
	return WriteFile(path, append(data, '\n'), 0o600)
}

// WriteFile writes a file whole or not at all: beside it, then renamed.
func WriteFile(path string, data []byte, mode fs.FileMode) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer os.Remove(temporary.Name()) // gone already when all went well
	_, err = temporary.Write(data)
	err = errors.Join(err, temporary.Chmod(mode), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
