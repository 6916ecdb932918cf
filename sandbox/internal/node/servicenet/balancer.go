package servicenet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// firstOpenPort is the first that everybody may listen on by default.
	firstOpenPort = 1024
	// portShift is added to a port that may not be listened on.
	portShift = 8000
)

// assignment is what a Service of type LoadBalancer was given.
type assignment struct {
	addr  netip.Addr
	ports map[int32]int32 // the Service's port → the one listened on
}

func (a assignment) at(port int32) string {
	return net.JoinHostPort(a.addr.String(), strconv.Itoa(int(a.ports[port])))
}

func key(service *corev1.Service) string { return service.Namespace + "/" + service.Name }

func isBalanced(service *corev1.Service) bool {
	return service.Spec.Type == corev1.ServiceTypeLoadBalancer &&
		service.Spec.LoadBalancerClass == nil && service.DeletionTimestamp == nil
}

// releaseStale takes back the addresses of Services that need none any more.
func (m *Manager) releaseStale(services []*corev1.Service) {
	needed := map[string]bool{}
	for _, service := range services {
		needed[key(service)] = isBalanced(service)
	}
	for name, given := range m.assigned {
		if !needed[name] {
			m.Balancers.Release(given.addr, name)
			delete(m.assigned, name)
		}
	}
}

// claimShown keeps the addresses that Services show already, before any new one is
// handed out: after a restart of the agent nothing may move.
func (m *Manager) claimShown(services []*corev1.Service) {
	for _, service := range services {
		if _, done := m.assigned[key(service)]; done || !isBalanced(service) {
			continue
		}
		shown := service.Spec.LoadBalancerIP // deprecated, and still what people write
		if ingress := service.Status.LoadBalancer.Ingress; len(ingress) > 0 {
			shown = ingress[0].IP
		}
		if addr, err := netip.ParseAddr(shown); err == nil && m.Balancers.Claim(addr, key(service)) {
			m.assigned[key(service)] = assignment{addr: addr, ports: map[int32]int32{}}
		}
	}
}

// balance gives a Service of type LoadBalancer its address and ports, and shows
// them in its status.
func (m *Manager) balance(ctx context.Context, service *corev1.Service) (given assignment, balanced bool, err error) {
	if !isBalanced(service) {
		return assignment{}, false, nil
	}
	given, ok := m.assigned[key(service)]
	if !ok {
		addr, err := m.Balancers.Acquire(key(service))
		if err != nil {
			return assignment{}, false, err
		}
		given = assignment{addr: addr, ports: map[int32]int32{}}
		m.assigned[key(service)] = given
	}
	for _, port := range service.Spec.Ports {
		if _, ok := given.ports[port.Port]; !ok {
			given.ports[port.Port] = openPort(given.addr, port.Port)
		}
	}
	return given, true, m.show(ctx, service, given)
}

// openPort is port, or a higher one where the system keeps low ports to itself.
func openPort(addr netip.Addr, port int32) int32 {
	if port >= firstOpenPort {
		return port
	}
	trial, err := net.Listen("tcp", net.JoinHostPort(addr.String(), strconv.Itoa(int(port))))
	if err == nil {
		_ = trial.Close()
		return port
	}
	if errors.Is(err, fs.ErrPermission) {
		return port + portShift
	}
	return port
}

// show writes the address and the ports actually listened on into the status. The
// ports are those of the Service, in its order.
func (m *Manager) show(ctx context.Context, service *corev1.Service, given assignment) error {
	ingress := corev1.LoadBalancerIngress{IP: given.addr.String()}
	for _, port := range service.Spec.Ports {
		ingress.Ports = append(ingress.Ports, corev1.PortStatus{Port: given.ports[port.Port], Protocol: port.Protocol})
	}
	status := corev1.LoadBalancerStatus{Ingress: []corev1.LoadBalancerIngress{ingress}}
	shown := service.Status.LoadBalancer.DeepCopy()
	for i := range shown.Ingress {
		shown.Ingress[i].IPMode = nil // the API server fills it in
	}
	if apiequality.Semantic.DeepEqual(*shown, status) {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"loadBalancer": status}})
	if err != nil {
		return fmt.Errorf("encoding the status of service %s: %w", key(service), err)
	}
	_, err = m.Client.CoreV1().Services(service.Namespace).Patch(
		ctx, service.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("showing the address of service %s: %w", key(service), err)
	}
	return nil
}
