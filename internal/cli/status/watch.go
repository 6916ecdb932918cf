package status

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	crcache "sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"shopset.dev/shopset/api/v1alpha1"
	"shopset.dev/shopset/internal/cli/kube"
	"shopset.dev/shopset/internal/cli/output"
)

// follower keeps a copy of the objects that the API server's watch keeps up to date.
type follower struct {
	cluster *kube.Cluster
	objects crcache.Cache
	// changed is told, without blocking, that there is something new to show.
	changed chan struct{}

	mu   sync.Mutex
	lost error // why the copy may be stale; nil if it is not
	// denied is the server's refusal to let the user watch.
	denied error
}

// pulseInterval is how often a watch asks whether the server is still there.
const pulseInterval = 5 * time.Second

// follow shows changes until the user interrupts.
func (o *options) follow(ctx context.Context, cluster *kube.Cluster, format output.Format) error {
	// The libraries tell of every attempt to reconnect; we tell once.
	klog.SetLogger(logr.Discard())
	log.SetLogger(logr.Discard())
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	second, beat := o.clock.NewTicker(time.Second), o.clock.NewTicker(pulseInterval)
	defer second.Stop()
	defer beat.Stop()
	f := &follower{cluster: cluster, changed: make(chan struct{}, 1)}
	if err := f.start(ctx); err != nil {
		if interrupted(ctx, err) {
			return nil
		}
		return cluster.Explain(err)
	}
	var s sink = newJournal(o.streams, format, o.clock)
	if width, _, terminal := o.streams.Terminal(); terminal && width > 0 && format != output.JSON {
		s = &screen{streams: o.streams, format: format, clock: o.clock}
	}
	go f.pulse(ctx, beat.C())
	return f.loop(ctx, s, second.C())
}

// sink shows a view; lost says why it may be stale, or is nil.
type sink interface {
	show(v view, lost error) error
}

// start begins to watch and waits for the first copy.
func (f *follower) start(ctx context.Context) error {
	var err error
	f.objects, err = crcache.New(f.cluster.Config, crcache.Options{
		Scheme: f.cluster.Scheme, Mapper: f.cluster.Mapper,
		DefaultNamespaces:        map[string]crcache.Config{f.cluster.Namespace: {}},
		DefaultWatchErrorHandler: func(_ context.Context, _ *cache.Reflector, err error) { f.refused(err) },
	})
	if err != nil {
		return fmt.Errorf("preparing to watch: %w", err)
	}
	tell := cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { f.wake() }, UpdateFunc: func(any, any) { f.wake() }, DeleteFunc: func(any) { f.wake() },
	}
	for _, kind := range []client.Object{&v1alpha1.Fleet{}, &v1alpha1.Tier{}, &v1alpha1.ShopSet{}} {
		informer, err := f.objects.GetInformer(ctx, kind, crcache.BlockUntilSynced(false))
		if err != nil {
			return fmt.Errorf("preparing to watch: %w", err)
		}
		if _, err := informer.AddEventHandler(tell); err != nil {
			return fmt.Errorf("preparing to watch: %w", err)
		}
	}
	go func() { _ = f.objects.Start(ctx) }() // it ends without an error when the context does
	if !f.objects.WaitForCacheSync(ctx) {
		return ctx.Err()
	}
	return nil
}

// refused keeps that the server does not let the user watch. All other trouble passes.
func (f *follower) refused(err error) {
	if !apierrors.IsForbidden(err) && !apierrors.IsUnauthorized(err) {
		return
	}
	f.mu.Lock()
	f.denied = f.cluster.Explain(err)
	f.mu.Unlock()
	f.wake()
}

// pulse finds out whether the server is still there: a watch is silent about it.
func (f *follower) pulse(ctx context.Context, every <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-every:
		}
		err := f.cluster.List(ctx, &v1alpha1.FleetList{}, client.Limit(1))
		if ctx.Err() != nil {
			return
		}
		f.mu.Lock()
		turned := (f.lost == nil) != (err == nil)
		f.lost = err
		f.mu.Unlock()
		if turned {
			f.wake()
		}
	}
}

func (f *follower) wake() {
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

func (f *follower) loop(ctx context.Context, s sink, tick <-chan time.Time) error {
	list := func(l client.ObjectList) error {
		return f.objects.List(ctx, l, client.InNamespace(f.cluster.Namespace))
	}
	for {
		f.mu.Lock()
		lost, err := f.lost, f.denied
		f.mu.Unlock()
		if err == nil {
			var v view
			if v, _, err = gather(list, f.cluster.Namespace); err == nil {
				err = s.show(v, lost)
			}
		}
		if interrupted(ctx, err) {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-f.changed:
		case <-tick:
		}
	}
}
