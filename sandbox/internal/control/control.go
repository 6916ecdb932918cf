// Package control is how the command line talks to a sandbox's supervisor:
// HTTP with JSON over a Unix socket in the sandbox's directory.
package control

import "shopset.dev/shopset/sandbox/internal/state"

// Condition is what is the matter with a cluster.
type Condition string

// Conditions. The failed ones are entered on request only.
const (
	Starting    Condition = "Starting"
	Running     Condition = "Running"
	Killed      Condition = "Killed"
	Frozen      Condition = "Frozen"
	Partitioned Condition = "Partitioned"
	Restarting  Condition = "Restarting"
	Unready     Condition = "Unready" // should run and does not answer
)

// Mode is a way to fail.
type Mode string

// Modes of failure.
const (
	Kill      Mode = "kill"      // all processes are gone
	Freeze    Mode = "freeze"    // all processes stand still
	Partition Mode = "partition" // nothing passes between outside and inside; inside all goes on
)

// Modes lists all.
func Modes() []Mode { return []Mode{Kill, Freeze, Partition} }

// Condition is what a cluster is in after a failure of this mode.
func (m Mode) Condition() (Condition, bool) {
	switch m {
	case Kill:
		return Killed, true
	case Freeze:
		return Frozen, true
	case Partition:
		return Partitioned, true
	}
	return "", false
}

// Status is the whole sandbox at one moment.
type Status struct {
	Dir        string    `json:"dir"`
	ID         string    `json:"id"`
	Ready      bool      `json:"ready"`
	Supervisor Process   `json:"supervisor"`
	Clusters   []Cluster `json:"clusters"`
	ArgoCD     ArgoCD    `json:"argocd"`
	Git        Git       `json:"git"`
	Edges      []Edge    `json:"edges"`
	// Memory is the sum over all processes, in bytes.
	Memory int64 `json:"memory"`
}

// Cluster is one cluster's status. Version, Nodes and Pods are empty while its
// API server does not answer.
type Cluster struct {
	Name       string    `json:"name"`
	Platform   string    `json:"platform"`
	Condition  Condition `json:"condition"`
	Version    string    `json:"version"`
	Nodes      int       `json:"nodes"`
	Pods       int       `json:"pods"`
	Server     string    `json:"server"`
	Kubeconfig string    `json:"kubeconfig"`
	Processes  []Process `json:"processes"`
	// Settings are flags that a person has changed: process → flag → value.
	Settings state.Settings `json:"settings,omitempty"`
}

// Edge is where shoppers come in.
type Edge struct {
	Name string `json:"name"`
	// Cluster is the one that it reads the routing tables from.
	Cluster string `json:"cluster"`
	// HTTP, HTTPS and Status are URLs without a final slash; the certificates of HTTPS are for
	// the shops' hosts, such as *.shop.example.
	HTTP    string  `json:"http"`
	HTTPS   string  `json:"https"`
	Status  string  `json:"status"`
	Process Process `json:"process"`
}

// Process is one process and, in Memory, its descendants. PID is 0 while it
// does not run.
type Process struct {
	Name     string `json:"name"`
	PID      int    `json:"pid"`
	Restarts int    `json:"restarts"`
	Memory   int64  `json:"memory"`
}

// ArgoCD says where Argo CD is found.
type ArgoCD struct {
	Namespace         string    `json:"namespace"`
	Redis             string    `json:"redis"`
	ControllerMetrics string    `json:"controllerMetrics"`
	RepoServerMetrics string    `json:"repoServerMetrics"`
	Processes         []Process `json:"processes"`
}

// Git says where the repositories are.
type Git struct {
	Apps         string `json:"apps"`
	System       string `json:"system"`
	Username     string `json:"username"`
	PasswordFile string `json:"passwordFile"`
}

// Stage is a step of a start, as the supervisor writes it to the progress file.
type Stage struct {
	// Seconds since the start began.
	Seconds float64 `json:"seconds"`
	Text    string  `json:"text"`
	// Ready is set on the last stage of a start that went well, Error on the
	// last of one that did not.
	Ready bool   `json:"ready,omitempty"`
	Error string `json:"error,omitempty"`
}
