package manager

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	ctrlmanager "sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/admission"
	"shopset.dev/shopset/internal/argocd"
	"shopset.dev/shopset/internal/controller/fleet"
	"shopset.dev/shopset/internal/controller/placement"
	shopsetmetrics "shopset.dev/shopset/internal/metrics"
	"shopset.dev/shopset/internal/platformdir"
	"shopset.dev/shopset/internal/pushevent"
	"shopset.dev/shopset/internal/workload"
)

// Scheme knows every kind that the controller reads or writes.
func Scheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme, argocd.AddToScheme} {
		if err := add(s); err != nil {
			return nil, fmt.Errorf("building the scheme: %w", err)
		}
	}
	return s, nil
}

// Run runs the controller until the context ends, and then lets go of the lease so that another
// replica can begin at once.
func Run(ctx context.Context, cfg *rest.Config, o Options) error {
	mgr, err := newManager(cfg, o)
	if err != nil {
		return err
	}
	m := shopsetmetrics.New(metrics.Registry)
	additions, err := platformdir.Read(o.PlatformDir)
	if err != nil {
		return err
	}
	r := fleet.New(fleet.Config{
		Client: mgr.GetClient(), Secrets: mgr.GetAPIReader(), Events: mgr.GetEventRecorder("shopset-controller"),
		Clock: clock.RealClock{}, Metrics: m, Dir: o.Dir, ArgoNamespaces: o.ArgoNamespaces, Additions: additions, GitTimeout: o.GitTimeout,
	})
	if err := r.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("setting up the fleet controller: %w", err)
	}
	if err := addPlacement(mgr, o, m); err != nil {
		return err
	}
	if o.Admission {
		err := admission.Setup(mgr, admission.Options{Namespace: o.Namespace, Host: o.BindAddress, Port: o.AdmissionPort})
		if err != nil {
			return fmt.Errorf("setting up admission: %w", err)
		}
	}
	if o.PushEventPort != 0 {
		h := &pushevent.Handler{Client: mgr.GetClient(), Secrets: mgr.GetAPIReader(), Clock: clock.RealClock{}, Metrics: m}
		if err := mgr.Add(everyReplica{serve(net.JoinHostPort(o.BindAddress, strconv.Itoa(o.PushEventPort)), h)}); err != nil {
			return fmt.Errorf("adding the push-event receiver: %w", err)
		}
	}
	return mgr.Start(ctx)
}

// addPlacement adds the placement controller with its observers, which look at clusters only while
// this replica is the leader.
func addPlacement(mgr ctrl.Manager, o Options, m *shopsetmetrics.Metrics) error {
	wake := &placement.Waker{}
	observers := workload.New(workload.Config{Secrets: mgr.GetAPIReader(), Clock: clock.RealClock{}, Changed: wake.Wake})
	if err := mgr.Add(ctrlmanager.RunnableFunc(observers.Start)); err != nil {
		return fmt.Errorf("adding the observers of workload clusters: %w", err)
	}
	r := placement.New(placement.Config{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Events: mgr.GetEventRecorder("shopset-placement"),
		Clock: clock.RealClock{}, Metrics: m, Observers: observers, Dir: o.Dir, GitTimeout: o.GitTimeout,
	})
	if err := r.SetupWithManager(mgr, wake); err != nil {
		return fmt.Errorf("setting up the placement controller: %w", err)
	}
	return nil
}

func newManager(cfg *rest.Config, o Options) (ctrl.Manager, error) {
	s, err := Scheme()
	if err != nil {
		return nil, err
	}
	argo := map[string]cache.Config{}
	for _, ns := range o.ArgoNamespaces {
		argo[ns] = cache.Config{}
	}
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: s,
		Cache: cache.Options{
			DefaultTransform: cache.TransformStripManagedFields(),
			ByObject:         map[client.Object]cache.ByObject{&argocd.Application{}: {Namespaces: argo}},
		},
		Metrics:                       server.Options{BindAddress: listen(o.BindAddress, o.MetricsPort)},
		HealthProbeBindAddress:        listen(o.BindAddress, o.ProbePort),
		LeaderElection:                o.LeaderElect,
		LeaderElectionID:              "shopset-controller",
		LeaderElectionNamespace:       o.Namespace,
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return nil, fmt.Errorf("making the manager: %w", err)
	}
	if err := errors.Join(mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("cache", func(req *http.Request) error {
		if !mgr.GetCache().WaitForCacheSync(req.Context()) {
			return errors.New("the cache is not in sync yet")
		}
		return nil
	})); err != nil {
		return nil, fmt.Errorf("adding the probes: %w", err)
	}
	return mgr, nil
}

func listen(host string, port int) string {
	if port == 0 {
		return "0"
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// everyReplica runs something on replicas that are not leaders too.
type everyReplica struct{ ctrlmanager.RunnableFunc }

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (everyReplica) NeedLeaderElection() bool { return false }

// serve gives an HTTP server with bounded patience that stops gracefully.
func serve(address string, h http.Handler) ctrlmanager.RunnableFunc {
	return func(ctx context.Context) error {
		const patience = 10 * time.Second
		srv := &http.Server{
			Addr: address, Handler: h,
			ReadHeaderTimeout: patience, ReadTimeout: 3 * patience, WriteTimeout: 3 * patience, IdleTimeout: 6 * patience,
			MaxHeaderBytes: 64 << 10,
		}
		failed := make(chan error, 1)
		go func() { failed <- srv.ListenAndServe() }()
		select {
		case err := <-failed:
			return fmt.Errorf("receiving push events on %s: %w", address, err)
		case <-ctx.Done():
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
			defer cancel()
			return srv.Shutdown(stop)
		}
	}
}
