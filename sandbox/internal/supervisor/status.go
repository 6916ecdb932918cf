package supervisor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"shopset.dev/shopset/sandbox/internal/argocd"
	"shopset.dev/shopset/sandbox/internal/control"
	"shopset.dev/shopset/sandbox/internal/gitserver"
	"shopset.dev/shopset/sandbox/internal/process"
)

// statusTimeout is how long a cluster may take to say how it is.
const statusTimeout = 2 * time.Second

// status asks all clusters at the same time.
func (s *supervisor) status(ctx context.Context) control.Status {
	status := control.Status{
		Dir: string(s.Dir), ID: s.state.ID, Ready: true,
		Supervisor: control.Process{Name: "supervisor", PID: os.Getpid(), Memory: ownMemory()},
		Clusters:   make([]control.Cluster, len(s.clusters)), Edges: []control.Edge{},
		ArgoCD: control.ArgoCD{
			Namespace:         argocd.Namespace,
			Redis:             fmt.Sprintf("127.0.0.1:%d", s.argocd.Ports.Redis),
			ControllerMetrics: fmt.Sprintf("http://127.0.0.1:%d/metrics", s.argocd.Ports.ControllerMetrics),
			RepoServerMetrics: fmt.Sprintf("http://127.0.0.1:%d/metrics", s.argocd.Ports.RepoServerMetrics),
			Processes:         processes(s.clusters[0].guests),
		},
		Git: control.Git{
			Apps: s.state.Git.Repository(gitserver.Apps), System: s.state.Git.Repository(gitserver.System),
			Username: s.state.Git.Username, PasswordFile: s.Dir.GitPassword(),
		},
	}
	var all sync.WaitGroup
	for i, c := range s.clusters {
		all.Go(func() { status.Clusters[i] = c.status(ctx) })
	}
	all.Wait()
	status.Memory = status.Supervisor.Memory
	for _, p := range status.ArgoCD.Processes {
		status.Memory += p.Memory
		status.Ready = status.Ready && p.PID != 0
	}
	for _, e := range s.edges {
		all := processes([]*process.Runner{e.runner})
		status.Edges = append(status.Edges, control.Edge{
			Name: e.Name, Cluster: e.Cluster, HTTP: e.HTTP(), HTTPS: e.HTTPS(), Status: e.Status(), Process: all[0],
		})
		status.Memory += all[0].Memory
		status.Ready = status.Ready && all[0].PID != 0
	}
	for _, c := range status.Clusters {
		status.Ready = status.Ready && c.Condition == control.Running
		for _, p := range c.Processes {
			status.Memory += p.Memory
		}
	}
	return status
}

// ownMemory is the supervisor's without its children's.
func ownMemory() int64 {
	self, err := process.Self()
	if err != nil {
		return 0
	}
	return process.OwnMemory(self)
}

func (c *cluster) status(ctx context.Context) control.Cluster {
	status := control.Cluster{
		Name: c.Name, Platform: c.Platform, Condition: c.is(),
		Server: c.PublicURL(), Kubeconfig: c.Dir.Kubeconfig(c.Name), Settings: c.configuration(),
		Processes: processes(slices.Concat(c.storage, c.managers)),
	}
	if status.Condition == control.Killed || status.Condition == control.Frozen {
		return status
	}
	if err := c.count(ctx, &status); err != nil && status.Condition == control.Running {
		status.Condition = control.Unready
	}
	for _, p := range status.Processes {
		if p.PID == 0 && status.Condition == control.Running {
			status.Condition = control.Unready
		}
	}
	return status
}

// count asks the cluster for its version, nodes and Pods, from inside.
func (c *cluster) count(ctx context.Context, status *control.Cluster) error {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	_, config, err := c.Client()
	if err != nil {
		return err
	}
	config.Timeout = statusTimeout
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		return err
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	pods, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return err
	}
	status.Version, status.Nodes, status.Pods = version.GitVersion, len(nodes.Items), len(pods.Items)
	return nil
}

func processes(runners []*process.Runner) []control.Process {
	var all []control.Process
	for _, runner := range runners {
		id := runner.ID()
		all = append(all, control.Process{Name: runner.Name(), PID: id.PID, Restarts: runner.Restarts(), Memory: process.Memory(id)})
	}
	return all
}
