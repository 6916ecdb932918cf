// Package address keeps the addresses of a sandbox cluster apart.
//
// The API server refuses loopback addresses in EndpointSlices, and a developer's
// machine has only loopback addresses to give. So every pod has two: the one the
// API shows (10.Y.b.c) and the local one its process listens on (127.Y.b.c). They
// differ in the first octet alone, so either is known from the other.
package address

import (
	"fmt"
	"net"
	"net/netip"
)

// KubeletPort is the port of the node's kubelet API, the one every kubelet uses.
const KubeletPort = 10250

// Plan maps the pod addresses of one cluster to local ones.
type Plan struct{ pods netip.Prefix }

// NewPlan returns the plan of a cluster whose pods are in podCIDR, an IPv4
// prefix outside 127.0.0.0/8 of at most 24 bits and at least 8.
func NewPlan(podCIDR string) (Plan, error) {
	prefix, err := netip.ParsePrefix(podCIDR)
	if err != nil {
		return Plan{}, fmt.Errorf("parsing pod CIDR: %w", err)
	}
	if !prefix.Addr().Is4() || prefix.Addr().IsLoopback() || prefix.Bits() < 8 || prefix.Bits() > 24 {
		return Plan{}, fmt.Errorf("parsing pod CIDR %q: want an IPv4 prefix of 8 to 24 bits that is not loopback", podCIDR)
	}
	return Plan{pods: prefix.Masked()}, nil
}

// Pods is the prefix the API shows pods in.
func (p Plan) Pods() netip.Prefix { return p.pods }

// LocalPods is the loopback prefix that the processes of pods listen in.
func (p Plan) LocalPods() netip.Prefix {
	return netip.PrefixFrom(p.Local(p.pods.Addr()), p.pods.Bits())
}

// Node is the address the API shows for the node: the last usable one.
func (p Plan) Node() netip.Addr {
	octets := p.pods.Addr().As4()
	for bit := p.pods.Bits(); bit < 32; bit++ {
		octets[bit/8] |= 1 << (7 - bit%8)
	}
	octets[3] = 254
	return netip.AddrFrom4(octets)
}

// Local returns where to dial addr: pod and node addresses become loopback ones,
// all others stay.
func (p Plan) Local(addr netip.Addr) netip.Addr {
	if !p.pods.Contains(addr) {
		return addr
	}
	octets := addr.As4()
	octets[0] = 127
	return netip.AddrFrom4(octets)
}

// LocalHostPort is Local for "host:port"; a host that is a name stays.
func (p Plan) LocalHostPort(hostPort string) string {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return hostPort
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return hostPort
	}
	return net.JoinHostPort(p.Local(addr).String(), port)
}
