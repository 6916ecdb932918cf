// Package allocation gives each sandbox of a machine its own loopback
// addresses and ports.
//
// Addresses come in blocks: block N is the second octets 16N to 16N+15 of
// 127.0.0.0/8 and of 10.0.0.0/8, and 700 ports from 20000+700N. The blocks in
// use are files in a directory that all sandboxes of a user share. A block is
// given once and kept with its sandbox, because a cluster cannot change its
// Service range.
package allocation

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"shopset.dev/shopset/sandbox/internal/layout"
	"shopset.dev/shopset/sandbox/internal/state"
)

const (
	blockOctets = 16
	// maxClusters each take a Service and a Pod octet; the last octet of a
	// block is shared by their load balancers.
	maxClusters = (blockOctets - 2) / 2
	// Block 0 would hold 127.0.0.1 and block 15 the broadcast address.
	firstBlock, lastBlock = 1, 14
	firstPort             = 20000
	blockPorts            = 700 // ends below the kernel's ephemeral ports, from 32768
	// hostSuffix is the control plane's place in its Pod range, at an end that
	// Pods do not reach.
	hostSuffix = "255.254"
)

// Registry is where the sandboxes of a machine note their blocks.
type Registry string

// DefaultRegistry is shared by all sandboxes of this user.
func DefaultRegistry() Registry {
	return Registry(filepath.Join(os.TempDir(), fmt.Sprintf("shopset-sandbox-blocks-%d", os.Getuid())))
}

// Allocate completes a sandbox's state, with the named clusters enabled, and
// saves it. What was allocated before stays, except a port that another
// program has taken meanwhile. The edges in the state get ports and clusters to
// read from. The sandbox must not be running.
func (r Registry) Allocate(dir layout.Dir, s *state.State, clusters []string) error {
	if err := layout.MakePrivate(string(r)); err != nil {
		return fmt.Errorf("allocating addresses: %w", err)
	}
	lock, err := layout.WaitLock(filepath.Join(string(r), "lock"))
	if err != nil {
		return err
	}
	defer lock.Unlock()
	if s.ID == "" {
		id := make([]byte, 12)
		rand.Read(id)
		s.ID = hex.EncodeToString(id)
	}
	if err := r.claim(dir, s); err != nil {
		return err
	}
	if err := enable(s, clusters); err != nil {
		return err
	}
	connectEdges(s)
	if err := assignPorts(s); err != nil {
		return err
	}
	return s.Save(dir.State())
}

// Release gives a sandbox's block back.
func (r Registry) Release(dir layout.Dir, block int) error {
	if r.owner(block) != string(dir) {
		return nil
	}
	if err := os.Remove(r.path(block)); err != nil {
		return fmt.Errorf("releasing address block %d: %w", block, err)
	}
	return nil
}

// claim makes sure that the sandbox holds a block.
func (r Registry) claim(dir layout.Dir, s *state.State) error {
	if s.Block != 0 {
		if owner := r.owner(s.Block); owner != "" && owner != string(dir) && holds(owner, s.Block) {
			return fmt.Errorf("allocating addresses: block %d belongs to the sandbox in %s as well; purge one of them", s.Block, owner)
		}
		return r.write(s.Block, dir)
	}
	for block := firstBlock; block <= lastBlock; block++ {
		if owner := r.owner(block); owner != "" && owner != string(dir) && holds(owner, block) {
			continue
		}
		s.Block = block
		return r.write(block, dir)
	}
	return fmt.Errorf("allocating addresses: all %d blocks are in use; `down --purge` a sandbox that is not needed (%s lists them)", lastBlock, r)
}

func (r Registry) path(block int) string {
	return filepath.Join(string(r), strconv.Itoa(block))
}

