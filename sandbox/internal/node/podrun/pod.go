package podrun

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"shopset.dev/shopset/sandbox/internal/node/mount"
	"shopset.dev/shopset/sandbox/internal/node/podenv"
)

// volumeRefresh is how often the volumes of a pod are brought up to date.
const volumeRefresh = 2 * time.Second

// pod is the worker of one pod.
type pod struct {
	*Node
	runtime         *Runtime
	uid             types.UID
	namespace, name string
	dir             string
	ip              netip.Addr // as the API shows it
	volumes         *mount.Volumes

	ctx      context.Context // done: nothing is started any more
	cancel   context.CancelFunc
	changes  chan struct{}
	over     chan struct{} // closed: the worker has ended
	stopping sync.Once

	// mu guards what follows and the mutable state of the containers.
	mu          sync.Mutex
	object      *corev1.Pod
	inits, apps []*container
	conditions  []corev1.PodCondition
	initialized bool
	final       bool
	isRemoving  bool
	isAbandoned bool
	isSimulated bool
}

func newPod(runtime *Runtime, object *corev1.Pod) (*pod, error) {
	node := runtime.node
	ctx, cancel := context.WithCancel(context.Background())
	p := &pod{
		Node: node, runtime: runtime, uid: object.UID, namespace: object.Namespace, name: object.Name,
		dir: filepath.Join(node.Dir, string(object.UID)), ctx: ctx, cancel: cancel,
		changes: make(chan struct{}, 1), over: make(chan struct{}),
		object: object.DeepCopy(), conditions: object.Status.DeepCopy().Conditions,
	}
	ip, err := p.acquireAddress(object)
	if err != nil {
		cancel()
		return nil, err
	}
	p.ip = ip
	p.volumes = mount.NewVolumes(p.dir, node.Source, p.facts())
	for i := range object.Spec.InitContainers {
		p.inits = append(p.inits, newContainer(p, &object.Spec.InitContainers[i], initKind(&object.Spec.InitContainers[i])))
	}
	for i := range object.Spec.Containers {
		p.apps = append(p.apps, newContainer(p, &object.Spec.Containers[i], appContainer))
	}
	p.restore(object)
	return p, nil
}

// acquireAddress keeps the address that the API shows already, after a restart.
func (p *pod) acquireAddress(object *corev1.Pod) (netip.Addr, error) {
	if shown, err := netip.ParseAddr(object.Status.PodIP); err == nil && p.Pool.Claim(shown, string(p.uid)) {
		return shown, nil
	}
	return p.Pool.Acquire(string(p.uid))
}

// local is the address that the processes of the pod listen on.
func (p *pod) local() string { return p.Plan.Local(p.ip).String() }

func (p *pod) facts() podenv.Facts {
	return podenv.Facts{
		PodIP: p.local(), HostIP: p.Plan.Local(p.Plan.Node()).String(), Allocatable: p.Allocatable,
	}
}

// run is the life of the worker.
func (p *pod) run() {
	defer close(p.over)
	lived, published := make(chan struct{}), make(chan struct{})
	go p.publishChanges(lived, published)
	p.live()
	p.mu.Lock()
	p.final = true
	p.mu.Unlock()
	p.changed()
	<-p.ctx.Done() // it is to be removed, or the agent ends
	close(lived)
	<-published
	if p.removing() && !p.mustKeep() {
		p.erase()
	}
}

// live runs the containers until none is to be started again.
func (p *pod) live() {
	p.changed()
	p.mu.Lock()
	finished := allFinished(p.apps)
	p.mu.Unlock()
	if finished || !p.prepare() {
		return
	}
	refreshed := make(chan struct{})
	refreshing, stopRefreshing := context.WithCancel(context.Background())
	go p.refreshVolumes(refreshing, refreshed)
	defer func() { stopRefreshing(); <-refreshed }()

	var sidecars sync.WaitGroup
	if p.runInits(&sidecars) {
		p.mu.Lock()
		p.initialized = true
		p.mu.Unlock()
		p.changed()
		p.runApps()
	}
	p.shutSidecars(p.grace())
	sidecars.Wait()
}

// prepare makes the pod's directory and volumes, and waits for what they need.
func (p *pod) prepare() bool {
	for warned := ""; ; {
		err := p.prepareOnce()
		if err == nil {
			return true
		}
		if p.ctx.Err() != nil {
			return false
		}
		if err.Error() != warned {
			warned = err.Error()
			p.event(corev1.EventTypeWarning, "FailedMount", warned)
		}
		if !sleep(p.ctx, time.Second) {
			return false
		}
	}
}

func (p *pod) prepareOnce() error {
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return fmt.Errorf("making the pod's directory: %w", err)
	}
	if err := p.volumes.Sync(p.ctx, p.spec()); err != nil {
		return err
	}
	return p.writeKubeconfig()
}

func (p *pod) refreshVolumes(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	for sleep(ctx, volumeRefresh) {
		if !p.hasProcess() {
			continue // nobody looks
		}
		if err := p.volumes.Sync(ctx, p.spec()); err != nil && ctx.Err() == nil {
			p.Log.Warn("refreshing volumes", "pod", p.namespace+"/"+p.name, "error", err)
		}
	}
}

// spec is the object of the pod as last seen. It is not to be written to.
func (p *pod) spec() *corev1.Pod {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.object
}

func (p *pod) event(kind, reason, message string) {
	p.Recorder.Event(p.spec(), kind, reason, message)
}

// sleep waits for d; false if ctx is done before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
