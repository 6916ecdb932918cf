package podrun

import (
	"context"
	"log/slog"
	"net/netip"
	"sort"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/record"

	"shopset.dev/shopset/sandbox/internal/node/address"
	"shopset.dev/shopset/sandbox/internal/node/image"
	"shopset.dev/shopset/sandbox/internal/node/mount"
	"shopset.dev/shopset/sandbox/internal/node/process"
)

// SimulatedAnnotation marks pods with a container that is not run.
const SimulatedAnnotation = "sandbox.shopset.dev/simulated"

// abandonGrace is how long processes get to end when the agent ends.
const abandonGrace = 2 * time.Second

// Node is what pods need of the node that they run on.
type Node struct {
	Client   kubernetes.Interface
	Images   image.Store
	Plan     address.Plan
	Pool     *address.Pool
	Launcher *process.Launcher
	Recorder record.EventRecorder
	Source   mount.Source
	// Live is the pod as the API server last showed it, nil if it is gone.
	Live func(namespace, name string) *corev1.Pod
	// Dir holds a directory per pod, named by its UID.
	Dir string
	// Server and CAFile are where and how pods reach the API server.
	Server, CAFile string
	// Proxy is the host:port of the proxy that resolves Service names.
	Proxy       string
	Allocatable corev1.ResourceList
	Log         *slog.Logger
}

// Runtime is the set of pods that are run.
type Runtime struct {
	node *Node

	mu       sync.Mutex
	pods     map[types.UID]*pod
	onChange func(*corev1.Pod)
}

// New returns a runtime without pods.
func New(node Node) *Runtime {
	return &Runtime{node: &node, pods: map[types.UID]*pod{}, onChange: func(*corev1.Pod) {}}
}

// OnChange sets who is told of every change of a pod's status.
func (r *Runtime) OnChange(tell func(*corev1.Pod)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onChange = tell
}

func (r *Runtime) tell(object *corev1.Pod) {
	r.mu.Lock()
	tell := r.onChange
	r.mu.Unlock()
	tell(object)
}

// Reserve keeps the address that the API shows for a pod, before any other pod can
// be given it.
func (r *Runtime) Reserve(object *corev1.Pod) {
	over := object.Status.Phase == corev1.PodSucceeded || object.Status.Phase == corev1.PodFailed
	if shown, err := netip.ParseAddr(object.Status.PodIP); err == nil && !over {
		r.node.Pool.Claim(shown, string(object.UID))
	}
}

// Create starts a pod. One of the same name that ran before is ended: the API
// server would not have let this one exist otherwise.
func (r *Runtime) Create(object *corev1.Pod) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if existing, ok := r.pods[object.UID]; ok {
		existing.update(object)
		return nil
	}
	for _, other := range r.pods {
		if other.namespace == object.Namespace && other.name == object.Name {
			other.remove(other.grace())
		}
	}
	created, err := newPod(r, object)
	if err != nil {
		return err
	}
	r.pods[object.UID] = created
	go created.run()
	return nil
}

// Update tells a pod of a change of its object.
func (r *Runtime) Update(object *corev1.Pod) error {
	return r.Create(object)
}

// Delete ends a pod, and removes it from the API server when it has ended. Its
// processes get grace to do so.
func (r *Runtime) Delete(uid types.UID, grace time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.pods[uid]
	if ok {
		found.remove(grace)
	}
	return ok
}

// Get returns the pod of that name that is not being ended, and its status.
func (r *Runtime) Get(namespace, name string) (*corev1.Pod, bool) {
	found, ok := r.find(namespace, name)
	if !ok {
		return nil, false
	}
	return found.snapshot(), true
}

func (r *Runtime) find(namespace, name string) (*pod, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, candidate := range r.pods {
		if candidate.namespace == namespace && candidate.name == name && !candidate.removing() {
			return candidate, true
		}
	}
	return nil, false
}

// List returns all pods that are not being ended, by namespace and name.
func (r *Runtime) List() []*corev1.Pod {
	r.mu.Lock()
	var objects []*corev1.Pod
	for _, each := range r.pods {
		if !each.removing() {
			objects = append(objects, each.snapshot())
		}
	}
	r.mu.Unlock()
	sort.Slice(objects, func(i, j int) bool {
		a, b := objects[i], objects[j]
		return a.Namespace < b.Namespace || a.Namespace == b.Namespace && a.Name < b.Name
	})
	return objects
}

func (r *Runtime) forget(gone *pod) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.pods, gone.uid)
}

// Shutdown ends all processes and says nothing of it to the API server: the pods
// are to be started again by the next agent.
func (r *Runtime) Shutdown(ctx context.Context) {
	r.mu.Lock()
	all := make([]*pod, 0, len(r.pods))
	for _, each := range r.pods {
		all = append(all, each)
		each.abandon()
	}
	r.mu.Unlock()
	for _, each := range all {
		select {
		case <-each.over:
		case <-ctx.Done():
			return
		}
	}
}
