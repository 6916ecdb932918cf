package lb

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"

	"example.shop/storefront/internal/service"
)

// balancer is a RoundTripper that chooses the proxy of each attempt.
type balancer struct {
	upstreams []upstream
	transport http.RoundTripper
	turn      atomic.Uint64
}

type upstream struct {
	url    *url.URL
	health *service.Dependency
}

func newBalancer(s service.Settings) *balancer {
	b := &balancer{transport: service.NewTransport(responseTimeout)}
	for _, u := range s.Proxies {
		b.upstreams = append(b.upstreams, upstream{url: u, health: service.NewDependency(u.Host, u, s.Now)})
	}
	return b
}

func (b *balancer) dependencies() []*service.Dependency {
	var all []*service.Dependency
	for _, u := range b.upstreams {
		all = append(all, u.health)
	}
	return all
}

// RoundTrip makes up to two attempts; the second one only if the first could
// not connect, or broke off and may be repeated. A POST that may have been
// carried out is never sent twice.
func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	candidates := b.choose()
	res, err := b.attempt(r, candidates[0])
	if err != nil && r.Context().Err() == nil && (notSent(err) || service.Repeatable(r)) {
		return b.attempt(r, candidates[len(candidates)-1])
	}
	return res, err
}

// choose returns one or two upstreams in the order to try: those that are up,
// in turn. When all look down it is as likely that the fault is on this side,
// so one is tried nevertheless.
func (b *balancer) choose() []upstream {
	turn := int(b.turn.Add(1) % uint64(len(b.upstreams))) //nolint:gosec // G115: less than the length
	var up []upstream
	for i := range b.upstreams {
		if u := b.upstreams[(turn+i)%len(b.upstreams)]; u.health.Up() {
			up = append(up, u)
		}
	}
	if len(up) == 0 {
		return b.upstreams[turn : turn+1]
	}
	return up[:min(2, len(up))]
}

func (b *balancer) attempt(r *http.Request, u upstream) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host = u.url.Scheme, u.url.Host
	if r.GetBody != nil && r.ContentLength > 0 {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		out.Body = body
	}
	res, err := b.transport.RoundTrip(out)
	if err != nil {
		if notSent(err) {
			u.health.Observe(err)
		}
		return nil, fmt.Errorf("asking proxy %s: %w", u.url.Host, err)
	}
	return res, nil
}

// notSent reports whether err happened before anything of the request was sent.
func notSent(err error) bool {
	op := new(net.OpError)
	return errors.As(err, &op) && op.Op == "dial"
}
