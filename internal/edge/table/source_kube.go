package table

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"shopset.dev/shopset/internal/plan/routes"
)

// gather is how long changes are collected before they are offered: those of one `kubectl apply`
// come in a burst.
const gather = 50 * time.Millisecond

// Kube watches ConfigMaps of a namespace: those with routes.TableLabel, and the one of the
// overrides by its name, for who makes that one in a hurry forgets labels.
type Kube struct {
	Client    kubernetes.Interface
	Namespace string

	mutex    sync.Mutex
	maps     map[string]map[string]string // ConfigMap → key → text
	override string
	listed   int // how many of the two lists have been read
	changed  chan struct{}
}

// Run gives what is there and what changes until the context ends. It starts, and starts again,
// whenever the API answers.
func (k *Kube) Run(ctx context.Context, offer func(Update), trouble func(error)) error {
	k.maps, k.changed = map[string]map[string]string{}, make(chan struct{}, 1)
	var both sync.WaitGroup
	defer both.Wait()
	both.Go(func() { k.reflect(ctx, &tables{k: k}, trouble) })
	both.Go(func() { k.reflect(ctx, &overrides{k: k}, trouble) })
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-k.changed:
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(gather):
		}
		if update, complete := k.update(); complete {
			offer(update)
		}
	}
}

// store receives what a reflector reads.
type store interface {
	cache.ReflectorStore
	selects(*metav1.ListOptions)
}

func (k *Kube) reflect(ctx context.Context, s store, trouble func(error)) {
	client := k.Client.CoreV1().ConfigMaps(k.Namespace)
	saying := func(err error) error {
		if ctx.Err() == nil {
			trouble(err)
		}
		return err
	}
	lists := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			s.selects(&options)
			list, err := client.List(ctx, options)
			return list, saying(err)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			s.selects(&options)
			w, err := client.Watch(ctx, options)
			return w, saying(err)
		},
	}
	quiet := logr.Discard() // trouble is told once by whoever runs us
	reflector := cache.NewReflectorWithOptions(lists, &corev1.ConfigMap{}, s, cache.ReflectorOptions{
		Name: "routing table", Logger: &quiet,
		// Steps is above what doubling to Cap takes; then it stays there.
		Backoff: &wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: 10, Cap: 2 * time.Second},
	})
	reflector.RunWithContext(klog.NewContext(ctx, quiet))
}

// update joins what the ConfigMaps hold, once both lists have been read. Where a key is in several,
// the ConfigMap that is named after it counts.
func (k *Kube) update() (Update, bool) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	u := Update{Source: "namespace " + k.Namespace, Files: map[string]string{}, Override: k.override}
	for _, name := range slices.Sorted(maps.Keys(k.maps)) {
		for key, text := range k.maps[name] {
			if _, taken := u.Files[key]; !taken || name == routes.ConfigMapName(key) {
				u.Files[key] = text
			}
		}
	}
	const both = 2
	return u, k.listed == both
}

func (k *Kube) touch() {
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// tables is the store of the tables' ConfigMaps.
type tables struct {
	k      *Kube
	listed bool
}

func (t *tables) selects(options *metav1.ListOptions) { options.LabelSelector = routes.TableLabel }

func (t *tables) Add(object any) error    { return t.put(object) }
func (t *tables) Update(object any) error { return t.put(object) }
func (t *tables) Resync() error           { return nil }

func (t *tables) put(object any) error {
	m, err := configMap(object)
	if err != nil {
		return err
	}
	t.k.mutex.Lock()
	t.set(m)
	t.k.mutex.Unlock()
	t.k.touch()
	return nil
}

// set keeps the strings that are there already where the text is the same: the table shares them.
func (t *tables) set(m *corev1.ConfigMap) {
	if m.Name == routes.OverrideConfigMap {
		return
	}
	data := map[string]string{}
	for key, text := range m.Data {
		if !ours(key) {
			continue
		}
		if old := t.k.maps[m.Name][key]; old == text {
			text = old
		}
		data[key] = text
	}
	t.k.maps[m.Name] = data
}

func (t *tables) Delete(object any) error {
	m, err := configMap(object)
	if err != nil {
		return err
	}
	t.k.mutex.Lock()
	delete(t.k.maps, m.Name)
	t.k.mutex.Unlock()
	t.k.touch()
	return nil
}

func (t *tables) Replace(objects []any, _ string) error {
	t.k.mutex.Lock()
	defer t.k.mutex.Unlock()
	var names []string
	for _, object := range objects {
		m, err := configMap(object)
		if err != nil {
			return err
		}
		t.set(m)
		names = append(names, m.Name)
	}
	slices.Sort(names)
	for name := range t.k.maps {
		if _, found := slices.BinarySearch(names, name); !found {
			delete(t.k.maps, name)
		}
	}
	if !t.listed {
		t.listed = true
		t.k.listed++
	}
	t.k.touch()
	return nil
}

// overrides is the store of the one ConfigMap of overrides.
type overrides struct {
	k      *Kube
	listed bool
}

func (o *overrides) selects(options *metav1.ListOptions) {
	options.FieldSelector = "metadata.name=" + routes.OverrideConfigMap
}

func (o *overrides) Add(object any) error    { return o.put(object) }
func (o *overrides) Update(object any) error { return o.put(object) }
func (o *overrides) Resync() error           { return nil }

func (o *overrides) put(object any) error {
	m, err := configMap(object)
	if err != nil {
		return err
	}
	o.set(m.Data[routes.OverrideFile])
	return nil
}

func (o *overrides) Delete(any) error {
	o.set("")
	return nil
}

func (o *overrides) Replace(objects []any, _ string) error {
	if !o.listed {
		o.listed = true
		o.k.mutex.Lock()
		o.k.listed++
		o.k.mutex.Unlock()
	}
	if len(objects) == 0 {
		o.set("")
		return nil
	}
	return o.put(objects[0])
}

func (o *overrides) set(text string) {
	o.k.mutex.Lock()
	o.k.override = text
	o.k.mutex.Unlock()
	o.k.touch()
}

func configMap(object any) (*corev1.ConfigMap, error) {
	m, ok := object.(*corev1.ConfigMap)
	if !ok {
		return nil, fmt.Errorf("reading the routing table: got a %T instead of a ConfigMap", object)
	}
	return m, nil
}
