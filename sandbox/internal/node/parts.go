package node

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	vknode "github.com/virtual-kubelet/virtual-kubelet/node"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"shopset.dev/shopset/sandbox/internal/node/address"
	"shopset.dev/shopset/sandbox/internal/node/egress"
	"shopset.dev/shopset/sandbox/internal/node/nameproxy"
)

const (
	// podWorkers is how many pods the library looks at at a time; none takes long.
	podWorkers = 8
	// nodeStatusInterval is the kubelet's; the lease is renewed in between.
	nodeStatusInterval = 5 * time.Minute
)

func (a *agent) serveNames(ctx context.Context) error {
	server := &http.Server{
		Addr:              a.proxy(),
		Handler:           nameproxy.New(nameproxy.Resolver{Directory: a.directory}, a.dial, a.Logger),
		ReadHeaderTimeout: time.Minute,
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.ListenAndServe(); ctx.Err() == nil {
		return err
	}
	return nil
}

// dial connects a pod to an address. What is not the cluster's own is reached through the gate.
func (a *agent) dial(ctx context.Context, network, at string) (net.Conn, error) {
	if a.isInside(at) {
		return (&net.Dialer{}).DialContext(ctx, network, at)
	}
	return a.services.Gate.Dial(ctx, network, at)
}

// isInside tells whether "host:port" is of this cluster: a pod, its API server, or a Service.
func (l settings) isInside(hostPort string) bool {
	at, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return false // a name that is not the cluster's
	}
	addr := at.Addr()
	return l.plan.LocalPods().Contains(addr) || l.services.Contains(addr) || l.balancers.Contains(addr)
}

func (a *agent) serveEgress(ctx context.Context) error {
	port := strconv.Itoa(address.KubeletPort)
	server := egress.Server{Plan: a.plan, Kubelet: a.kubelet, KubeletAddresses: []string{
		net.JoinHostPort(a.nodeName, port), // what API servers prefer
		net.JoinHostPort(a.plan.Node().String(), port),
	}}
	return server.Run(ctx, a.EgressSocket)
}

// heedSignals cuts the cluster off, inwards and outwards, and ends that.
func (a *agent) heedSignals(ctx context.Context) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
	defer signal.Stop(signals)
	for {
		select {
		case <-ctx.Done():
			return nil
		case got := <-signals:
			if got == syscall.SIGUSR1 {
				a.Logger.Info("the cluster is cut off now")
				a.services.Gate.Shut()
			} else {
				a.Logger.Info("the cluster is connected again")
				a.services.Gate.Open()
			}
			a.services.Changed()
		}
	}
}

func (a *agent) runPods(ctx context.Context) error {
	controller, err := vknode.NewPodController(vknode.PodControllerConfig{
		PodClient: statusWriter{a.client.CoreV1()}, PodInformer: a.watch.pods, EventRecorder: a.recorder,
		Provider:          &provider{runtime: a.pods, pods: a.watch.pods.Lister()},
		ConfigMapInformer: a.watch.configMaps, SecretInformer: a.watch.secrets, ServiceInformer: a.watch.services,
		// The library's own resolution knows neither pod addresses nor resources.
		SkipDownwardAPIResolution: true,
	})
	if err != nil {
		return err
	}
	return controller.Run(ctx, podWorkers)
}

func (a *agent) runNode(ctx context.Context) error {
	node := a.object()
	nodes := a.heartbeat.CoreV1().Nodes()
	recreate := func(ctx context.Context, err error) error {
		if !apierrors.IsNotFound(err) {
			return err
		}
		_, err = nodes.Create(ctx, a.object(), metav1.CreateOptions{})
		return err
	}
	controller, err := vknode.NewNodeController(vknode.NewNaiveNodeProvider(), node, nodes,
		vknode.WithNodeEnableLeaseV1(a.heartbeat.CoordinationV1().Leases(corev1.NamespaceNodeLease), vknode.DefaultLeaseDuration),
		vknode.WithNodeStatusUpdateInterval(nodeStatusInterval),
		vknode.WithNodeStatusUpdateErrorHandler(recreate),
	)
	if err != nil {
		return err
	}
	if err := controller.Run(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("keeping node %s: %w", a.nodeName, err)
	}
	return nil
}
