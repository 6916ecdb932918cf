package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	vklog "github.com/virtual-kubelet/virtual-kubelet/log"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/record"

	"shopset.dev/shopset/sandbox/internal/node/address"
	"shopset.dev/shopset/sandbox/internal/node/claims"
	"shopset.dev/shopset/sandbox/internal/node/egress"
	"shopset.dev/shopset/sandbox/internal/node/endpoints"
	"shopset.dev/shopset/sandbox/internal/node/image"
	"shopset.dev/shopset/sandbox/internal/node/podrun"
	"shopset.dev/shopset/sandbox/internal/node/process"
	"shopset.dev/shopset/sandbox/internal/node/servicenet"
)

// shutdownTime is how long the processes of all pods get when the agent ends.
const shutdownTime = 10 * time.Second

// agent is the parts of a running node agent.
type agent struct {
	settings
	clients
	watch     *watches
	claims    *claims.Keeper
	directory endpoints.Directory
	services  *servicenet.Manager
	pods      *podrun.Runtime
	recorder  record.EventRecorder
	recording recorderStop
	kubelet   *egress.Handoff
}

// Run is the node agent. It serves the cluster until ctx is done, and then ends
// the processes of its pods without telling the API server: the next agent starts
// them again. SIGUSR1 cuts the cluster off, SIGUSR2 ends that.
func Run(ctx context.Context, cfg Config) error {
	settings, err := cfg.parse()
	if err != nil {
		return err
	}
	ctx = vklog.WithLogger(ctx, libraryLog{log: settings.Logger.With("part", "pods")})
	for _, dir := range []string{settings.podsDir(), settings.volumesDir()} {
		// There are Secrets and tokens below, in files of any mode.
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making the node's directories: %w", err)
		}
	}
	connected, err := connect(settings.Kubeconfig)
	if err != nil {
		return err
	}
	// The launcher outlives ctx: its thread is what keeps the processes alive.
	launching, stopLaunching := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLaunching()
	a, err := assemble(settings, connected, process.NewLauncher(launching))
	if err != nil {
		return err
	}
	defer a.recording.stop()
	return a.run(ctx)
}

func (l settings) podsDir() string    { return filepath.Join(l.Dir, "pods") }
func (l settings) volumesDir() string { return filepath.Join(l.Dir, "volumes") }

func assemble(l settings, connected clients, launcher *process.Launcher) (*agent, error) {
	client := connected.client
	a := &agent{settings: l, clients: connected, watch: newWatches(client, l.nodeName)}
	a.claims = &claims.Keeper{
		Client: client, Claims: a.watch.claims.Lister(), Volumes: a.watch.volumes.Lister(),
		Dir: l.volumesDir(), Log: l.Logger,
	}
	a.claims.Init()
	a.directory = endpoints.Directory{
		Services: a.watch.services.Lister(), Slices: a.watch.slices.Lister(), Pods: a.watch.pods.Lister(),
		Plan: l.plan, APIServer: l.apiServer,
	}
	a.services = &servicenet.Manager{
		Client: client, Directory: a.directory, Balancers: address.NewPool(l.balancers),
		Gate: servicenet.NewGate(), Log: l.Logger,
	}
	a.services.Init()
	a.recorder, a.recording = newRecorder(connected.events, l.nodeName)
	a.kubelet = egress.NewHandoff()
	a.pods = podrun.New(podrun.Node{
		Client: client, Images: image.Store{Dir: l.ImagesDir}, Plan: l.plan,
		Pool: address.NewPool(l.plan.Pods(), l.plan.Node()), Launcher: launcher, Recorder: a.recorder,
		Source: &objects{
			client: client, configMaps: a.watch.configMaps.Lister(), secrets: a.watch.secrets.Lister(),
			services: a.watch.services.Lister(), claims: a.claims,
		},
		Live: a.live, Dir: l.podsDir(), Server: l.PublicServer, CAFile: l.CAFile,
		Proxy: l.proxy(), Allocatable: capacity(), Log: l.Logger,
	})
	return a, a.watch.onChange(a.services.Changed, a.claims.Changed)
}

func (a *agent) live(namespace, name string) *corev1.Pod {
	found, err := a.watch.pods.Lister().Pods(namespace).Get(name)
	if err != nil {
		return nil
	}
	return found
}

// run starts the parts and waits for the first to fail, or for ctx.
func (a *agent) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var parts sync.WaitGroup
	start := func(name string, part func(context.Context) error) {
		parts.Go(func() {
			if err := part(ctx); err != nil {
				cancel(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	if err := a.watch.start(ctx); err != nil {
		return err
	}
	if err := a.recall(); err != nil {
		return err
	}
	start("serving names", a.serveNames)
	start("serving services", func(ctx context.Context) error { a.services.Run(ctx); return nil })
	start("keeping volumes", func(ctx context.Context) error { a.claims.Run(ctx); return nil })
	start("heeding signals", a.heedSignals)
	if a.EgressSocket != "" {
		start("serving the API server", a.serveEgress)
		start("serving the kubelet API", a.serveKubelet)
	}
	start("running pods", a.runPods)
	start("registering the node", a.runNode)
	<-ctx.Done()
	a.Logger.Info("the node agent is ending", "node", a.nodeName)
	ending, stop := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer stop()
	a.pods.Shutdown(ending)
	parts.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// recall prepares for the pods that the API server shows on this node: their
// addresses are theirs, and directories of pods that are gone are removed.
func (a *agent) recall() error {
	listed, err := a.watch.pods.Lister().List(labels.Everything())
	if err != nil {
		return fmt.Errorf("listing the node's pods: %w", err)
	}
	known := map[string]bool{}
	for _, pod := range listed {
		known[string(pod.UID)] = true
		a.pods.Reserve(pod)
	}
	entries, err := os.ReadDir(a.podsDir())
	if err != nil {
		return fmt.Errorf("listing the directories of pods: %w", err)
	}
	for _, entry := range entries {
		if !known[entry.Name()] {
			if err := os.RemoveAll(filepath.Join(a.podsDir(), entry.Name())); err != nil {
				return fmt.Errorf("removing the directory of a pod that is gone: %w", err)
			}
		}
	}
	return nil
}
