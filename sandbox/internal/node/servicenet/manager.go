// Package servicenet is the kube-proxy and the cloud load balancer of a sandbox
// cluster: it listens on the addresses of Services and forwards to their endpoints.
package servicenet

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"

	"shopset.dev/shopset/sandbox/internal/node/address"
	"shopset.dev/shopset/sandbox/internal/node/endpoints"
)

const (
	// settle gathers changes that come together.
	settle = 10 * time.Millisecond
	// retryAfter is the pause after something went wrong.
	retryAfter = time.Second
)

// Manager keeps a listener for every port of every Service.
type Manager struct {
	Client    kubernetes.Interface
	Directory endpoints.Directory
	// Balancers are the addresses for Services of type LoadBalancer.
	Balancers *address.Pool
	// Gate stalls the load balancers' ports.
	Gate *Gate
	Log  *slog.Logger

	changes   chan struct{}
	listeners map[string]*listener
	assigned  map[string]assignment
}

// wanted is a listener that there is to be.
type wanted struct {
	gate     *Gate
	backends []string
}

// Changed says that Services or their endpoints may have changed.
func (m *Manager) Changed() {
	select {
	case m.changes <- struct{}{}:
	default: // it is to be looked at anyhow
	}
}

// Init makes the manager ready for Changed and Run.
func (m *Manager) Init() {
	m.changes = make(chan struct{}, 1)
	m.listeners = map[string]*listener{}
	m.assigned = map[string]assignment{}
}

// Run keeps the listeners until ctx is done, then closes them.
func (m *Manager) Run(ctx context.Context) {
	defer m.closeAll()
	m.Changed()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.changes:
		}
		time.Sleep(settle)
		if err := m.sync(ctx); err != nil && ctx.Err() == nil {
			m.Log.Warn("serving services", "error", err)
			time.AfterFunc(retryAfter, m.Changed)
		}
	}
}

func (m *Manager) closeAll() {
	for _, each := range m.listeners {
		each.close()
	}
}

// sync makes the listeners those that the Services want. One that cannot be had
// does not keep the others from theirs.
func (m *Manager) sync(ctx context.Context) error {
	services, err := m.Directory.Services.List(labels.Everything())
	if err != nil {
		return fmt.Errorf("listing services: %w", err)
	}
	slices.SortFunc(services, func(a, b *corev1.Service) int {
		return slices.Compare([]string{a.Namespace, a.Name}, []string{b.Namespace, b.Name})
	})
	m.releaseStale(services)
	m.claimShown(services)
	all := map[string]wanted{}
	var firstErr error
	for _, service := range services {
		if err := m.want(ctx, service, all); err != nil && firstErr == nil {
			firstErr = err
		}
	}
	if err := m.apply(all); err != nil && firstErr == nil {
		firstErr = err
	}
	return firstErr
}

// want adds the listeners of one Service.
func (m *Manager) want(ctx context.Context, service *corev1.Service, all map[string]wanted) error {
	if service.Spec.ClusterIP == "" || service.Spec.ClusterIP == corev1.ClusterIPNone {
		return nil
	}
	balancer, balanced, err := m.balance(ctx, service)
	if err != nil {
		return err
	}
	for _, port := range service.Spec.Ports {
		if port.Protocol != corev1.ProtocolTCP {
			continue
		}
		backends, err := m.Directory.Dialable(service, port.Name)
		if err != nil {
			return err
		}
		number := strconv.Itoa(int(port.Port))
		all[net.JoinHostPort(service.Spec.ClusterIP, number)] = wanted{backends: backends}
		if balanced {
			all[balancer.at(port.Port)] = wanted{backends: backends, gate: m.Gate}
		}
	}
	return nil
}

func (m *Manager) apply(all map[string]wanted) error {
	for at, each := range m.listeners {
		if _, still := all[at]; !still {
			each.close()
			delete(m.listeners, at)
		}
	}
	addresses := make([]string, 0, len(all))
	for at := range all {
		addresses = append(addresses, at)
	}
	slices.Sort(addresses)
	var firstErr error
	for _, at := range addresses {
		each, ok := m.listeners[at]
		if !ok {
			each = newListener(at, all[at].gate, m.Log)
			m.listeners[at] = each
		}
		if err := each.set(all[at].backends); err != nil && firstErr == nil {
			firstErr = err
		}
	}
	return firstErr
}
