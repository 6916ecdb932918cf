package workload

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"shopset.dev/shopset/internal/edgestatus"
)

// watches are what is watched of one cluster, over one set of connections.
type watches struct {
	services, statuses cache.Store
	synced             []cache.InformerSynced
}

// startWatches begins to watch what the target names. changed is called after each change, and failed with
// why a list or a watch did not work.
func startWatches(ctx context.Context, set kubernetes.Interface, t Target, changed func(*watches), failed func(error)) *watches {
	w := &watches{}
	tell := func(any) { changed(w) }
	handler := cache.ResourceEventHandlerFuncs{AddFunc: tell, UpdateFunc: func(_, now any) { tell(now) }, DeleteFunc: tell}
	services := set.CoreV1().Services(metav1.NamespaceAll)
	named := fields.OneTermEqualSelector("metadata.name", t.EntryService).String()
	w.services = w.start(ctx, &corev1.Service{}, handler, reporting{failed: failed,
		list: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = named
			return services.List(ctx, o)
		},
		watch: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = named
			return services.Watch(ctx, o)
		}}, bareService)
	if t.EdgeNamespace != "" {
		maps := set.CoreV1().ConfigMaps(t.EdgeNamespace)
		marked := labels.Set{edgestatus.LabelKey: "true"}.String()
		w.statuses = w.start(ctx, &corev1.ConfigMap{}, handler, reporting{failed: failed,
			list: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
				o.LabelSelector = marked
				return maps.List(ctx, o)
			},
			watch: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
				o.LabelSelector = marked
				return maps.Watch(ctx, o)
			}}, bareStatus)
	}
	go func() { // a list without any object changes what is known, too
		if cache.WaitForCacheSync(ctx.Done(), w.synced...) {
			changed(w)
		}
	}()
	return w
}

func (w *watches) start(ctx context.Context, kind runtime.Object, h cache.ResourceEventHandler, lw reporting, bare func(any) (any, error)) cache.Store {
	quiet := logr.Discard() // what fails is told in words elsewhere, once and not every second
	ctx = klog.NewContext(ctx, quiet)
	store, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		Logger: &quiet, ListerWatcher: lw.listWatch(), ObjectType: kind, Handler: h, Transform: bare,
	})
	w.synced = append(w.synced, informer.HasSynced)
	go informer.RunWithContext(ctx)
	return store
}

func (w *watches) isSynced() bool {
	for _, synced := range w.synced {
		if !synced() {
			return false
		}
	}
	return true
}

// reporting tells of every list and watch that fails.
type reporting struct {
	failed func(error)
	list   func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch  func(context.Context, metav1.ListOptions) (watch.Interface, error)
}

func (r reporting) listWatch() *cache.ListWatch {
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			list, err := r.list(ctx, o)
			if err != nil && ctx.Err() == nil {
				r.failed(err)
			}
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			w, err := r.watch(ctx, o)
			if err != nil && ctx.Err() == nil {
				r.failed(err)
			}
			return w, err
		},
	}
}

// bareService and bareStatus drop what is not looked at.
func bareService(o any) (any, error) {
	if s, ok := o.(*corev1.Service); ok {
		return &corev1.Service{
			ObjectMeta: bareMeta(s), Spec: corev1.ServiceSpec{Type: s.Spec.Type, Ports: s.Spec.Ports}, Status: s.Status,
		}, nil
	}
	return o, nil
}

func bareStatus(o any) (any, error) {
	if c, ok := o.(*corev1.ConfigMap); ok {
		return &corev1.ConfigMap{ObjectMeta: bareMeta(c), Data: map[string]string{edgestatus.DataKey: c.Data[edgestatus.DataKey]}}, nil
	}
	return o, nil
}

func bareMeta(o metav1.Object) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: o.GetNamespace(), Name: o.GetName(), UID: o.GetUID(), ResourceVersion: o.GetResourceVersion()}
}

// addresses reads the entry Services, by namespace.
func (w *watches) addresses() map[string][]string {
	out := map[string][]string{}
	for _, o := range w.services.List() {
		if s, ok := o.(*corev1.Service); ok {
			out[s.Namespace] = addresses(s)
		}
	}
	return out
}

// addresses of a Service of type LoadBalancer: its port named http, or else its first.
func addresses(s *corev1.Service) []string {
	out := []string{}
	if s.Spec.Type != corev1.ServiceTypeLoadBalancer || len(s.Spec.Ports) == 0 {
		return out
	}
	port := s.Spec.Ports[0].Port
	if i := slices.IndexFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == "http" }); i >= 0 {
		port = s.Spec.Ports[i].Port
	}
	for _, in := range s.Status.LoadBalancer.Ingress {
		host := in.IP
		if host == "" {
			host = in.Hostname
		}
		if host != "" {
			out = append(out, net.JoinHostPort(host, strconv.Itoa(int(port))))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// status is one edge's ConfigMap as it was received.
type status struct {
	Edge
	version string
}

// edges reads the statuses; those that were known in the same version keep the time at which they
// were received. Of one that is first seen nobody knows how long it has been lying there: it is as
// old as it says, if that is not in the future.
func (w *watches) edges(known map[string]status, now time.Time) (map[string]status, error) {
	out := map[string]status{}
	if w.statuses == nil {
		return out, nil
	}
	var first error
	for _, o := range w.statuses.List() {
		c, ok := o.(*corev1.ConfigMap)
		if !ok {
			continue
		}
		before, was := known[c.Name]
		if was && before.version == c.ResourceVersion {
			out[c.Name] = before
			continue
		}
		s, err := parseStatus(c)
		if err != nil {
			first = err
			if was {
				out[c.Name] = before // and grows old
			}
			continue
		}
		received := now
		if !was && s.Time.Before(now) {
			received = s.Time
		}
		out[c.Name] = status{Edge{ConfigMap: c.Name, Received: received, Status: s}, c.ResourceVersion}
	}
	return out, first
}

func parseStatus(c *corev1.ConfigMap) (edgestatus.Status, error) {
	var s edgestatus.Status
	text := c.Data[edgestatus.DataKey]
	if len(text) > edgestatus.MaxBytes {
		return s, fmt.Errorf("edge status ConfigMap %s: %s has %d bytes and may have %d", c.Name, edgestatus.DataKey, len(text), edgestatus.MaxBytes)
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("edge status ConfigMap %s: reading %s: %w", c.Name, edgestatus.DataKey, err)
	}
	return s, nil
}