func (r Registry) owner(block int) string {
	data, err := os.ReadFile(r.path(block))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

func (r Registry) write(block int, dir layout.Dir) error {
	return state.WriteFile(r.path(block), []byte(string(dir)+"\n"), 0o600)
}

// holds says whether a directory still is a sandbox with that block.
func holds(dir string, block int) bool {
	s, err := state.Load(layout.Dir(dir).State())
	return err == nil && s.Block == block
}

// enable marks the named clusters, adding those that are new, and unmarks the rest.
func enable(s *state.State, names []string) error {
	for i := range s.Clusters {
		s.Clusters[i].Enabled = false
	}
	for _, name := range append([]string{state.Management}, names...) {
		c, ok := s.Cluster(name)
		if !ok {
			if len(s.Clusters) == maxClusters {
				return fmt.Errorf("adding cluster %q: a sandbox holds %d clusters at most", name, maxClusters)
			}
			s.Clusters = append(s.Clusters, newCluster(name, s.Block, len(s.Clusters)))
			c = &s.Clusters[len(s.Clusters)-1]
		}
		c.Enabled = true
	}
	return nil
}

func newCluster(name string, block, index int) state.Cluster {
	services := block*blockOctets + 2*index
	pods := services + 1
	balancers := block*blockOctets + blockOctets - 1
	return state.Cluster{
		Name:             name,
		Platform:         platform(name),
		ServiceCIDR:      fmt.Sprintf("127.%d.0.0/16", services),
		PodCIDR:          fmt.Sprintf("10.%d.0.0/16", pods),
		LoadBalancerCIDR: fmt.Sprintf("127.%d.%d.0/24", balancers, index),
		Address:          fmt.Sprintf("127.%d.%s", pods, hostSuffix),
		AdvertiseAddress: fmt.Sprintf("10.%d.%s", pods, hostSuffix),
	}
}

// connectEdges spreads the edges over the workload clusters, from both ends: edge-1 reads from the
// first, edge-2 from the last.
func connectEdges(s *state.State) {
	var workload []string
	for _, c := range s.Enabled() {
		if c.Name != state.Management {
			workload = append(workload, c.Name)
		}
	}
	slices.Sort(workload)
	for i := range s.Edges {
		switch {
		case len(workload) == 0:
			s.Edges[i].Enabled = false
		case i%2 == 0:
			s.Edges[i].Cluster = workload[(i/2)%len(workload)]
		default:
			s.Edges[i].Cluster = workload[len(workload)-1-(i/2)%len(workload)]
		}
	}
}

// platform follows the talk's picture: B is on a public cloud, the others on-prem.
func platform(cluster string) string {
	if cluster == "cluster-b" {
		return "eks"
	}
	return "on-prem"
}

// assignPorts gives every listener a port that is free now, keeping the port
// it has when that one is.
func assignPorts(s *state.State) error {
	wanted := []*int{&s.Git.Port, &s.ArgoCD.Redis, &s.ArgoCD.RepoServer, &s.ArgoCD.RepoServerMetrics, &s.ArgoCD.ControllerMetrics}
	for i := range s.Clusters {
		p := &s.Clusters[i].Ports
		wanted = append(wanted, &p.Public, &p.APIServer, &p.Etcd, &p.EtcdPeer, &p.ControllerManager, &p.Scheduler)
	}
	for i := range s.Edges {
		p := &s.Edges[i].Ports
		wanted = append(wanted, &p.HTTP, &p.HTTPS, &p.Status)
	}
	taken := map[int]bool{}
	for _, port := range wanted {
		if *port != 0 && !taken[*port] && free(*port) {
			taken[*port] = true
		} else {
			*port = 0
		}
	}
	next := firstPort + blockPorts*s.Block
	end := next + blockPorts
	for _, port := range wanted {
		for ; *port == 0 && next < end; next++ {
			if !taken[next] && free(next) {
				*port = next
			}
		}
		if *port == 0 {
			return fmt.Errorf("allocating ports: none free below %d", end)
		}
	}
	return nil
}

// free says whether a port can be listened on at all addresses.
func free(port int) bool {
	listener, err := net.Listen("tcp", ":"+strconv.Itoa(port))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}
