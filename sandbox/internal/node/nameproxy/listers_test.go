package nameproxy

import (
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/cache"

	"shopset.dev/shopset/sandbox/internal/node/address"
	"shopset.dev/shopset/sandbox/internal/node/endpoints"
)

// world is the Services and endpoints of a test.
type world struct {
	services, slices cache.Indexer
}

func newWorld() world {
	indexers := cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}
	return world{
		services: cache.NewIndexer(cache.MetaNamespaceKeyFunc, indexers),
		slices:   cache.NewIndexer(cache.MetaNamespaceKeyFunc, indexers),
	}
}

func (w world) directory(t *testing.T) endpoints.Directory {
	t.Helper()
	plan, err := address.NewPlan("10.9.0.0/16")
	if err != nil {
		t.Fatal(err)
	}
	return endpoints.Directory{
		Services: corelisters.NewServiceLister(w.services), Slices: discoverylisters.NewEndpointSliceLister(w.slices),
		Plan: plan, APIServer: netip.MustParseAddrPort("127.9.255.254:6443"),
	}
}

// add adds a Service; clusterIP "None" is a headless one.
func (w world) add(t *testing.T, namespace, name, clusterIP string, port, targetPort int32, listed ...discoveryv1.Endpoint) {
	t.Helper()
	portName := "http"
	meta := metav1.ObjectMeta{Namespace: namespace, Name: name}
	service := &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{
		ClusterIP: clusterIP, Ports: []corev1.ServicePort{{Name: portName, Port: port, Protocol: corev1.ProtocolTCP}},
	}}
	meta.Labels = map[string]string{discoveryv1.LabelServiceName: name}
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: meta, AddressType: discoveryv1.AddressTypeIPv4, Endpoints: listed,
		Ports: []discoveryv1.EndpointPort{{Name: &portName, Port: &targetPort}},
	}
	if err := w.services.Add(service); err != nil {
		t.Fatal(err)
	}
	if err := w.slices.Add(slice); err != nil {
		t.Fatal(err)
	}
}

func endpoint(address, hostname string, ready, serving bool) discoveryv1.Endpoint {
	terminating := !ready && serving
	return discoveryv1.Endpoint{
		Addresses: []string{address}, Hostname: &hostname,
		Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &serving, Terminating: &terminating},
	}
}
