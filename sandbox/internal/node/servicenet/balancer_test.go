package servicenet

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"

	"shopset.dev/shopset/sandbox/internal/node/address"
	"shopset.dev/shopset/sandbox/internal/node/endpoints"
)

func balanced(name, shown string) *corev1.Service {
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeLoadBalancer, ClusterIP: "127.0.0.1",
			Ports: []corev1.ServicePort{{Port: 8443, Protocol: corev1.ProtocolTCP}},
		},
	}
	if shown != "" {
		service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: shown}}
	}
	return service
}

func TestBalancersKeepTheirAddresses(t *testing.T) {
	client := fake.NewClientset(balanced("a", ""), balanced("b", "127.200.0.1"), balanced("c", "192.0.2.1"))
	factory := informers.NewSharedInformerFactory(client, 0)
	manager := &Manager{
		Client: client, Balancers: address.NewPool(netip.MustParsePrefix("127.200.0.0/24")), Gate: NewGate(),
		Log: slog.New(slog.DiscardHandler),
		Directory: endpoints.Directory{
			Services: factory.Core().V1().Services().Lister(), Slices: factory.Discovery().V1().EndpointSlices().Lister(),
		},
	}
	manager.Init()
	factory.Start(t.Context().Done())
	factory.WaitForCacheSync(t.Context().Done())
	if err := manager.sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	shown := func(name string) corev1.LoadBalancerIngress {
		service, err := client.CoreV1().Services("shop").Get(t.Context(), name, metav1.GetOptions{})
		if err != nil || len(service.Status.LoadBalancer.Ingress) != 1 {
			t.Fatalf("service %s shows %+v, %v", name, service.Status, err)
		}
		return service.Status.LoadBalancer.Ingress[0]
	}
	for name, want := range map[string]string{
		"b": "127.200.0.1", // it had that already
		"a": "127.200.0.2",
		"c": "127.200.0.3", // what it showed is not ours to give
	} {
		if got := shown(name); got.IP != want || len(got.Ports) != 1 || got.Ports[0].Port != 8443 {
			t.Errorf("service %s shows %+v, want %s", name, got, want)
		}
	}
	if err := client.CoreV1().Services("shop").Delete(t.Context(), "b", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		if err := manager.sync(t.Context()); err != nil {
			return err
		}
		if !manager.Balancers.Claim(netip.MustParseAddr("127.200.0.1"), "somebody else") {
			return errors.New("the address of a deleted service is still held")
		}
		return nil
	})
}

func eventually(t *testing.T, check func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
