package node

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"shopset.dev/shopset/sandbox/internal/node/address"
)

// proxyPort is the port of the name proxy on the node's local address.
const proxyPort = 3128

// Config says which cluster the agent serves and how.
type Config struct {
	// Cluster names the cluster; its node is <cluster>-node-1.
	Cluster string
	// Kubeconfig is the file through which the agent itself reaches the cluster.
	Kubeconfig string
	// Dir is where the agent keeps pods and volumes.
	Dir string
	// ImagesDir is the local image store.
	ImagesDir string
	// PodCIDR is where the API shows pods, such as 10.20.0.0/16. The processes
	// listen on the same addresses with 127 as the first octet.
	PodCIDR string
	// ServiceCIDR and LoadBalancerCIDR are loopback prefixes for Services.
	ServiceCIDR, LoadBalancerCIDR string
	// EgressSocket is the Unix socket for the API server's egress selector; empty
	// for none, and then there are neither logs nor exec.
	EgressSocket string
	// PublicServer is the https URL of the API server for pods, and CAFile the file
	// with the certificate that vouches for it.
	PublicServer, CAFile string
	// Labels are put on the node, beside the usual ones.
	Labels map[string]string
	// Platform is what the cluster is said to run on, such as "on-prem" or "eks".
	Platform string
	Logger   *slog.Logger
}

// settings is a config, parsed.
type settings struct {
	Config
	nodeName  string
	plan      address.Plan
	services  netip.Prefix
	balancers netip.Prefix
	apiServer netip.AddrPort
}

func (c Config) parse() (settings, error) {
	if c.Cluster == "" || c.Dir == "" || c.Kubeconfig == "" {
		return settings{}, errors.New("parsing the node's configuration: cluster, kubeconfig and directory are required")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return settings{}, fmt.Errorf("finding directory %q: %w", c.Dir, err)
	}
	c.Dir = dir
	l := settings{Config: c, nodeName: c.Cluster + "-node-1"}
	if l.plan, err = address.NewPlan(c.PodCIDR); err != nil {
		return settings{}, err
	}
	if l.services, err = loopback(c.ServiceCIDR); err != nil {
		return settings{}, fmt.Errorf("parsing service CIDR: %w", err)
	}
	if l.balancers, err = loopback(c.LoadBalancerCIDR); err != nil {
		return settings{}, fmt.Errorf("parsing load balancer CIDR: %w", err)
	}
	l.apiServer = addressOf(c.PublicServer)
	return l, nil
}

// proxy is the "host:port" of the name proxy.
func (l settings) proxy() string {
	return net.JoinHostPort(l.plan.Local(l.plan.Node()).String(), strconv.Itoa(proxyPort))
}

func loopback(cidr string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return netip.Prefix{}, err
	}
	if !prefix.Addr().Is4() || !prefix.Addr().IsLoopback() {
		return netip.Prefix{}, fmt.Errorf("%q is not an IPv4 loopback prefix", cidr)
	}
	return prefix.Masked(), nil
}

// addressOf is the address in a server's URL, invalid if there is a name in it.
func addressOf(server string) netip.AddrPort {
	parsed, err := url.Parse(server)
	if err != nil {
		return netip.AddrPort{}
	}
	host := parsed.Host
	if parsed.Port() == "" {
		host = net.JoinHostPort(strings.Trim(host, "[]"), "443")
	}
	at, err := netip.ParseAddrPort(host)
	if err != nil {
		return netip.AddrPort{}
	}
	return at
}
