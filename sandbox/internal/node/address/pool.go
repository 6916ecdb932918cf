package address

import (
	"fmt"
	"net/netip"
	"sync"
)

// Pool hands out the addresses of a prefix, each to one owner at a time. It walks
// forward before it reuses, so that an address just given back stays unused for
// as long as possible: a client that still holds it must not reach a stranger.
type Pool struct {
	prefix netip.Prefix

	mu     sync.Mutex
	cursor netip.Addr
	owners map[netip.Addr]string
}

// NewPool returns a pool of prefix; the reserved addresses are never handed out.
func NewPool(prefix netip.Prefix, reserved ...netip.Addr) *Pool {
	pool := &Pool{prefix: prefix.Masked(), cursor: prefix.Masked().Addr(), owners: map[netip.Addr]string{}}
	for _, addr := range reserved {
		pool.owners[addr] = "reserved"
	}
	return pool
}

// Acquire gives owner the next free address.
func (p *Pool) Acquire(owner string) (netip.Addr, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	start := p.cursor
	for {
		p.cursor = p.cursor.Next()
		if !p.prefix.Contains(p.cursor) {
			p.cursor = p.prefix.Addr()
		}
		if _, taken := p.owners[p.cursor]; !taken && usable(p.cursor) {
			p.owners[p.cursor] = owner
			return p.cursor, nil
		}
		if p.cursor == start {
			return netip.Addr{}, fmt.Errorf("acquiring an address for %s: %s is exhausted", owner, p.prefix)
		}
	}
}

// Claim gives owner one particular address; false if it is another's or outside.
func (p *Pool) Claim(addr netip.Addr, owner string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.prefix.Contains(addr) || !usable(addr) {
		return false
	}
	if holder, taken := p.owners[addr]; taken {
		return holder == owner
	}
	p.owners[addr] = owner
	return true
}

// Release takes addr back if owner still holds it.
func (p *Pool) Release(addr netip.Addr, owner string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.owners[addr] == owner {
		delete(p.owners, addr)
	}
}

// usable leaves out what looks like a network or broadcast address.
func usable(addr netip.Addr) bool {
	last := addr.As4()[3]
	return last != 0 && last != 255
}
