// Package endpoints answers where the pods behind a Service can be dialled, from
// the EndpointSlices of the API server.
package endpoints

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"

	"shopset.dev/shopset/sandbox/internal/node/address"
)

// Endpoint is one address behind a Service.
type Endpoint struct {
	// Address is the local one.
	Address  netip.Addr
	Hostname string
	// Ready to be given connections; Serving: would answer, though it is ending.
	Ready, Serving bool
	// Ports maps the names of the Service's ports to the endpoint's numbers.
	Ports map[string]int32
}

// Port is the "host:port" to dial for a Service port, if the endpoint has it.
func (e Endpoint) Port(name string) (string, bool) {
	number, ok := e.Ports[name]
	return e.At(number), ok
}

// At is the endpoint's "host:port" for a port number.
func (e Endpoint) At(port int32) string {
	return netip.AddrPortFrom(e.Address, uint16(port)).String() //nolint:gosec // the API bounds ports
}

// Directory reads the endpoints of Services.
type Directory struct {
	Services corelisters.ServiceLister
	Slices   discoverylisters.EndpointSliceLister
	Plan     address.Plan
	// Pods, when set, are those of this node. One that is ending is out of use at once: its
	// EndpointSlice may say so only after its processes have gone.
	Pods corelisters.PodLister
	// APIServer stands behind the Service default/kubernetes: the API server
	// cannot list its own loopback address there.
	APIServer netip.AddrPort
}

// Of returns the endpoints of a Service that are to be used, in the order of their
// addresses: the ready ones or, if there is none, those still serving.
func (d Directory) Of(service *corev1.Service) ([]Endpoint, error) {
	if service.Namespace == corev1.NamespaceDefault && service.Name == "kubernetes" && d.APIServer.IsValid() {
		return []Endpoint{d.apiServer(service)}, nil
	}
	selector := labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: service.Name})
	found, err := d.Slices.EndpointSlices(service.Namespace).List(selector)
	if err != nil {
		return nil, fmt.Errorf("listing endpoints of service %s/%s: %w", service.Namespace, service.Name, err)
	}
	var all []Endpoint
	for _, slice := range found {
		if slice.AddressType == discoveryv1.AddressTypeIPv4 {
			all = append(all, d.read(slice)...)
		}
	}
	slices.SortStableFunc(all, func(a, b Endpoint) int { return a.Address.Compare(b.Address) })
	return usable(all), nil
}

// Dialable returns the "host:port" of each endpoint of a Service port.
func (d Directory) Dialable(service *corev1.Service, port string) ([]string, error) {
	all, err := d.Of(service)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, endpoint := range all {
		if at, ok := endpoint.Port(port); ok {
			out = append(out, at)
		}
	}
	slices.SortFunc(out, cmp.Compare)
	return slices.Compact(out), nil
}

func (d Directory) apiServer(service *corev1.Service) Endpoint {
	ports := map[string]int32{}
	for _, port := range service.Spec.Ports {
		ports[port.Name] = int32(d.APIServer.Port())
	}
	return Endpoint{Address: d.APIServer.Addr(), Ready: true, Serving: true, Ports: ports}
}

func (d Directory) read(slice *discoveryv1.EndpointSlice) []Endpoint {
	ports := map[string]int32{}
	for _, port := range slice.Ports {
		if port.Port != nil {
			ports[deref(port.Name, "")] = *port.Port
		}
	}
	var out []Endpoint
	for i := range slice.Endpoints {
		listed := &slice.Endpoints[i]
		for _, text := range listed.Addresses {
			addr, err := netip.ParseAddr(text)
			if err != nil {
				continue
			}
			ready := deref(listed.Conditions.Ready, true) && !d.ending(listed.TargetRef)
			out = append(out, Endpoint{
				Address: d.Plan.Local(addr), Hostname: deref(listed.Hostname, ""), Ports: ports,
				Ready: ready, Serving: deref(listed.Conditions.Serving, ready),
			})
		}
	}
	return out
}

// ending tells that the pod behind an endpoint is being deleted.
func (d Directory) ending(target *corev1.ObjectReference) bool {
	if d.Pods == nil || target == nil || target.Kind != "Pod" {
		return false
	}
	pod, err := d.Pods.Pods(target.Namespace).Get(target.Name)
	return err == nil && pod.DeletionTimestamp != nil
}

// usable keeps the ready endpoints; if there is none, those that are ending but
// still serve, as kube-proxy does.
func usable(all []Endpoint) []Endpoint {
	var ready, serving []Endpoint
	for _, endpoint := range all {
		if endpoint.Ready {
			ready = append(ready, endpoint)
		} else if endpoint.Serving {
			serving = append(serving, endpoint)
		}
	}
	if len(ready) > 0 {
		return ready
	}
	return serving
}

// FindPort finds a port of a Service by number.
func FindPort(service *corev1.Service, number int32) (corev1.ServicePort, error) {
	for _, port := range service.Spec.Ports {
		if port.Port == number {
			return port, nil
		}
	}
	return corev1.ServicePort{}, fmt.Errorf("service %s/%s has no port %s",
		service.Namespace, service.Name, strconv.Itoa(int(number)))
}

func deref[T any](pointer *T, otherwise T) T {
	if pointer == nil {
		return otherwise
	}
	return *pointer
}
